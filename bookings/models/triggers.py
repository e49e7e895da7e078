"""Triggers that write down what happened, in the transaction in which it happened: the bot's raw SQL counts too."""

import pgtrigger

from hsl_dashboard.db import LightTrigger

# Who, why and from where, as the writer's pghistory.context() says it. The bot's raw SQL has no context; after a
# transaction that had one the setting of the session is an empty text.
CONTEXT = [("context", "jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '')")]
WHO_AND_WHY = "changed_by_id, reason, origin"
READ_CONTEXT = """
                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,
                COALESCE(context->>'reason', ''),
                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END"""


COUNT_INTO = "INSERT INTO bookings_bookingcount (part, course_id, key, status, number)"


def record_new_booking() -> pgtrigger.Trigger:
    """Write down a new booking, count it, and mark its person: one trigger, since the bot pays for each of them."""
    return LightTrigger(
        name="record_new",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        declare=CONTEXT,
        func=f"""
            INSERT INTO bookings_bookingchange (booking_id, user_id, status, is_new, {WHO_AND_WHY})
            VALUES (NEW.id, NEW.user_id, NEW.confirmed, true, {READ_CONTEXT});
            {COUNT_INTO} VALUES ('stream', NEW.course_id, COALESCE(NEW.course_stream, ''), NEW.confirmed, 1);
            IF NEW.referral_code IS NOT NULL THEN
                {COUNT_INTO} VALUES ('code', NULL, NEW.referral_code, NEW.confirmed, 1);
            END IF;
            IF NEW.user_id IS NOT NULL THEN
                INSERT INTO counting_marks (user_id) VALUES (NEW.user_id);
                INSERT INTO lesson_steps_pending (user_id) VALUES (NEW.user_id);
                INSERT INTO bookings_paymentmark (user_id) VALUES (NEW.user_id);
            END IF;
            RETURN NULL;
            """,  # noqa: S608 - texts of ours
    )


def record_status_change() -> pgtrigger.Trigger:
    """Write a row for every status that became another, none for one that stayed the same."""
    return LightTrigger(
        name="record_status_change",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("confirmed"),
        condition=pgtrigger.Condition("NEW.confirmed IS DISTINCT FROM OLD.confirmed"),
        declare=CONTEXT,
        func=f"""
            INSERT INTO bookings_bookingchange (booking_id, user_id, was, status, is_new, {WHO_AND_WHY})
            VALUES (NEW.id, NEW.user_id, OLD.confirmed, NEW.confirmed, false, {READ_CONTEXT});
            RETURN NULL;
            """,  # noqa: S608 - texts of ours
    )


# What an edit of a booking is, for the audit; a status has its own record.
EDITED = (
    "user_id", "username", "first_name", "course_id", "course_stream", "created_at", "referral_code", "discount_percent"
)  # fmt: skip


