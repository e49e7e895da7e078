"""Every number of the pages, one query each; definitions.py says what it means."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from analytics.models import CohortCell, Journey, Refresh
from analytics.rollups import FIRST_DAY, NAME
from hsl_dashboard.db import loose_scan, run_sql, sql_value
from hsl_dashboard.web.days import Days, week_of
from users.models.events import NOT_THEIR_OWN

Funnel = Journey.Funnel
# Beat counts a day with more events and messages than this every minute; requests do not: 80,000 take 200 ms.
MANY_ROWS = 10_000
REMEMBERED = 150  # seconds: beat runs twice in that time
LIVE_DAYS = 4  # today, and the days that beat has not counted yet: more of them cost too much at a request


@dataclass(frozen=True)
class Freshness:
    """Until when the derived tables are counted; None: they are being counted for the first time."""

    at: datetime | None
    counted_until: date | None

    @classmethod
    def read(cls) -> "Freshness":
        row = Refresh.objects.filter(name=NAME).first()
        return cls(row.at, row.counted_until) if row else cls(None, None)

    def live(self, days: Days) -> list[date]:
        """List the days of a span that are counted now, from the indexes."""
        until = self.counted_until or days.last - timedelta(days=1)
        return [day for day in days if day > until][:LIVE_DAYS]


# By day ---------------------------------------------------------------------------------------------------------------


# A row for each kind and not for each day: a year of eight kinds took Python longer to read than PostgreSQL to find.
BY_DAY = """
    SELECT kind, json_object_agg(day - %(first)s, number)::text FROM (
        SELECT kind, day, sum(number) AS number FROM analytics_daycount
        WHERE kind = ANY (%(kinds)s) AND day BETWEEN %(first)s AND %(last)s AND NOT day = ANY (%(live)s::date[])
        GROUP BY kind, day
    ) AS counted GROUP BY kind
