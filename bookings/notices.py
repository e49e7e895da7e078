"""The interface through which messaging, a higher layer, tells students about their bookings."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.labels import Labels
from bookings.models import Booking, BookingChange, status_of
from hsl_dashboard.db import among
from users.models import User

STUDENTS_LANGUAGE = "ru"  # of the bot, whatever language staff read


class NoticeKind(models.TextChoices):
    """What a student is told about their booking."""

    CREATED = "booking_created", _("Booking made")
    CONFIRMED = "booking_confirmed", _("Booking confirmed")
    CANCELLED = "booking_cancelled", _("Booking cancelled")
    MOVED = "booking_moved", _("Stream changed")
    CHANGED = "booking_changed", _("Booking changed")
    PAYMENT_DECLINED = "payment_declined", _("Payment declined")
    PAYMENT_ASKED = "payment_asked", _("Asked about the payment")
    PAYMENT_REMINDER = "payment_reminder", _("Payment reminder")
    COURSE_START = "course_start", _("Course starts soon")
    FREE_LESSON = "free_lesson", _("Free lesson soon")


@dataclass(frozen=True)
class Notifier:
    """What can send messages to students.

    ``write`` gives the text (HTML of Telegram), ``fill`` puts a booking's values into words of staff, ``queue`` puts
    the text, or other words, into the outbox for each of some bookings, ``explain`` says in words why a message did not
    arrive, ``waits`` whether that message is in the queue and not sent yet. ``hold`` lets what somebody queued about
    bookings at a moment wait until another, ``take_back`` withdraws it or says that it cannot any more.
    """

    write: Callable[[Booking, NoticeKind], str]
    fill: Callable[[str, Booking, Labels], str]
    queue: Callable[[Collection[Booking], NoticeKind, User, datetime, str], None]
    explain: Callable[[str], str]
    waits: Callable[[Booking, NoticeKind], bool]
    hold: Callable[[Collection[int], User, datetime, datetime], None]
    take_back: Callable[[Collection[int], User, datetime], bool]


_notifiers: list[Notifier] = []


def register_notifier(notifier: Notifier) -> None:
    """Let messaging tell students about bookings; called once, in its AppConfig.ready()."""
    _notifiers[:] = [notifier]


@dataclass(frozen=True)
class LastNotice:
    """What staff see on a booking: what the student was told last, when, or in ``error`` why they were not."""

    about: str
    at: datetime | None
    error: str


def last_notice(booking: Booking) -> LastNotice | None:
    """Give the result of the last message about a booking; None when there was none."""
    kind = booking.notified_about
    if not kind:
        return None
    about = str(NoticeKind(kind).label) if kind in NoticeKind.values else kind
    error = booking.notice_error
    return LastNotice(about, booking.notified_at, _notifiers[0].explain(error) if error and _notifiers else error)


# What tells a student about a status; for the others, "changed" says enough.
STATUS_NOTICES = {Booking.Status.CONFIRMED: NoticeKind.CONFIRMED, Booking.Status.CANCELLED: NoticeKind.CANCELLED}
# Who was told so need not be told of the status.
TELLS_STATUS = {kind: status for status, kind in STATUS_NOTICES.items()} | {
    NoticeKind.PAYMENT_DECLINED: Booking.Status.CANCELLED
}


def notice_of_status(confirmed: int | None) -> NoticeKind:
    """Choose the message for a booking that got a status."""
    status = status_of(confirmed)
    return STATUS_NOTICES.get(status, NoticeKind.CHANGED) if status is not None else NoticeKind.CHANGED


def later_notices(booking: Booking) -> list[NoticeKind]:
    """List what a student can be told about a booking as it is now, the likeliest first."""
    if not booking.is_active:
        return [NoticeKind.CANCELLED]
    first = NoticeKind.CONFIRMED if booking.status == Booking.Status.CONFIRMED else NoticeKind.CREATED
    return [first, *([NoticeKind.MOVED] if booking.course_stream else []), NoticeKind.CHANGED]


def mark_told(*, booking: Booking, kind: NoticeKind, at: datetime) -> None:
    """Mark the change made in this transaction as told by staff, so that no automation repeats it."""
    _mark_here([booking], kind=kind, at=at)


def _mark_here(bookings: Collection[Booking], *, kind: NoticeKind, at: datetime) -> None:
    here = BookingChange.objects.filter(
        booking__in=among(booking.pk for booking in bookings), changed_at=TransactionNow()
    )
    _mark(here, kind=kind, at=at)


def mark_last_change_told(*, booking: Booking, kind: NoticeKind, at: datetime) -> None:
    """Mark the change that brought the present status, when staff tell of it later."""
    last = booking.changes.order_by("-pk").values("pk")[:1]
    _mark(booking.changes.filter(pk__in=last, told_at=None), kind=kind, at=at)


def _mark(changes: "models.QuerySet[BookingChange]", *, kind: NoticeKind, at: datetime) -> None:
    if kind in TELLS_STATUS:
        changes.filter(status=TELLS_STATUS[kind]).update(told_at=at)


def notice_text(*, booking: Booking, kind: NoticeKind) -> str:
    """Write the text of a message; empty without a registered notifier."""
    return _notifiers[0].write(booking, kind) if _notifiers else ""


def fill_words(*, words: str, booking: Booking, labels: Labels) -> str:
    """Put the values of a booking into words of staff (HTML of Telegram); empty without a registered notifier."""
    return _notifiers[0].fill(words, booking, labels) if _notifiers else ""


def queue_notice(*, booking: Booking, kind: NoticeKind, by: User, at: datetime, text: str = "") -> None:
    """Queue what the student is told, in the transaction that changes the booking; nothing is sent here.

    ``text`` (HTML of Telegram) stands in place of the usual words.
    """
    if _notifiers:
        mark_told(booking=booking, kind=kind, at=at)
        _notifiers[0].queue([booking], kind, by, at, text)


def queue_notices(*, bookings: Collection[Booking], kind: NoticeKind, by: User, at: datetime) -> None:
    """Queue the same for the students of many bookings, in the transaction that changes them."""
    if _notifiers and bookings:
        _mark_here(bookings, kind=kind, at=at)
        _notifiers[0].queue(bookings, kind, by, at, "")


def notice_waits(*, booking: Booking, kind: NoticeKind) -> bool:
    """Say whether the same message is in the queue already."""
    return bool(_notifiers) and _notifiers[0].waits(booking, kind)


def queue_later_notice(*, booking: Booking, kind: NoticeKind, by: User, at: datetime) -> None:
    """Queue what the student is told about a booking as it is, after the change and apart from it."""
    if _notifiers:
        mark_last_change_told(booking=booking, kind=kind, at=at)
        _notifiers[0].queue([booking], kind, by, at, "")


def hold_notices(*, bookings: Collection[int], by: User, at: datetime, until: datetime) -> None:
    """Let what ``by`` queued about bookings at a moment wait until another one, in the transaction that queued it."""
    if _notifiers:
        _notifiers[0].hold(bookings, by, at, until)


def take_back_notices(*, bookings: Collection[int], by: User, at: datetime) -> bool:
    """Withdraw what ``by`` queued about bookings at a moment; False when some of it is on its way already."""
    return not _notifiers or _notifiers[0].take_back(bookings, by, at)
