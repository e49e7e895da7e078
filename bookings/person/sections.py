"""What bookings add to a person's page: their bookings as cards, and their free lessons."""

from dataclasses import dataclass
from typing import Any

from bookings.labels import Labels
from bookings.models import Booking, FreeLessonRegistration
from hsl_dashboard.web.pages import StaffRequest
from users.models import TelegramUser, User
from users.person.context import person_address
from users.privacy import VIEW_EMAIL, masked_email

CARDS = 50  # bookings: nobody honest has more
LESSONS = 50

VIEW_PEOPLE = "users.view_telegramuser"
VIEW_BOOKINGS = "bookings.view_booking"
CHANGE_BOOKING = "bookings.change_booking"
ADD_BOOKING = "bookings.add_booking"
VIEW_LESSONS = "bookings.view_freelessonregistration"


@dataclass(frozen=True)
class Card:
    """A booking as a person's page shows it."""

    booking: Booking
    course: str
    stream: str
    may_change: bool


@dataclass(frozen=True)
class Lesson:
    """A registration for a free lesson; its e-mail as this member of staff may read it."""

    registration: FreeLessonRegistration
    email: str


def card_of(booking: Booking, labels: Labels, *, by: User) -> Card:
    return Card(
        booking=booking,
        course=labels.course(booking.course_id),
        stream=labels.stream(booking.course_id, booking.course_stream),
        may_change=by.has_perm(CHANGE_BOOKING),
    )


def card_address(booking: Booking) -> str:
    """Where the card of a booking stands: on its person's page."""
    return f"{person_address(booking.telegram_user_id)}#booking-{booking.pk}"


def person_bookings(request: StaffRequest, person: TelegramUser) -> dict[str, Any] | None:
    """Gather a person's bookings, newest first; None without the permission (three queries)."""
    if not request.user.has_perm(VIEW_BOOKINGS):
        return None
    labels = Labels.read()
    bookings = list(Booking.objects.filter(telegram_user=person).newest_first()[: CARDS + 1])
    return {
        "cards": [card_of(booking, labels, by=request.user) for booking in bookings[:CARDS]],
        "more": len(bookings) > CARDS,
        "may_add": request.user.has_perm(ADD_BOOKING),
        "may_move": any(booking.is_active for booking in bookings) and request.user.has_perm(CHANGE_BOOKING),
    }


def person_lessons(request: StaffRequest, person: TelegramUser) -> dict[str, Any] | None:
    """Gather a person's free lessons, e-mails masked; None without the permission (one query)."""
    if not request.user.has_perm(VIEW_LESSONS):
        return None
    return {"lessons": lessons_of(person), "may_unmask": request.user.has_perm(VIEW_EMAIL)}


def lessons_of(person: TelegramUser, *, unmasked: bool = False) -> list[Lesson]:
    """List the registrations of a person, newest first."""
    registrations = FreeLessonRegistration.objects.filter(telegram_user=person).order_by("-registered_at", "-id")
    return [
        Lesson(registration, registration.email if unmasked else masked_email(registration.email))
        for registration in registrations[:LESSONS]
    ]