"""


def numbers_by_day(days: Days, kinds: Sequence[str], fresh: Freshness) -> dict[str, dict[date, int]]:
    """Count ``kinds`` for each day that has any: kind to day to number (two queries)."""
    found: dict[str, dict[date, int]] = {kind: {} for kind in kinds}
    live = fresh.live(days)
    for kind, by_place in run_sql(BY_DAY, {"kinds": list(kinds), "first": days.first, "last": days.last, "live": live}):
        found[kind] = {days.first + timedelta(days=int(place)): n for place, n in json.loads(by_place).items()}
    for day, kind, _key, number in live_counts(live):
        if kind in found:
            found[kind][day] = found[kind].get(day, 0) + number
    return found


def live_counts(days: Sequence[date]) -> list[tuple[date, str, str, int]]:
    """Count days that are not over: day, kind, key, number (one query, none when all of them are remembered)."""
    remembered = {day: counted for day in days if (counted := remembered_counts(day))}
    found = [(day, *row) for day, counted in remembered.items() for row in counted.rows]
    for day, rows in _count([day for day in days if day not in remembered]).items():
        found += [(day, *row) for row in rows]
    return found


@dataclass(frozen=True)
class CountedDay:
    """What a day with very many rows held at a moment."""

    at: datetime
    rows: list[tuple[str, str, int]]


def remembered_counts(day: date) -> CountedDay | None:
    counted: CountedDay | None = cache.get(_remembered(day))
    return counted


def count_day(day: date) -> list[tuple[str, str, int]]:
    """Count a day from the indexes; one with very many rows is remembered, and beat counts it again in time."""
    return _count([day])[day]


def _count(days: Sequence[date]) -> dict[date, list[tuple[str, str, int]]]:
    found: dict[date, list[tuple[str, str, int]]] = {day: [] for day in days}
    if days:
        for day, kind, key, number in run_sql(
            "SELECT w.day, c.kind, c.key, c.number FROM unnest(%s::date[]) AS w (day)"
            " CROSS JOIN LATERAL day_counts(w.day) AS c WHERE c.number > 0",
            [list(days)],
        ):
            found[day].append((kind, key, number))
    for day, rows in found.items():
        _remember(day, rows)
    return found


def _remember(day: date, rows: list[tuple[str, str, int]]) -> None:
    if sum(number for kind, _key, number in rows if kind in {"event", "delivered"}) >= MANY_ROWS:
        cache.set(_remembered(day), CountedDay(timezone.now(), rows), REMEMBERED)


def _remembered(day: date) -> str:
    return f"analytics:day:{day}"


def people_before(day: date) -> int:
    """Count the people whose first sign of life is before a day."""
    number = sql_value(
        "SELECT COALESCE(sum(number), 0) FROM analytics_daycount WHERE kind = 'new' AND day BETWEEN %s AND %s",
        [FIRST_DAY, day - timedelta(days=1)],
    )
    return int(number)


@dataclass(frozen=True)
class EventShare:
    """A type of events, how many there were, and their share of all."""

    event_type: str
    number: int
    percent: int


def events_by_type(days: Days, fresh: Freshness) -> list[EventShare]:
    """Count the events of a span by type, the most frequent first."""
    live = fresh.live(days)
    rows = run_sql(
        "SELECT key, sum(number)::bigint FROM analytics_daycount"
        " WHERE kind = 'event' AND day BETWEEN %(first)s AND %(last)s AND NOT day = ANY (%(live)s::date[])"
        " GROUP BY key",
        {"first": days.first, "last": days.last, "live": live},
    )
    numbers: dict[str, int] = dict(rows)
    for _day, kind, key, number in live_counts(live):
        if kind == "event":
            numbers[key] = numbers.get(key, 0) + number
    total = sum(numbers.values())
    return [
        EventShare(event_type, number, percent_of(number, total) or 0)
        for event_type, number in sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    ]


def hours_of_week(days: Days, fresh: Freshness) -> list[list[int]]:
    """Count people's own events: seven weekdays, Monday first, of twenty-four hours."""
    grid = [[0] * 24 for _weekday in range(7)]
    live = fresh.live(days)
    for weekday, hour, number in run_sql(
        "SELECT extract(isodow FROM day)::integer, key, sum(number)::bigint FROM analytics_daycount"
        " WHERE kind = 'hour' AND day BETWEEN %(first)s AND %(last)s AND NOT day = ANY (%(live)s::date[])"
        " GROUP BY 1, 2",
        {"first": days.first, "last": days.last, "live": live},
    ):
        grid[weekday - 1][int(hour)] = number
    for day, kind, key, number in live_counts(live):
        if kind == "hour":
            grid[day.weekday()][int(key)] += number
    return grid


# Funnels --------------------------------------------------------------------------------------------------------------

STEPS = ("first_at", "second_at", "third_at", "fourth_at", "fifth_at")
LENGTH = {Funnel.COURSE: 5, Funnel.LESSON: 4}
NO_SOURCE = "-"  # of people whose source is not known; a code of the bot holds letters and digits


@dataclass(frozen=True)
class FunnelQuestion:
    """Whom a funnel counts: the period of the first step, the scope, the source, and the time that later steps have."""

    funnel: Journey.Funnel
    days: Days
    scope: str = ""
    source: str = ""  # empty: everybody; NO_SOURCE: those without one
    window: int | None = None  # days; None: until now
    course_id: int | None = None  # of the stream that the scope names

    def condition(self, scope: str) -> tuple[str, dict[str, Any]]:
        """Give the SQL for the journeys of a scope whose first step lies in the period."""
        sql = "funnel = %(funnel)s AND scope = %(scope)s AND first_at >= %(begins)s AND first_at < %(ends)s"
        if self.source:
            sql += " AND source = %(source)s"
        return sql, {
            "funnel": self.funnel.value,
            "scope": scope,
            "begins": self.days.begins,
            "ends": self.days.ends,
            "source": "" if self.source == NO_SOURCE else self.source,
        }

    def scope_of(self, step: int) -> str:
        """Say in which scope a step is counted.

        Everybody who started is asked whether they took a course, and a programme is that of the stream's course. The
        people of a lesson are those who registered for it.
        """
        if self.funnel == Funnel.COURSE and step == 1:
            return ""
        if step == 2 and self.course_id is not None:
            return f"course:{self.course_id}"
        return self.scope


