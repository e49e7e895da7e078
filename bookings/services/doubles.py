"""Two active bookings of one course: a guard against them; staff keep one and cancel the others, all or none."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from bookings.services.statuses import OVERRIDE_PERMISSION, StatusNotChanged, change_booking_status
from hsl_dashboard.db import run_sql
from users.models import User


class DoublesChanged(StatusNotChanged):
    """The person's active bookings of the course are not those that staff saw."""


class ActiveBookingExists(Exception):
    """The person has an active booking of this course; ``may_override`` says whether ``by`` may make another."""

    def __init__(self, *, booking: Booking, may_override: bool) -> None:
        super().__init__(
            _("The person already has an active booking of this course: № %(number)s.") % {"number": booking.pk}
        )
        self.booking, self.may_override = booking, may_override


def require_no_active_booking(booking: Booking, *, by: User, allowed: bool) -> None:
    """Refuse a booking of a course of which its person has another active one; call it in the transaction that writes.

    ``allowed`` lets whoever may override make a second one.

    Raises:
        ActiveBookingExists: as above; nothing was written.
    """
    if booking.course_id is None:
        return
    _one_at_a_time(booking.telegram_user_id, booking.course_id)
    may_override = by.has_perm(OVERRIDE_PERMISSION)
    if allowed and may_override:
        return
    same = Booking.objects.active().filter(telegram_user=booking.telegram_user_id, course=booking.course_id)
    if other := same.exclude(pk=booking.pk).newest_first().first():
        raise ActiveBookingExists(booking=other, may_override=may_override)


def _one_at_a_time(person: int, course: int) -> None:
    """Serialise bookings of the same course for the same person, so that the second one sees the first.

    An advisory lock, because the bot's own INSERT must never wait or fail.
    """
    run_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"booking of {course} for {person}"])


def other_active_bookings(booking: Booking) -> list[Booking]:
    """List the person's other active bookings of the same course, oldest first; none without a course."""
    if booking.course_id is None or not booking.is_active:
        return []
    same = Booking.objects.active().filter(telegram_user=booking.telegram_user_id, course=booking.course_id)
    return list(same.exclude(pk=booking.pk).with_person().order_by("pk"))


def keep_one_booking(
    *,
    booking: Booking,
    cancel: Mapping[int, int | None],
    by: User,
    at: datetime,
    reason: str = "",
    notify: bool = False,
) -> list[Booking]:
    """Cancel the person's other active bookings of the course; ``cancel`` maps those seen to their statuses.

    Raises:
        DoublesChanged: there are others by now, or the one to keep is cancelled.
        StatusNotChanged: one of them may not be cancelled (bookings.services.statuses).
    """
    with transaction.atomic():
        kept = Booking.objects.select_for_update(no_key=True).filter(pk=booking.pk).first()
        others = other_active_bookings(kept) if kept else []
        if not others or {other.pk: other.confirmed for other in others} != dict(cancel):
            raise DoublesChanged
        for other in others:
            change_booking_status(
                booking=other, to=Booking.Status.CANCELLED, by=by, at=at, reason=reason, notify=notify
            )
    return others
