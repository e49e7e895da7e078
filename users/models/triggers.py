"""Triggers on the tables that name a person: the bot writes them before it writes the person."""

from typing import Any

import pgtrigger

from hsl_dashboard.db import LightTrigger


def create_missing_person(*, username: str, first_name: str, seen_at: str, condition: str = "") -> pgtrigger.Trigger:
    """Create the person of a new row if ``users`` lacks them, and fill in a name that is missing there.

    The bot inserts bookings, events and registrations of people it has not stored yet, and must not fail on
    the foreign key. The arguments are SQL expressions over NEW; blank names are stored as NULL. What the bot itself
    has stored in ``users`` is newer than any row that names them, and stays. Rows that do not meet ``condition`` are
    ours and never name an unknown person.

    It never waits for a lock: ON CONFLICT alone would wait for a transaction that is changing that person, so the
    trigger looks first; a person locked by another transaction gets the name from the next row.
    """
    named = {
        column: f"NULLIF(btrim({sql}), '')"
        for column, sql in (("username", username), ("first_name", first_name))
        if sql != "NULL"
    }
    return LightTrigger(
        name="create_missing_person",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("user_id"),
        condition=pgtrigger.Condition(condition) if condition else None,
        declare=[("known", "record")],
        # One look for the many rows about somebody who is there and has a name.
        func=f"""
            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;
            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN
                INSERT INTO users (user_id, {"".join(f"{column}, " for column in named)}first_seen_at, updated_at)
                VALUES (NEW.user_id, {"".join(f"{sql}, " for sql in named.values())}{seen_at}, {seen_at})
                ON CONFLICT (user_id) DO NOTHING;
            {_name_the_nameless(named) if named else ""}
            END IF;
            RETURN NEW;
        """,  # noqa: S608 - only models call this
    )


def _name_the_nameless(named: dict[str, str]) -> str:
    values = ", ".join(f"{column} = COALESCE(NULLIF(btrim({column}), ''), {sql})" for column, sql in named.items())
    missing = " OR ".join(
        f"({sql} IS NOT NULL AND COALESCE(btrim({{0}}{column}), '') = '')" for column, sql in named.items()
    )
    return f"""
            ELSIF {missing.format("known.")} THEN
                UPDATE users SET {values} WHERE user_id = (
                    SELECT user_id FROM users WHERE user_id = NEW.user_id AND ({missing.format("")})
                    FOR NO KEY UPDATE SKIP LOCKED
                );
    """.strip()  # noqa: S608 - as above


# What the triggers below hand over: the ids of the people whom a statement touched.
COUNT_AGAIN = "PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM new_rows));"
MARK = "INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM {} WHERE user_id IS NOT NULL;"
MARK_EVERYBODY = "INSERT INTO counting_marks (user_id) SELECT user_id FROM users;"
# What is younger is found by its time at the next refresh, so the bot's usual INSERT only pays for this comparison.
LATE = "interval '5 minutes'"


def mark_new(*, at: str, about: str = "NULL") -> pgtrigger.Trigger:
    """Mark the person of a new row, and its day too when it is written late.

    What the bot inserts is frequent: it pays for an appended mark, and beat counts. For each row, since a table of the
    new rows of one INSERT costs more than the mark. ``at`` is the column with the row's moment; ``about`` is SQL for
    what was written.
    """
    return LightTrigger(
        name="person_totals_insert",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        func=f"{mark_person(about)}{mark_late(at)}RETURN NULL;",
    )


def mark_person(about: str) -> str:
    """Write the one mark that a new row appends: whoever counts by it reads ``about``, so that no other is needed."""
    return f"""
            IF NEW.user_id IS NOT NULL THEN
                INSERT INTO counting_marks (user_id, about) VALUES (NEW.user_id, {about});
            END IF;
            """  # noqa: S608 - of models


def mark_late(at: str) -> str:
    """Write what marks the day of a late row, for a trigger that fires anyway.

    A trigger of its own with a condition costs 2.5 µs at each row that does not meet it: PostgreSQL reads the condition
    anew at each statement.
    """
    return f"""IF NEW.{at} < now() - {LATE} THEN
                INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.{at}));
            END IF;
            """  # noqa: S608 - of models


