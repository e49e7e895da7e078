"""Triggers on the tables that name a person: the bot writes them before it writes the person."""

import pgtrigger


def create_missing_person(*, username: str, first_name: str, seen_at: str) -> pgtrigger.Trigger:
    """Make the person of a new row when ``users`` has nobody with that id.

    The bot inserts bookings, events and registrations of people it has not stored yet, and must not fail on
    the foreign key. The arguments are SQL expressions over NEW; blank names are stored as NULL.
    """
    return pgtrigger.Trigger(
        name="create_missing_person",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("user_id"),
        func=f"""
            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)
            SELECT NEW.user_id, NULLIF({username}, ''), NULLIF({first_name}, ''), {seen_at}, {seen_at}
            WHERE NEW.user_id IS NOT NULL
            ON CONFLICT (user_id) DO NOTHING;
            RETURN NEW;
        """,
    )
