"""Triggers that write down what happened, in the transaction in which it happened: the bot's raw SQL counts too."""

import pgtrigger

# Who, why and from where, as the writer's pghistory.context() says it. The bot's raw SQL has no context; after a
# transaction that had one the setting of the session is an empty text.
CONTEXT = [("context", "jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '')")]
WHO_AND_WHY = "changed_by_id, reason, origin"
READ_CONTEXT = """
                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,
                COALESCE(context->>'reason', ''),
                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END"""


def record_status_change() -> pgtrigger.Trigger:
    """Write a row for a new booking and for every status that became another, none for one that stayed the same."""
    return pgtrigger.Trigger(
        name="record_status_change",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("confirmed"),
        declare=CONTEXT,
        func=f"""
            IF TG_OP = 'INSERT' THEN
                INSERT INTO bookings_bookingchange (booking_id, user_id, status, is_new, {WHO_AND_WHY})
                VALUES (NEW.id, NEW.user_id, NEW.confirmed, true, {READ_CONTEXT});
            ELSIF NEW.confirmed IS DISTINCT FROM OLD.confirmed THEN
                INSERT INTO bookings_bookingchange (booking_id, user_id, was, status, is_new, {WHO_AND_WHY})
                VALUES (NEW.id, NEW.user_id, OLD.confirmed, NEW.confirmed, false, {READ_CONTEXT});
            END IF;
            RETURN NULL;
            """,  # noqa: S608 - texts of ours
    )


def record_registration() -> pgtrigger.Trigger:
    """Write a row for every new registration; the bot's ON CONFLICT … DO UPDATE of an old one writes none."""
    return pgtrigger.Trigger(
        name="record_registration",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        declare=CONTEXT,
        func=f"""
            INSERT INTO bookings_bookingchange (registration_id, user_id, is_new, {WHO_AND_WHY})
            VALUES (NEW.id, NEW.user_id, true, {READ_CONTEXT});
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
