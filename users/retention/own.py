"""Records of exports, audit and history, sessions: rows that are deleted when they are old."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import sql_value
from users.models import AuditEntry, PeopleExport
from users.retention.events import EVENT_DETAILS
from users.retention.rules import Batches, KeepingRule


def forget_rows(model: type[Model], moment: str, before: datetime, batches: Batches) -> Iterator[int]:
    """Delete the rows older than a moment in the order of their keys; each row of a table is looked at once."""
    place: Any = None
    while not batches.is_over:
        deleted, place = batches.forget(partial(_delete_window, model, moment, before, place))
        yield deleted
        if place is None:
            return


def _delete_window(model: type[Model], moment: str, before: datetime, place: Any, size: int) -> tuple[int, Any]:
    rows = model._base_manager.order_by("pk") if place is None else model._base_manager.filter(pk__gt=place)
    window = list(rows.order_by("pk").values_list("pk", flat=True)[:size])
    old = Q(**{f"{moment}__lt": before})
    # Whoever holds a row keeps it until the next run.
    held = model._base_manager.filter(old, pk__in=window).select_for_update(skip_locked=True)
    keys = list(held.values_list("pk", flat=True))
    # Django gives None, not 0, for nothing.
    deleted = model._base_manager.filter(pk__in=keys)._raw_delete("default") if keys else 0
    return deleted, window[-1] if len(window) == size else None


def count_rows(model: type[Model], moment: str, before: datetime) -> int:
    return model._base_manager.filter(**{f"{moment}__lt": before}).count()


def forget_sessions(before: datetime, batches: Batches) -> Iterator[int]:
    """Both halves of a session: Django's, and allauth's with its address and browser."""
    yield from forget_rows(Session, "expire_date", before, batches)
    yield from forget_rows(UserSession, "last_seen_at", before, batches)


def count_sessions(before: datetime) -> int:
    return count_rows(Session, "expire_date", before) + count_rows(UserSession, "last_seen_at", before)


def forget_audit(before: datetime, batches: Batches) -> Iterator[int]:
    """Delete audit and history in a function of the owner: the application can change neither."""
    while not batches.is_over:
        done, _end = batches.forget(lambda size: (_forget_some(before, size), None))
        if not done:
            return
        yield done


def _forget_some(before: datetime, size: int) -> int:
    return int(sql_value("SELECT audit_forget(%s, %s)", [before, size]))


def count_audit(before: datetime) -> int:
    """Count lines of the audit; the rows of history behind them go too."""
    return count_rows(AuditEntry, "at", before)


RULES = (
    EVENT_DETAILS,
    KeepingRule(
        name="export_records",
        setting="KEEP_EXPORT_RECORDS_DAYS",
        label=_("Records of exports"),
        count=partial(count_rows, PeopleExport, "exported_at"),
        forget=partial(forget_rows, PeopleExport, "exported_at"),
    ),
    KeepingRule(
        name="audit",
        setting="KEEP_AUDIT_DAYS",
        label=_("Audit and history"),
        count=count_audit,
        forget=forget_audit,
    ),
    KeepingRule(
        name="sessions",
        setting="KEEP_SESSIONS_DAYS",
        label=_("Ended sessions"),
        count=count_sessions,
        forget=forget_sessions,
    ),
)
