"""What happened to one booking: the record of its statuses and the audit of its other fields, told as one story."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from bookings.labels import NOTHING, Labels
from bookings.models import Booking, BookingChange
from bookings.services.statuses import STATUS_CHANGED
from users.models import Event, User


@dataclass(frozen=True)
class FieldChange:
    """One value that became another, as staff read them."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class StatusChange:
    """A status that became another."""

    new: int | None
    old: int | None = None


@dataclass(frozen=True)
class BookingMoment:
    """One moment in the life of a booking."""

    at: datetime | None
    actor: str = ""  # empty: the bot
    is_made: bool = False
    since: str = ""  # the new stream of an edit whose previous values were not kept
    status: StatusChange | None = None
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""


def booking_history(booking: Booking, labels: Labels) -> list[BookingMoment]:
    """Tell everything that is known about a booking, newest first (four queries)."""
    # In the order of their numbers: two changes in one transaction have one moment.
    changes = list(booking.changes.order_by("pk"))
    rows: list[Any] = list(
        booking.events.select_related("pgh_context").order_by("pgh_created_at", "pgh_id")  # type: ignore[attr-defined]
    )
    names = _names_of_staff(changes, rows)
    told = [*_edited(rows, labels, names), *(_recorded(change, booking, names) for change in changes)]
    told += [
        BookingMoment(at=event.created_at, status=_status_in(event)) for event in _events_before_the_record(booking)
    ]
    if not any(entry.is_made for entry in told):
        told.append(BookingMoment(at=booking.created_at, is_made=True))
    unknown = datetime.min.replace(tzinfo=UTC)
    return sorted(told, key=lambda entry: (entry.at or unknown, not entry.is_made))[::-1]


def _recorded(change: BookingChange, booking: Booking, names: dict[int, str]) -> BookingMoment:
    # When it was booked, as the bot says: rows copied from elsewhere are written later.
    at = booking.created_at or change.changed_at if change.is_new else change.changed_at
    return BookingMoment(
        at=at,
        actor=names.get(change.changed_by_id or 0, ""),
        is_made=change.is_new,
        status=StatusChange(new=change.status, old=change.was),
        reason=change.reason,
    )


def _edited(rows: Iterable[Any], labels: Labels, names: dict[int, str]) -> Iterator[BookingMoment]:
    before: Any = None
    for row in rows:
        context = row.pgh_context.metadata if row.pgh_context else {}
        # The audit keeps the new values only; where it began after the booking did, the old ones are not known.
        old, new = _readable(before, labels) if before else {}, _readable(row, labels)
        fields = tuple(FieldChange(name, old[name], new[name]) for name in old if old[name] != new[name])
        if row.pgh_label != "insert" and (fields or before is None):
            yield BookingMoment(
                at=row.pgh_created_at,
                actor=names.get(context.get("user", 0), ""),
                since="" if before else labels.stream(row.course_id, row.course_stream),
                fields=fields,
                reason=context.get("reason") or "",
            )
        before = row


def _readable(row: Any, labels: Labels) -> dict[str, str]:
    return {
        _("Course"): labels.course(row.course_id),
        _("Stream"): labels.stream(row.course_id, row.course_stream),
        _("Discount, %"): str(row.discount_percent or 0),
        _("Referral code"): row.referral_code or NOTHING,
        _("First name"): row.first_name or NOTHING,
        _("Username"): row.username or NOTHING,
        _("Telegram ID"): str(row.telegram_user_id),
    }


def _names_of_staff(changes: Iterable[BookingChange], rows: Iterable[Any]) -> dict[int, str]:
    """Map the staff in the record and the audit to names; a deleted account keeps its number."""
    ids: set[int | None] = {row.pgh_context.metadata.get("user") for row in rows if row.pgh_context}
    known = {pk for pk in ids | {change.changed_by_id for change in changes} if pk is not None}
    names = {pk: str(_("Staff account № %(number)s")) % {"number": pk} for pk in known}
    found = User.objects.filter(pk__in=known) if known else ()
    return names | {user.pk: user.shown_name for user in found}


# Before the record ----------------------------------------------------------------------------------------------------


def before_the_record(event: str, *, of_its_person: bool = False) -> str:
    """Give the SQL for whether an event of the bot, in a row called ``event``, tells a change that the record has not.

    The record misses nothing once it has begun: what an event says since the first row of its booking stands there.
    The event of that first row may bear a moment from before it; it is the last one before and says what the row says.
    ``of_its_person`` asks for rows of the person under whom the event stands: somebody who pressed a button of the bot
    for another has that in their own timeline.
    """
    mine = f"AND c.user_id = {event}.user_id" if of_its_person else ""
    return f"""NOT EXISTS (
        SELECT FROM (
            SELECT c.changed_at, c.was, c.status, c.is_new FROM bookings_bookingchange AS c
            WHERE c.booking_id = {sql_number(f"{event}.details->>'booking_id'")} {mine} ORDER BY c.id LIMIT 1
        ) AS first
        WHERE first.changed_at <= {event}.created_at
            OR NOT first.is_new AND {event}.details->>'new_status' = first.status::text
            AND {event}.details->>'old_status' IS NOT DISTINCT FROM first.was::text
            AND NOT EXISTS (
                SELECT FROM events AS o
                WHERE o.event_type = '{STATUS_CHANGED}' AND o.details->>'booking_id' = {event}.details->>'booking_id'
                    AND o.created_at < first.changed_at AND (o.created_at, o.id) > ({event}.created_at, {event}.id)
            )
    )"""  # noqa: S608 - expressions of ours


def sql_number(text: str) -> str:
    """Give the SQL for a number out of the details of an event, where the bot may have written anything."""
    return f"(CASE WHEN {text} ~ '^-?[0-9]{{1,9}}$' THEN ({text})::integer END)"


def _events_before_the_record(booking: Booking) -> Iterable[Event]:
    # By the number in the details: the bot writes the event under whoever pressed the button, not only the student.
    return (
        Event.objects.filter(event_type=STATUS_CHANGED)
        .alias(booking_number=KeyTextTransform("booking_id", "details"))
        .filter(booking_number=str(booking.pk))
        .filter(RawSQL(before_the_record("events"), [], BooleanField()))  # noqa: S611 - SQL of ours
        .order_by("created_at", "id")
    )


def _status_in(event: Event) -> StatusChange:
    details = event.details if isinstance(event.details, dict) else {}
    return StatusChange(new=_number(details.get("new_status")), old=_number(details.get("old_status")))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
