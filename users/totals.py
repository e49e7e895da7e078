"""Upkeep of ``person_totals``: recount marked people, cool leads, rebuild, and compare with the sources."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hsl_dashboard.db import batches_of, run_sql, sql_value
from users.models import PersonTotals

PEOPLE_AT_ONCE = 2_000  # people: a batch is counted in well under a second, and holds its locks no longer

COLUMNS = tuple(field.name for field in PersonTotals._meta.concrete_fields if not field.primary_key)


@dataclass(frozen=True)
class Difference:
    """A stored total and its fresh count; a missing side is None."""

    user_id: int
    column: str
    kept: str | None
    counted: str | None


def fold_marked_people() -> int:
    """Recount the people whom a trigger has marked; return how many people are left."""
    for people in batches_of("SELECT DISTINCT user_id FROM counting_marks", size=PEOPLE_AT_ONCE):
        run_sql("SELECT person_totals_fold(%s)", [people])
    return marked_people()


def marked_people() -> int:
    return int(sql_value("SELECT count(DISTINCT user_id) FROM counting_marks"))


def recount_marked_people() -> list[int]:
    """Recount a batch of marked people in one query; return those whose totals another transaction still holds."""
    waiting: list[int] = sql_value("SELECT person_totals_fold_some(%s)", [PEOPLE_AT_ONCE // 4])
    return waiting


def cool_leads() -> int:
    """Recount people whose active days have left the window; return how many there were."""
    cooled = 0
    for people in batches_of("SELECT user_id FROM person_totals WHERE cools_on <= school_today()", size=PEOPLE_AT_ONCE):
        run_sql("SELECT person_totals_recount(%s)", [people])
        cooled += len(people)
    return cooled


def rebuild_totals() -> int:
    """Recount everybody, batch by batch, while the bot keeps writing; return the number of people."""
    counted = 0
    for people in batches_of("SELECT user_id FROM users UNION SELECT user_id FROM person_totals", size=PEOPLE_AT_ONCE):
        run_sql("SELECT person_totals_fold(%s)", [people])
        counted += len(people)
    fold_marked_people()
    return counted


def totals_differences() -> Iterator[Difference]:
    """Compare the stored totals with fresh counts; a batch is one statement, so both sides see the same rows."""
    names = ", ".join(COLUMNS)
    # A lead whose window has moved on is due, not wrong: cool_leads() will recount it.
    kept = names.replace("temperature, cools_on", "due.temperature, due.cools_on")
    query = f"""
        SELECT kept.user_id, counted.user_id, to_jsonb(kept), to_jsonb(counted) FROM (
            SELECT user_id, {kept} FROM person_totals_live AS t
            CROSS JOIN LATERAL (
                SELECT w.temperature, w.cools_on FROM person_temperature(t.user_id) AS w
                WHERE t.cools_on <= school_today()
                UNION ALL
                SELECT t.temperature, t.cools_on WHERE (t.cools_on <= school_today()) IS NOT TRUE
            ) AS due
            WHERE user_id = ANY (%(people)s)
        ) AS kept
        FULL JOIN (SELECT user_id, {names} FROM person_counts(%(people)s)) AS counted ON kept.user_id = counted.user_id
        WHERE to_jsonb(kept) IS DISTINCT FROM to_jsonb(counted)
    """  # noqa: S608 - names of columns only
    for people in batches_of("SELECT user_id FROM users UNION SELECT user_id FROM person_totals", size=PEOPLE_AT_ONCE):
        for kept_id, counted_id, kept_row, counted_row in run_sql(query, {"people": people}):
            yield from _differences(kept_id or counted_id, kept_row, counted_row)


def _differences(user_id: int, kept: str | None, counted: str | None) -> Iterator[Difference]:
    before: dict[str, Any] = json.loads(kept) if kept else {}
    after: dict[str, Any] = json.loads(counted) if counted else {}
    if not before or not after:
        yield Difference(user_id, "person", "kept" if before else None, "counted" if after else None)
        return
    for name in COLUMNS:
        if before[name] != after[name]:
            yield Difference(user_id, name, str(before[name]), str(after[name]))
