"""Triggers on the tables of messages: the previous dashboard may still read and write them with its own SQL."""

import pgtrigger


def hold_foreign_schedule() -> pgtrigger.Trigger:
    """Hold what somebody else schedules by SQL: it is theirs to send, and staff see it and may take it over.

    Our own INSERTs name the state; a row without one comes as «finished» (the column's default).
    """
    return pgtrigger.Trigger(
        name="hold_foreign_schedule",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("NEW.state = 'finished' AND NEW.frozen_at IS NULL AND NEW.scheduled_at > now()"),
        func="NEW.state := 'held'; NEW.state_reason := 'previous_dashboard'; RETURN NEW;",
    )


def keep_delivery_status() -> pgtrigger.Trigger:
    """Keep ``state`` and the old ``delivery_status`` saying the same, whichever of them somebody writes.

    A row without a state is the previous dashboard's. What that dashboard has not finished is not known to us, and
    nothing that is not known is ever sent by itself; only the rows of a held broadcast wait for the person's decision.
    It does not say when it sent: that is when it says so, in the same second.
    """
    return pgtrigger.Trigger(
        name="keep_delivery_status",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("state", "delivery_status"),
        func=pgtrigger.Func(
            """
            IF NEW.state IS NULL THEN
                NEW.state := CASE
                    WHEN NEW.delivery_status IN ('sent', 'failed', 'deleted') THEN NEW.delivery_status
                    WHEN EXISTS (SELECT FROM message_history WHERE id = NEW.message_id AND state = 'held')
                        THEN 'pending'
                    ELSE 'uncertain' END;
                IF NEW.state = 'sent' THEN
                    NEW.sent_at := COALESCE(NEW.sent_at, now());
                END IF;
                IF NEW.state = 'uncertain' THEN
                    NEW.reason := 'previous_dashboard';
                END IF;
                IF EXISTS (SELECT FROM message_recipients
                           WHERE message_id = NEW.message_id AND user_id = NEW.user_id AND reason <> 'duplicate') THEN
                    NEW.reason := 'duplicate';
                    IF NEW.state = 'pending' THEN
                        NEW.state := 'skipped';
                    END IF;
                END IF;
            ELSIF TG_OP = 'UPDATE' AND NEW.state = OLD.state
                  AND NEW.delivery_status IS DISTINCT FROM OLD.delivery_status THEN
                IF NEW.delivery_status IN ('sent', 'failed', 'deleted') THEN
                    NEW.state := NEW.delivery_status;
                    IF NEW.reason <> 'duplicate' THEN
                        NEW.reason := '';
                    END IF;
                END IF;
                IF NEW.state = 'sent' THEN
                    NEW.sent_at := COALESCE(NEW.sent_at, now());
                END IF;
                RETURN NEW;
            END IF;
            IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
                NEW.delivery_status := CASE
                    WHEN NEW.state IN ('sent', 'deleted') THEN NEW.state
                    WHEN NEW.state IN ('failed', 'skipped', 'cancelled') THEN 'failed'
                    ELSE 'pending' END;
            END IF;
            RETURN NEW;
            """
        ),
    )


# Counts: every statement adds what it changes. The sum is right at every moment, and nobody waits for anybody.

# The minute is kept of what can still be deleted and edited in its chat. "{rows}" have the columns below and a weight.
COUNTED = """
    SELECT message_id, state, reason,
        CASE WHEN state = 'sent' AND telegram_message_id IS NOT NULL THEN date_trunc('minute', sent_at) END AS minute,
        sum(weight) AS number
    FROM ({rows}) AS r WHERE state IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(weight) <> 0
"""
COUNT_INTO = "INSERT INTO messaging_recipientcount (message_id, state, reason, minute, number)"
_ROWS = "SELECT message_id, state, reason, telegram_message_id, sent_at, {} AS weight FROM {}"


def counted_recipients(*rows: tuple[int, str]) -> str:
    """Write the query that counts these tables by message, state, reason and minute, each with its weight."""
    return COUNTED.format(rows=" UNION ALL ".join(_ROWS.format(weight, table) for weight, table in rows))


def count_recipients() -> list[pgtrigger.Trigger]:
    """Add each change of a recipient to ``messaging_recipientcount``, once for a statement."""
    added, gone = (1, "new_rows"), (-1, "old_rows")
    everything = "SELECT message_id, state, reason, minute, -number FROM messaging_recipientcount"
    return [
        _counts(pgtrigger.Insert, counted_recipients(added), new="new_rows"),
        _counts(pgtrigger.Update, counted_recipients(added, gone), new="new_rows", old="old_rows"),
        _counts(pgtrigger.Delete, counted_recipients(gone), old="old_rows"),
        _counts(pgtrigger.Truncate, everything),
    ]


def _counts(operation: pgtrigger.Operation, changes: str, **rows: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"counts_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows) if rows else None,
        func=f"{COUNT_INTO} {changes}; RETURN NULL;",
    )
