"""Triggers that write down what happened, in the transaction in which it happened: the bot's raw SQL counts too."""

import pgtrigger


def record_status_change() -> pgtrigger.Trigger:
    """Write a row for a new booking and for every status that became another, none for one that stayed the same."""
    return pgtrigger.Trigger(
        name="record_status_change",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("confirmed"),
        func=pgtrigger.Func(
            """
            IF TG_OP = 'INSERT' THEN
                INSERT INTO bookings_bookingchange (booking_id, status, is_new)
                VALUES (NEW.id, NEW.confirmed, true);
            ELSIF NEW.confirmed IS DISTINCT FROM OLD.confirmed THEN
                INSERT INTO bookings_bookingchange (booking_id, was, status, is_new)
                VALUES (NEW.id, OLD.confirmed, NEW.confirmed, false);
            END IF;
            RETURN NULL;
            """
        ),
    )


def record_registration() -> pgtrigger.Trigger:
    """Write a row for every new registration; the bot's ON CONFLICT … DO UPDATE of an old one writes none."""
    return pgtrigger.Trigger(
        name="record_registration",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        func="INSERT INTO bookings_bookingchange (registration_id, is_new) VALUES (NEW.id, true); RETURN NULL;",
    )