@dataclass(frozen=True)
class FunnelStep:
    """A step: its people, both rates in whole percent, and how long it took from the step before, in seconds."""

    number: int  # from 1
    people: int
    of_first: int | None
    of_previous: int | None
    median: int | None
    slow: int | None  # the 75th percentile


def funnel_steps(asked: FunnelQuestion) -> list[FunnelStep]:
    """Count a funnel (one query, and one for each step that is counted in another scope)."""
    count = LENGTH[asked.funnel]
    within = [STEPS[0], *(_within(column, asked.window) for column in STEPS[1:count])]
    columns = ["count(*)"]
    for before, here in pairwise(within):
        spell = f"extract(epoch FROM ({here}) - ({before}))"
        both = f"WHERE ({here}) IS NOT NULL AND ({before}) IS NOT NULL"
        in_order = f"WHERE ({here}) >= ({before})"
        columns += [
            f"count({here})",
            f"count(*) FILTER ({both})",
            f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {spell}) FILTER ({in_order})",
            f"percentile_cont(0.75) WITHIN GROUP (ORDER BY {spell}) FILTER ({in_order})",
        ]
    condition, params = asked.condition(asked.scope)
    [row] = run_sql(
        f"SELECT {', '.join(columns)} FROM analytics_journey WHERE {condition}",  # noqa: S608 - columns of ours
        {**params, "window": asked.window},
    )
    base = _people_in(asked, 1) if asked.scope_of(1) != asked.scope else row[0]
    steps = [FunnelStep(1, base, 100 if base else None, None, None, None)]
    for number in range(2, count + 1):
        people, took_both, median, slow = row[1 + 4 * (number - 2) : 5 + 4 * (number - 2)]
        if asked.scope_of(number) != asked.scope:
            people = _people_in(asked, number)
            took_both = people if number == 2 else took_both
        steps.append(
            FunnelStep(
                number,
                people,
                percent_of(people, base),
                percent_of(took_both, steps[-1].people),
                None if median is None else round(median),
                None if slow is None else round(slow),
            )
        )
    return steps


def _people_in(asked: FunnelQuestion, step: int) -> int:
    condition, params = asked.condition(asked.scope_of(step))
    column = _within(STEPS[step - 1], asked.window if step > 1 else None)
    query = f"SELECT count({column}) FROM analytics_journey WHERE {condition}"  # noqa: S608 - columns of ours
    people = sql_value(query, {**params, "window": asked.window})
    return int(people)


def funnel_people(asked: FunnelQuestion, step: int) -> "QuerySet[Journey]":
    """Give the journeys of the people of a step, the latest first: as many as the step says."""
    rows = Journey.objects.filter(
        funnel=asked.funnel, scope=asked.scope_of(step), first_at__gte=asked.days.begins, first_at__lt=asked.days.ends
    )
    if asked.source:
        rows = rows.filter(source="" if asked.source == NO_SOURCE else asked.source)
    if step > 1:
        column = STEPS[step - 1]
        rows = rows.filter(**{f"{column}__isnull": False})
        if asked.window is not None:
            rows = rows.extra(  # noqa: S610 - columns of ours
                where=[f"{column} < first_at + make_interval(days => %s)"], params=[asked.window]
            )
    return rows.order_by("-first_at", "user_id")


def funnel_scopes(funnel: Journey.Funnel) -> list[str]:
    """List the scopes that occur, by jumps through the index."""
    # Beyond "", which everybody has: the first jump does not pass all of them.
    where = f"funnel = '{funnel.value}' AND scope > ''"
    scopes = loose_scan("scope", column="scope", table="analytics_journey", where=where)
    return [scope for _name, scope in run_sql(f"{scopes} LIMIT 200")]


