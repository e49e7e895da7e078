"""Scheduled messages whose time passed before the takeover: held, so that a person decides and nobody is surprised."""

from hsl_dashboard.adoption.step import NO_LOCK, Step, Takeover
from hsl_dashboard.db import run_sql

# A row without any delivery, whose time has passed, written before the dashboard took the tables over.
_OVERDUE = """
    FROM message_history m
    WHERE {moment} <= now() AND coalesce(m.successful_deliveries, 0) = 0
      AND NOT EXISTS (SELECT FROM message_recipients r
                      WHERE r.message_id = m.id AND coalesce(r.delivery_status, 'pending') <> 'pending')
"""
_BEFORE_TAKEOVER = """
      AND m.created_at < (SELECT applied FROM django_migrations
                          WHERE (app, name) = ('messaging', '0001_bot_tables'))
      AND m.state = 'scheduled'
"""


def hold_step() -> Step:
    """Hold every overdue message, before any worker of ours can see it."""
    return Step(
        "hold overdue messages",
        "their time passed while nobody sent them: staff decide, nothing is sent by itself",
        NO_LOCK,
        lambda takeover: bool(overdue_messages(takeover)),
        _hold,
    )


def overdue_messages(takeover: Takeover) -> list[int]:
    """List the ids of messages that are overdue and not yet held."""
    if not {"message_history", "message_recipients"} <= set(takeover.catalog.tables):
        return []
    # Our migrations move the planned moment to a column where the previous dashboard does not look.
    moved = ("message_history", "starts_at") in takeover.catalog.columns
    sql = _OVERDUE.format(moment="coalesce(m.starts_at, m.scheduled_at)" if moved else "m.scheduled_at")
    sql += _BEFORE_TAKEOVER if _has_state(takeover) else ""
    return [row[0] for row in run_sql(f"SELECT m.id {sql} ORDER BY m.id")]


def _has_state(takeover: Takeover) -> bool:
    return ("message_history", "state") in takeover.catalog.columns


def _hold(takeover: Takeover) -> None:
    if _has_state(takeover):
        ids = overdue_messages(takeover)
        run_sql("UPDATE message_history SET state = 'held' WHERE id = ANY(%s)", [ids])
