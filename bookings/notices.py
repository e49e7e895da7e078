"""The seam between a change of a booking and what the student is told: messaging, above us, brings the words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from users.models import User


class NoticeKind(models.TextChoices):
    """What a student is told about their booking."""

    CREATED = "booking_created", _("Booking made")
    CONFIRMED = "booking_confirmed", _("Booking confirmed")
    CANCELLED = "booking_cancelled", _("Booking cancelled")
    MOVED = "booking_moved", _("Stream changed")
    CHANGED = "booking_changed", _("Booking changed")


@dataclass(frozen=True)
class Notifier:
    """Whoever can tell students: ``write`` gives the text (HTML of Telegram), ``queue`` puts it into the outbox."""

    write: Callable[[Booking, NoticeKind], str]
    queue: Callable[[Booking, NoticeKind, User, datetime], None]


_notifiers: list[Notifier] = []


def register_notifier(notifier: Notifier) -> None:
    """Let messaging tell students about bookings; called once, in its AppConfig.ready()."""
    _notifiers[:] = [notifier]


def notice_text(*, booking: Booking, kind: NoticeKind) -> str:
    """Give the words that would be sent; empty when nobody can send."""
    return _notifiers[0].write(booking, kind) if _notifiers else ""


def queue_notice(*, booking: Booking, kind: NoticeKind, by: User, at: datetime) -> None:
    """Queue what the student is told, in the transaction that changes the booking; nothing is sent here."""
    if _notifiers:
        _notifiers[0].queue(booking, kind, by, at)
