"""The history that the audit would have kept: who moved which booking when."""

from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.db import models
from pghistory.models import Context

from bookings.models import Booking
from demo.school.rhythm import or_epoch
from demo.school.school import School, StatusChange


def write_history(school: School) -> tuple[list[Context], list[models.Model]]:
    """Give the contexts that hold staff's reasons, and the audit rows of all bookings, oldest first."""
    changes: dict[int, list[StatusChange]] = {}
    for booking, change in school.changes:
        changes.setdefault(id(booking), []).append(change)
    contexts: list[Context] = []
    rows: list[tuple[datetime, models.Model]] = []
    for booking in school.bookings:
        moved = changes.get(id(booking), [])
        made_at = or_epoch(booking.created_at)
        first = Booking.Status.NEW if moved else booking.confirmed
        rows.append((made_at, _row(booking, label="insert", at=made_at, confirmed=first, context=None)))
        for change in moved:
            context = _context(school, change) if change.reason else None
            contexts += [context] if context else []
            row = _row(booking, label="update", at=change.at, confirmed=change.to, context=context)
            rows.append((change.at, row))
    rows.sort(key=lambda row: row[0])
    for number, (_, row) in enumerate(rows, start=1):
        row.pk = number
    return contexts, [row for _, row in rows]


def _row(booking: Booking, *, label: str, at: datetime, confirmed: int | None, context: Context | None) -> models.Model:
    history = apps.get_model("bookings", "BookingEvent")
    kept = {field.attname for field in history._meta.concrete_fields}  # what was told is no part of it
    values = {
        field.attname: getattr(booking, field.attname)
        for field in Booking._meta.concrete_fields
        if field.attname in kept
    }
    row: models.Model = history(
        **values | {"confirmed": confirmed},
        pgh_obj_id=booking.pk,
        pgh_label=label,
        pgh_created_at=at,
        pgh_context=context,
    )
    return row


def _context(school: School, change: StatusChange) -> Context:
    return Context(
        id=UUID(int=school.dice.getrandbits(128), version=4),
        created_at=change.at,
        updated_at=change.at,
        metadata={"reason": change.reason},
    )
