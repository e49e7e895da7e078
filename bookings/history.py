"""What happened to one booking: the audit's rows and the bot's events, told as one story."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from bookings.labels import NOTHING, Labels
from bookings.models import Booking
from bookings.services.statuses import STATUS_CHANGED
from users.models import Event, User

# Whoever changes a status writes the booking and the event together; a slower bot gets this long.
SAME_CHANGE_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True)
class FieldChange:
    """One value that became another, as staff read them."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class StatusChange:
    """A status that became another; ``old_known`` is False where nobody wrote down what it was."""

    new: int | None
    old: int | None = None
    old_known: bool = True


@dataclass(frozen=True)
class BookingMoment:
    """One moment in the life of a booking."""

    at: datetime | None
    actor: str = ""  # empty: the bot
    is_made: bool = False
    status: StatusChange | None = None
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""


def booking_history(booking: Booking, labels: Labels) -> list[BookingMoment]:
    """Tell everything that is known about a booking, newest first (three queries)."""
    told = list(_audited(booking, labels))
    for event in _status_events(booking):
        _tell_event(event, told)
    if not any(entry.is_made for entry in told):
        told.append(BookingMoment(at=booking.created_at, is_made=True))
    unknown = datetime.min.replace(tzinfo=UTC)
    return sorted(told, key=lambda entry: (entry.at or unknown, not entry.is_made), reverse=True)


def _audited(booking: Booking, labels: Labels) -> Iterator[BookingMoment]:
    rows: list[Any] = list(
        booking.events.select_related("pgh_context").order_by("pgh_created_at", "pgh_id")  # type: ignore[attr-defined]
    )
    names = _names_of_staff(rows)
    before: Any = None
    for row in rows:
        context = row.pgh_context.metadata if row.pgh_context else {}
        entry = BookingMoment(
            at=row.pgh_created_at, actor=names.get(context.get("user", 0), ""), reason=context.get("reason") or ""
        )
        if row.pgh_label == "insert":
            # When it was booked, as the bot says: rows copied from elsewhere are written later.
            yield replace(entry, at=row.created_at or entry.at, is_made=True, status=StatusChange(new=row.confirmed))
        elif before is None:
            # The audit began after the booking did, and keeps the new values only.
            yield replace(entry, status=StatusChange(new=row.confirmed, old_known=False))
        else:
            moved = before.confirmed != row.confirmed
            status = StatusChange(new=row.confirmed, old=before.confirmed) if moved else None
            yield replace(entry, status=status, fields=tuple(_field_changes(before, row, labels)))
        before = row


def _field_changes(before: Any, after: Any, labels: Labels) -> Iterator[FieldChange]:
    old, new = _readable(before, labels), _readable(after, labels)
    return (FieldChange(name, old[name], new[name]) for name in old if old[name] != new[name])


def _readable(row: Any, labels: Labels) -> dict[str, str]:
    return {
        _("Course"): labels.course(row.course_id),
        _("Stream"): labels.stream(row.course_id, row.course_stream),
        _("Discount, %"): str(row.discount_percent or 0),
        _("Referral code"): row.referral_code or NOTHING,
        _("Name"): row.first_name or NOTHING,
        _("Username"): row.username or NOTHING,
        _("Telegram ID"): str(row.telegram_user_id),
    }


def _names_of_staff(rows: Iterable[Any]) -> dict[int, str]:
    """Name whoever the audit names; somebody whose account is gone keeps a number."""
    ids: set[int] = {row.pgh_context.metadata.get("user") for row in rows if row.pgh_context} - {None}
    names = {pk: str(_("Staff account %(number)s")) % {"number": pk} for pk in ids}
    found = User.objects.filter(pk__in=ids) if ids else ()
    return names | {user.pk: user.get_full_name() or user.get_username() for user in found}


def _status_events(booking: Booking) -> Iterable[Event]:
    # By the number in the details: the bot writes the event under whoever pressed the button, not only the student.
    return (
        Event.objects.filter(event_type=STATUS_CHANGED)
        .alias(booking_number=KeyTextTransform("booking_id", "details"))
        .filter(booking_number=str(booking.pk))
        .order_by("created_at", "id")
    )


def _tell_event(event: Event, told: list[BookingMoment]) -> None:
    """Add what the event says: to the audit's entry of the same change, or as an entry of its own."""
    details = event.details if isinstance(event.details, dict) else {}
    status = StatusChange(new=_number(details.get("new_status")), old=_number(details.get("old_status")))
    for place, entry in enumerate(told):
        if _is_same_change(entry, status, event.created_at):
            told[place] = replace(entry, status=status)
            return
    told.append(BookingMoment(at=event.created_at, status=status))


def _is_same_change(entry: BookingMoment, status: StatusChange, at: datetime | None) -> bool:
    if entry.is_made or entry.status is None or entry.at is None or at is None:
        return False
    same_old = not entry.status.old_known or entry.status.old == status.old
    return entry.status.new == status.new and same_old and abs(entry.at - at) <= SAME_CHANGE_WITHIN


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