def keep_person_totals(*, columns: tuple[str, ...], insert: pgtrigger.Trigger | None = None) -> list[pgtrigger.Trigger]:
    """Keep ``person_totals`` up to date on every write to this table, of one row or ten thousand.

    Statement-level, so that a bulk insert is one count; the functions they call stand in users/sql/.
    An UPDATE counts when the person or one of ``columns`` changed: the bot touches ``updated_at`` at every message.
    """
    changed = f"""
        PERFORM person_totals_recount(ARRAY(
            SELECT DISTINCT user_id FROM {_changed(columns)}
        ));
    """  # noqa: S608 - names of columns only
    return [
        insert or _after(pgtrigger.Insert, COUNT_AGAIN, new="new_rows"),
        _after(pgtrigger.Update, changed, old="old_rows", new="new_rows"),
        _after(pgtrigger.Delete, COUNT_AGAIN.replace("new_rows", "old_rows"), old="old_rows"),
        _after(pgtrigger.Truncate, "PERFORM person_totals_recount_everybody();"),
    ]


def mark_for_counting(*, at: str, about: str, columns: tuple[str, ...]) -> list[pgtrigger.Trigger]:
    """Mark the people whom a write to this table touches, and count nobody: beat does, every few seconds."""
    return [
        mark_new(at=at, about=about),
        _after(pgtrigger.Update, MARK.format(_changed(columns)), old="old_rows", new="new_rows"),
        _after(pgtrigger.Delete, MARK.format("old_rows"), old="old_rows"),
        _after(pgtrigger.Truncate, MARK_EVERYBODY),
    ]


def _changed(columns: tuple[str, ...]) -> str:
    counted = ", ".join(("user_id", *columns))
    return f"""(
                (SELECT {counted} FROM old_rows EXCEPT ALL SELECT {counted} FROM new_rows)
                UNION ALL
                (SELECT {counted} FROM new_rows EXCEPT ALL SELECT {counted} FROM old_rows)
            ) AS changed"""  # noqa: S608 - names of columns only


def _after(operation: pgtrigger.Operation, func: str, **rows: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"person_totals_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows) if rows else None,
        func=f"{func} RETURN NULL;",
    )


def mark_for_numbers(
    *, at: str, columns: tuple[str, ...], person: str = "user_id", inserted: bool = False
) -> list[pgtrigger.Trigger]:
    """Mark the day and the person of a row that is changed or deleted: what counted it counts again.

    ``at`` is the column with the row's moment, ``columns`` what else is counted about it, ``person`` an SQL name or
    NULL. Those ``inserted`` late are marked here where no other trigger does (mark_late). Marks are only added, and
    wait for nobody; ``analytics.rollups`` takes them away.
    """

    def values(row: str) -> str:
        whose = person if person == "NULL" else f"{row}.{person}"
        return f"({whose}, school_day({row}.{at}))"

    compared = (at, *columns) if person == "NULL" else (person, at, *columns)
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in compared)
    late = pgtrigger.Condition(f"NEW.{at} < now() - {LATE}")
    return [
        *([_marks(pgtrigger.Insert, values("NEW"), condition=late)] if inserted else []),
        _marks(pgtrigger.Update, f"{values('OLD')}, {values('NEW')}", condition=pgtrigger.Condition(changed)),
        _marks(pgtrigger.Delete, values("OLD")),
        # A mark without a person and without a day stands for everything.
        _marks(pgtrigger.Truncate, "(NULL, NULL)", level=pgtrigger.Statement),
    ]


def _marks(operation: pgtrigger.Operation, values: str, **options: Any) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"numbers_{str(operation).lower()}",
        when=pgtrigger.After,
        operation=operation,
        func=f"INSERT INTO users_numbermark (user_id, day) VALUES {values}; RETURN NULL;",  # noqa: S608 - of models
        **options,
    )
