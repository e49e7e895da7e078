"""Telling a student about their booking: what they would read, and a message sent after the change."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from bookings.notices import (
    NoticeKind,
    later_notices,
    notice_of_status,
    notice_text,
    notice_waits,
    queue_later_notice,
)
from bookings.services.editing import Values, future
from bookings.services.statuses import BookingGone
from users.models import User


class NoticeRefused(Exception):
    """Nothing was queued; the sentence says why."""


class NoticeOutdated(NoticeRefused):
    """The status is another one by now."""


@dataclass(frozen=True)
class StatusNotice:
    """What a student reads when their booking gets a status."""

    status: int
    text: str  # HTML of Telegram


@dataclass(frozen=True)
class LaterNotice:
    """A message that fits a booking as it is now."""

    kind: NoticeKind
    text: str


def status_notices(booking: Booking, statuses: Iterable[int]) -> list[StatusNotice]:
    """Write what the student would be told with each status; empty where nothing sends messages."""
    notices = [StatusNotice(status, _words_for(booking, status)) for status in statuses]
    return [notice for notice in notices if notice.text]


def _words_for(booking: Booking, status: int) -> str:
    then = future(booking, replace(Values.of(booking), confirmed=status))
    return notice_text(booking=then, kind=notice_of_status(status))


def notices_now(booking: Booking) -> list[LaterNotice]:
    """List the messages that staff may send about a booking at any time, with their words."""
    return [LaterNotice(kind, notice_text(booking=booking, kind=kind)) for kind in later_notices(booking)]


def tell_student(*, booking: Booking, kind: NoticeKind, expected: int | None, by: User, at: datetime) -> None:
    """Queue a message about a booking as it is; ``expected`` is the status that ``by`` read about.

    Raises:
        BookingGone: it has been deleted.
        NoticeOutdated: somebody has changed the status since ``by`` read it.
        NoticeRefused: the message does not fit the booking, or waits in the queue already.
    """
    with transaction.atomic():
        # Under this lock a double click finds the first message in the queue.
        locked = Booking.objects.select_for_update(no_key=True).filter(pk=booking.pk).first()
        if locked is None:
            raise BookingGone
        if locked.confirmed != expected:
            raise NoticeOutdated(_("The status has changed in the meantime"))
        if kind not in later_notices(locked):
            raise NoticeRefused(_("This message does not fit the booking any more."))
        if notice_waits(booking=locked, kind=kind):
            raise NoticeRefused(_("This message is in the queue already."))
        queue_later_notice(booking=locked, kind=kind, by=by, at=at)