def audit_first() -> pgtrigger.Trigger:
    """Keep a booking as it was before its first edit, or its deletion, where the audit has nothing of it: the bot's.

    By its name it fires before pghistory's triggers: the first row of a history is the oldest.
    """
    columns = ", ".join(("id", *EDITED, "confirmed"))
    old, new = (", ".join(f"{row}.{name}" for name in EDITED) for row in ("OLD", "NEW"))
    return pgtrigger.Trigger(
        name="audit_first",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf(*EDITED) | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'UPDATE' AND ({old}) IS NOT DISTINCT FROM ({new}) THEN
                RETURN NULL;
            END IF;
            INSERT INTO bookings_bookingevent ({columns}, pgh_created_at, pgh_label, pgh_obj_id)
            SELECT OLD.id, {old}, OLD.confirmed,
                LEAST(GREATEST(COALESCE(OLD.created_at, now()), '2000-01-01'), now()), 'insert', OLD.id
            WHERE NOT audit_knows_booking(OLD.id);
            RETURN NULL;
            """,
    )


def record_registration() -> pgtrigger.Trigger:
    """Write down a new registration and mark its person; the bot's ON CONFLICT … DO UPDATE of an old one is none."""
    return LightTrigger(
        name="record_new",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        declare=CONTEXT,
        func=f"""
            INSERT INTO bookings_bookingchange (registration_id, user_id, is_new, {WHO_AND_WHY})
            VALUES (NEW.id, NEW.user_id, true, {READ_CONTEXT});
            IF NEW.user_id IS NOT NULL THEN
                INSERT INTO counting_marks (user_id) VALUES (NEW.user_id);
                INSERT INTO lesson_steps_pending (user_id) VALUES (NEW.user_id);
            END IF;
            RETURN NULL;
            """,  # noqa: S608 - texts of ours
    )


def keep_confirmation() -> pgtrigger.Trigger:
    """Keep the moment of a booking's confirmation when its record of changes says something about it."""
    return pgtrigger.Trigger(
        name="keep_confirmation",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        # The bot's new bookings are not confirmed, and pay for this comparison alone.
        condition=pgtrigger.Condition("NEW.booking_id IS NOT NULL AND (NEW.status = 2 OR NEW.was = 2)"),
        func="PERFORM confirmation_keep(NEW.booking_id); RETURN NULL;",
    )


def move_confirmation() -> pgtrigger.Trigger:
    """Keep it when a confirmed booking gets another date: one that was inserted confirmed has that date."""
    return pgtrigger.Trigger(
        name="move_confirmation",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("created_at"),
        condition=pgtrigger.Condition("NEW.confirmed = 2 AND NEW.created_at IS DISTINCT FROM OLD.created_at"),
        func="PERFORM confirmation_keep(NEW.id); RETURN NULL;",
    )


# Money: which days are to be summed again. Marks are only added; bookings/money/kept.py takes them away.

MARK_DAYS = "INSERT INTO bookings_moneymark (day, everything) SELECT DISTINCT marked.day, false FROM"
MARK_EVERYTHING = "INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;"


def mark_payment() -> pgtrigger.Trigger:
    """Mark the day of a payment, and that of the booking's confirmation: a paid one is not «по расчёту» any more."""
    return pgtrigger.Trigger(
        name="money_mark",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            {MARK_DAYS} (
                SELECT money_day(received.at) AS day FROM (VALUES (OLD.received_at), (NEW.received_at)) AS received (at)
                WHERE received.at IS NOT NULL
                UNION ALL
                SELECT money_day(c.confirmed_at) FROM bookings_confirmation AS c
                WHERE c.booking_id IN (OLD.booking_id, NEW.booking_id)
            ) AS marked;
            RETURN NULL;
            """,  # noqa: S608 - texts of ours
    )


def mark_confirmation() -> pgtrigger.Trigger:
    """Mark the days on which a booking was and is confirmed."""
    return pgtrigger.Trigger(
        name="money_mark",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'UPDATE' AND OLD.confirmed_at IS NOT DISTINCT FROM NEW.confirmed_at THEN
                RETURN NULL;
            END IF;
            {MARK_DAYS} (
                SELECT money_day(OLD.confirmed_at) AS day WHERE TG_OP <> 'INSERT'
                UNION ALL
                SELECT money_day(NEW.confirmed_at) WHERE TG_OP <> 'DELETE'
            ) AS marked;
            RETURN NULL;
            """,
    )


def mark_moved_money() -> pgtrigger.Trigger:
    """Mark the days of a booking's money when it goes to another course, stream or code, or its discount changes."""
    columns = ("course_id", "course_stream", "referral_code", "discount_percent")
    return pgtrigger.Trigger(
        name="money_mark",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf(*columns),
        condition=pgtrigger.Condition(" OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)),
        func=f"""
            {MARK_DAYS} (
                SELECT money_day(c.confirmed_at) AS day FROM bookings_confirmation AS c WHERE c.booking_id = NEW.id
                UNION ALL
                SELECT money_day(p.received_at) FROM bookings_payment AS p WHERE p.booking_id = NEW.id
            ) AS marked;
            RETURN NULL;
            """,  # noqa: S608 - texts of ours
    )


def mark_price(*columns: str) -> pgtrigger.Trigger:
    """Mark all days when a price changes: it is that of every booking «по расчёту»."""
    price = columns[0]
    values = [", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW")]
    return pgtrigger.Trigger(
        name="money_mark",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF (OLD.{price} IS NULL AND NEW.{price} IS NULL)
                OR (TG_OP = 'UPDATE' AND ({values[0]}) IS NOT DISTINCT FROM ({values[1]})) THEN
                RETURN NULL;
            END IF;
            {MARK_EVERYTHING}
            """,
    )


def mark_emptied() -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="money_mark_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Truncate,
        func=MARK_EVERYTHING,
    )


# Counts: every write adds what it changes. A sum over the rows is right at every moment, and nobody waits for anybody.

# A booking counts in its stream, and under its code if it has one. "{rows}" have the columns of bookings and a weight.
COUNTED = """
    SELECT part.name, part.course_id, part.key, b.confirmed, sum(b.weight)
    FROM ({rows}) AS b CROSS JOIN LATERAL (VALUES
        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)
    ) AS part (name, course_id, key)
    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(b.weight) <> 0
"""
_ROWS = "SELECT course_id, course_stream, referral_code, confirmed, {} AS weight FROM {}"


def counted_parts(*rows: tuple[int, str]) -> str:
    """Write the query that counts these tables by stream and by code, each with its weight."""
    return COUNTED.format(rows=" UNION ALL ".join(_ROWS.format(weight, table) for weight, table in rows))


def count_bookings() -> list[pgtrigger.Trigger]:
    """Add each change of a booking to ``bookings_bookingcount``, once for a statement; record_new counts new ones."""
    added, gone = (1, "new_rows"), (-1, "old_rows")
    return [
        _counts(pgtrigger.Update, counted_parts(added, gone), new="new_rows", old="old_rows"),
        _counts(pgtrigger.Delete, counted_parts(gone), old="old_rows"),
        _counts(pgtrigger.Truncate, "SELECT part, course_id, key, status, -number FROM bookings_bookingcount"),
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
