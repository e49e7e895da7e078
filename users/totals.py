"""The upkeep of ``person_totals``: fold in who was marked, let leads cool, rebuild, and prove it right."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

PEOPLE_AT_ONCE = 2_000  # people: a batch is counted in well under a second, and holds its locks no longer

COLUMNS = (
    "name_key",
    "language_code",
    "first_seen_at",
    "bookings",
    "events",
    "lessons",
    "has_active_booking",
    "latest_stream",
    "latest_status",
    "last_activity_at",
    "temperature",
    "cools_on",
    "blocked",
    "search_text",
    "lesson_types",
)


@dataclass(frozen=True)
class Difference:
    """A count that is kept, and what counting it anew gives; a missing side is None."""

    user_id: int
    column: str
    kept: str | None
    counted: str | None


def fold_marked_people() -> int:
    """Count again whom a trigger could only mark; return how many marks are left for the next time."""
    for people in _batches("SELECT DISTINCT user_id FROM person_totals_pending"):
        _run("SELECT person_totals_fold(%s)", [people])
    return int(_run("SELECT count(*) FROM person_totals_pending"))


def fold_some_marked_people() -> list[int]:
    """The same for whoever looks at the people now, in one query; return whom another transaction still holds."""
    waiting: list[int] = _run("SELECT person_totals_fold_some(%s)", [PEOPLE_AT_ONCE // 4])
    return waiting


def cool_leads() -> int:
    """Count again whose active days have left the window since; return how many people that were."""
    cooled = 0
    for people in _batches("SELECT user_id FROM person_totals WHERE cools_on <= school_today()"):
        _run("SELECT person_totals_recount(%s)", [people])
        cooled += len(people)
    return cooled


def rebuild_totals() -> int:
    """Count everybody again, batch by batch, while the bot goes on writing; return how many people there are."""
    counted = 0
    for people in _batches("SELECT user_id FROM users UNION SELECT user_id FROM person_totals"):
        _run("SELECT person_totals_fold(%s)", [people])
        counted += len(people)
    fold_marked_people()
    return counted


def totals_differences() -> Iterator[Difference]:
    """Compare what is kept with the rows themselves. Each batch is one statement, so writers change nothing."""
    names = ", ".join(COLUMNS)
    # A lead whose window moved on is not wrong, only due: cool_leads() comes for it.
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
    for people in _batches("SELECT user_id FROM users UNION SELECT user_id FROM person_totals"):
        with connection.cursor() as cursor:
            cursor.execute(query, {"people": people})
            rows = cursor.fetchall()
        for kept_id, counted_id, kept_row, counted_row in rows:
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


def _batches(query: str) -> Iterator[list[int]]:
    """Walk the ids that ``query`` selects, in order, each batch a query of its own and so never stale."""
    last = None
    batch = f"""
        SELECT array_agg(user_id ORDER BY user_id) FROM (
            SELECT user_id FROM ({query}) AS everybody
            WHERE %(last)s::bigint IS NULL OR user_id > %(last)s
            ORDER BY user_id LIMIT %(size)s
        ) AS batch
    """  # noqa: S608 - the queries are those above
    while True:
        with connection.cursor() as cursor:
            cursor.execute(batch, {"last": last, "size": PEOPLE_AT_ONCE})
            people = cursor.fetchone()[0]
        if not people:
            return
        yield people
        last = people[-1]


def _run(query: str, params: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()[0]
