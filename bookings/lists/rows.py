"""Rows of bookings as the pages show them: names instead of codes, and what this member of staff may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min
from django.urls import reverse

from bookings.labels import Labels
from bookings.models import Booking
from bookings.services.statuses import Move, moves_for
from bookings.statistics import views_of_programme
from users.models import LivePersonTotals, TelegramUser, User
from users.person.context import person_address

CHANGE_PERMISSION = "bookings.change_booking"


@dataclass(frozen=True)
class Activity:
    """How many events a person has, and when they last did anything: an event, a booking, a lesson."""

    events: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class Row:
    """A booking in a table."""

    booking: Booking
    course: str
    stream: str
    moves: tuple[Move, ...]
    person_address: str
    stream_address: str  # "" without a stream
    activity: Activity = Activity()
    may_change: bool = False

    @property
    def address(self) -> str:
        return booking_address(self.booking.pk)

    @property
    def status_address(self) -> str:
        """The address of the status form, with the status that the reader saw, so that a conflict is noticed."""
        seen = "" if self.booking.confirmed is None else self.booking.confirmed
        return f"{self.address}status/?expected={seen}"


def booking_address(number: int) -> str:
    """Give the address of a booking's page; written out, as that of a person is."""
    return f"/bookings/{number}/"


def rows_of(bookings: Iterable[Booking], *, labels: Labels, by: User, with_activity: bool = False) -> list[Row]:
    """Prepare bookings for a table; with ``with_activity`` one more query for all of them."""
    bookings = list(bookings)
    people = [booking.telegram_user for booking in bookings]
    activity = activity_of(people) if with_activity else {}
    may_change = by.has_perm(CHANGE_PERMISSION)
    moves = {
        status: moves_for(status, by=by) if may_change else () for status in {booking.confirmed for booking in bookings}
    }
    streams = {(booking.course_id, booking.course_stream) for booking in bookings if booking.course_stream}
    stream_addresses = {stream: stream_address(*stream) for stream in streams}
    return [
        Row(
            booking=booking,
            course=labels.course(booking.course_id),
            stream=labels.stream(booking.course_id, booking.course_stream),
            moves=moves[booking.confirmed],
            person_address=person_address(booking.telegram_user_id),
            stream_address=stream_addresses.get((booking.course_id, booking.course_stream or ""), ""),
            activity=activity.get(booking.telegram_user_id, Activity()),
            may_change=may_change,
        )
        for booking in bookings
    ]


def stream_address(course_id: int | None, code: str) -> str:
    """Give the page of a stream as one course has it."""
    return f"{reverse('bookings:stream_detail', args=[code])}?course={'none' if course_id is None else course_id}"


@dataclass(frozen=True)
class PersonRow:
    """A person who viewed the programme without booking."""

    person: TelegramUser
    viewed_at: datetime | None
    person_address: str
    activity: Activity


def people_rows_of(
    people: Iterable[TelegramUser], *, viewed_since: datetime | None, course_id: int | None
) -> list[PersonRow]:
    """Prepare people who viewed the programme of a course for a table (two queries)."""
    people = list(people)
    activity = activity_of(people)
    viewed = (
        views_of_programme(course_id=course_id, since=viewed_since)
        .filter(telegram_user__in=[person.pk for person in people])
        .order_by()
        .values_list("telegram_user_id")
        .annotate(first_at=Min("created_at"))
    )
    viewed_at = dict(viewed) if people else {}
    return [
        PersonRow(
            person=person,
            viewed_at=viewed_at.get(person.pk),
            person_address=person_address(person.pk),
            activity=activity.get(person.pk, Activity()),
        )
        for person in people
    ]


def activity_of(people: Iterable[TelegramUser]) -> dict[int, Activity]:
    """Read what the list of people counts about each, so that both pages say the same."""
    totals = LivePersonTotals.objects.filter(pk__in=[person.pk for person in people])
    return {
        user_id: Activity(events, last_at)
        for user_id, events, last_at in totals.values_list("pk", "events", "last_activity_at")
    }
