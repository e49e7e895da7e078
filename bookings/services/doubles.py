"""Two active bookings of one course: staff keep one and cancel the others, all or none."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from bookings.models import Booking
from bookings.services.statuses import StatusNotChanged, change_booking_status
from users.models import User


class DoublesChanged(StatusNotChanged):
    """The person's active bookings of the course are not those that staff saw."""


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
