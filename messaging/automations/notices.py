"""Messages to students about their bookings: the texts, and putting them into the outbox."""

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.translation import gettext as _

from bookings.labels import Labels
from bookings.models import Booking
from bookings.notices import STUDENTS_LANGUAGE, NoticeKind
from hsl_dashboard.db import among
from messaging.content.placeholders import BookingValues, personalise, stream_starts
from messaging.models import Outbox, Recipient
from messaging.models.outbox import OutboxQuerySet
from users.models import TelegramUser, User

TELLS_START = {NoticeKind.MOVED, NoticeKind.CONFIRMED}


def _school(kind: NoticeKind) -> BookingValues:
    """Read what notices of a kind say about courses and streams, once for all of them (at most two queries)."""
    return BookingValues(Labels.read(), stream_starts() if kind in TELLS_START else {})


def write_notice(booking: Booking, kind: NoticeKind) -> str:
    """Write what a student is told about a booking as it is now, as Telegram's HTML."""
    return _write(booking, kind, _school(kind))


def _write(booking: Booking, kind: NoticeKind, school: BookingValues) -> str:
    with translation.override(STUDENTS_LANGUAGE):
        values = {
            "course": escape(school.labels.course(booking.course_id)),
            "stream": escape(school.labels.stream(booking.course_id, booking.course_stream)),
            "discount": booking.discount_percent or 0,
        }
        parts = [_greeting(booking.telegram_user), _sentence(kind, with_stream=bool(booking.course_stream)) % values]
        if booking.discount_percent and kind in {NoticeKind.CREATED, NoticeKind.CHANGED}:
            parts.append(_("Your discount is %(discount)s%%.") % values)
        start = school.starts.get((booking.course_id or 0, booking.course_stream or ""))
        if kind in TELLS_START and start:
            parts.append(_("It starts on %(day)s.") % {"day": date_format(start, "j E Y")})
        return " ".join(parts)


def put_in_outbox(bookings: Collection[Booking], kind: NoticeKind, by: User, at: datetime, text: str = "") -> None:
    """Put a message about each booking into the outbox, in its usual words or in ``text``; ``firing`` sends it."""
    school = None if text else _school(kind)
    Outbox.objects.bulk_create(
        Outbox(
            telegram_user_id=booking.telegram_user_id,
            booking=booking,
            kind=kind,
            message_text=_write(booking, kind, school) if school else text,
            queued_by=by,
            queued_at=at,
        )
        for booking in bookings
    )


def fill_in(words: str, booking: Booking, labels: Labels) -> str:
    """Put the values of a booking into words of staff (HTML of Telegram); a missing value leaves its fallback."""
    person = booking.telegram_user
    values = {
        "first_name": (person.first_name or "").strip(),
        "username": person.username or "",
        "course": labels.course(booking.course_id),
        "stream": labels.stream(booking.course_id, booking.course_stream) if booking.course_stream else "",
    }
    return personalise(words, values, may_lack=True)


def waits_in_outbox(booking: Booking, kind: NoticeKind) -> bool:
    """Say whether such a message about a booking is queued and not sent yet."""
    return Outbox.objects.filter(state=Outbox.State.QUEUED, booking=booking, kind=kind).exists()


def hold_in_outbox(bookings: Collection[int], by: User, at: datetime, until: datetime) -> None:
    """Let what was queued with a change wait as long as the change can be undone."""
    _queued_with(bookings, by, at).filter(state=Outbox.State.QUEUED).update(due_at=until)


def take_out_of_outbox(bookings: Collection[int], by: User, at: datetime) -> bool:
    """Withdraw what was queued with a change that is undone; False when some of it is on its way already."""
    letters = _queued_with(bookings, by, at)
    # A conditional UPDATE: whoever hands them over holds their locks, and has changed their state when it lets go.
    letters.filter(state=Outbox.State.QUEUED).update(
        state=Outbox.State.CANCELLED, reason=Recipient.Reason.OUTDATED, settled_at=timezone.now()
    )
    return not letters.exclude(state=Outbox.State.CANCELLED).exists()


def _queued_with(bookings: Collection[int], by: User, at: datetime) -> OutboxQuerySet:
    """What one member of staff queued about bookings at one moment."""
    return Outbox.objects.filter(booking__in=among(bookings), queued_by=by, queued_at=at)


def _greeting(person: TelegramUser) -> str:
    name = (person.first_name or "").strip()
    return _("Hello, %(name)s!") % {"name": escape(name)} if name else _("Hello!")


def _sentence(kind: NoticeKind, *, with_stream: bool) -> str:
    match kind:
        case NoticeKind.CREATED if with_stream:
            return _("You are booked on the course “%(course)s”, %(stream)s.")
        case NoticeKind.CREATED:
            return _("You are booked on the course “%(course)s”.")
        case NoticeKind.CONFIRMED if with_stream:
            return _("Your place on the course “%(course)s” is confirmed: %(stream)s.")
        case NoticeKind.CONFIRMED:
            return _("Your place on the course “%(course)s” is confirmed.")
        case NoticeKind.CANCELLED:
            return _("Your booking of the course “%(course)s” is cancelled.")
        case NoticeKind.MOVED if with_stream:
            return _("You have been moved to another stream of the course “%(course)s”: %(stream)s.")
        case _other:
            return _("We have updated your booking of the course “%(course)s”.")