def funnel_sources(asked: FunnelQuestion) -> list[str]:
    """List the sources of the people in the period."""
    rows = Journey.objects.filter(
        funnel=asked.funnel, scope="", first_at__gte=asked.days.begins, first_at__lt=asked.days.ends
    )
    return list(rows.exclude(source="").order_by("source").values_list("source", flat=True).distinct()[:100])


def _within(column: str, window: int | None) -> str:
    if window is None:
        return column
    return f"CASE WHEN {column} < first_at + make_interval(days => %(window)s) THEN {column} END"


# Cohorts and lists ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cohort:
    """The people of a week, and how many of them were active in each week since; the last one may not be over."""

    monday: date
    people: int
    active: list[int]


# Whether a person did something in a week. Each is looked up in the indexes by person; without OFFSET, PostgreSQL lists
# everybody who was active that week, which takes ten times as long.
ACTIVE = """(
    EXISTS (SELECT FROM events AS e WHERE e.user_id = analytics_journey.user_id
        AND e.created_at >= %s AND e.created_at < %s AND e.event_type <> ALL (%s) OFFSET 0)
    OR EXISTS (SELECT FROM bookings AS b WHERE b.user_id = analytics_journey.user_id
        AND b.created_at >= %s AND b.created_at < %s OFFSET 0)
    OR EXISTS (SELECT FROM free_lesson_registrations AS r WHERE r.user_id = analytics_journey.user_id
        AND r.registered_at >= %s AND r.registered_at < %s OFFSET 0)
)"""


def weekly_cohorts(mondays: Sequence[date], today: date, fresh: Freshness) -> list[Cohort]:
    """Read the cohorts of these weeks, the latest first (two queries)."""
    if not mondays:
        return []
    cells: dict[date, dict[date, int]] = defaultdict(dict)
    for cohort, week, people in CohortCell.objects.filter(
        cohort__gte=min(mondays), cohort__lte=max(mondays), week__lte=today
    ).values_list("cohort", "week", "people"):
        cells[cohort][week] = people
    sizes: dict[date, int] = defaultdict(int)
    span = Days(min(mondays), max(mondays) + timedelta(days=6))
    for day, number in numbers_by_day(span, ["new"], fresh)["new"].items():
        sizes[week_of(day)] += number
    return [
        Cohort(monday, sizes[monday], [cells[monday].get(week, 0) for week in _mondays(monday, today)])
        for monday in sorted(mondays, reverse=True)
        if monday <= today
    ]


def people_of_cohort(monday: date, week: date) -> "QuerySet[Journey]":
    """Give the people of a cohort who were active in a week."""
    days = Days(week, week + timedelta(days=6))
    span = [days.begins, days.ends]
    rows = new_people(Days(monday, monday + timedelta(days=6)))
    return rows.extra(where=[ACTIVE], params=[*span, list(NOT_THEIR_OWN), *span, *span])  # noqa: S610 - a text of ours


def new_people(days: Days) -> "QuerySet[Journey]":
    """Give the people whose first sign of life lies in a span, the latest first."""
    rows = Journey.objects.filter(funnel=Funnel.SIGN, scope="", first_at__lt=days.ends)
    # As the counts by day do: people with dates from before there were bots are new on the very first day.
    if FIRST_DAY not in days:
        rows = rows.filter(first_at__gte=days.begins)
    return rows.order_by("-first_at", "user_id")


def _mondays(first: date, last: date) -> list[date]:
    return [first + timedelta(days=7 * number) for number in range((last - first).days // 7 + 1)]


def percent_of(part: int, whole: int) -> int | None:
    """Give whole percent, halves rounded up; None when there is nothing to divide by."""
    return (200 * part + whole) // (2 * whole) if whole else None
