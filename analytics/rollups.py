"""Upkeep of the derived tables: bring them up to date, count them anew, compare them with their sources.

Past days are counted once; today is counted when somebody looks. Triggers mark what is written late, changed or
deleted. What was just written is found by its time, so an INSERT of the bot pays for no mark.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db import transaction

from analytics.models import Refresh
from bookings.services.confirmations import confirmation_differences, rebuild_confirmations
from hsl_dashboard.db import batches_of, run_sql, sql_value
from hsl_dashboard.web.days import day_begins, school_day, week_of
from users.models import SealedDay

T = TypeVar("T")

NAME = "numbers"
# Bots exist since this day: rows with an earlier date count on no day. The SQL functions name the same one.
FIRST_DAY = date(2015, 6, 24)
EVERYBODY = "SELECT user_id FROM users UNION SELECT user_id FROM analytics_journey"
# The cost of a batch grows with its square: in 1,000 people each took 7 ms, in 100 each took 2 ms.
PEOPLE_AT_ONCE, DAYS_AT_ONCE = 100, 30
# A row may be committed this long after its own timestamp; the trigger that marks late rows ignores five minutes.
SLACK = timedelta(minutes=15)
COHORTS_EVERY = timedelta(minutes=5)  # the week that is not over
STAYS_OPEN = timedelta(hours=2)  # of the next day: what is committed late still reaches the day before


def refresh_numbers(at: datetime) -> bool:
    """Count what has changed since the last time, the first time everything; False when another process is at it."""
    if not Refresh.objects.filter(name=NAME).exists():
        rebuild_numbers(at)
        return True
    with transaction.atomic():
        # Another worker that is at it holds the row until its counts are committed.
        last = Refresh.objects.select_for_update(skip_locked=True).filter(name=NAME).first()
        if last is None:
            return False
        people, days, everything = _take_marks()
        if not everything:
            _count_changes(last, at, people, days)
    if everything:
        rebuild_numbers(at)
    return True


def counted_until(at: datetime) -> date | None:
    """Count what is due, and give the last day that is counted for good: days until then may be sealed."""
    refresh_numbers(at)
    last = Refresh.objects.filter(name=NAME).values_list("counted_until", flat=True).first()
    return last - timedelta(days=1) if last else None  # a day stays open for some hours of the next


def sealed_days() -> set[date]:
    """Days whose events have lost their details: what was counted of them stays, and nothing counts them again."""
    return set(SealedDay.objects.values_list("day", flat=True))


def rebuild_numbers(at: datetime) -> dict[str, int]:
    """Count every derived table anew, batch by batch, while the bot keeps writing; return how many rows each has."""
    _take_marks()
    confirmations = rebuild_confirmations()
    people = 0
    for batch in batches_of(EVERYBODY, size=PEOPLE_AT_ONCE):
        run_sql("SELECT journeys_recount(%s::bigint[])", [batch])
        people += len(batch)
    run_sql("DELETE FROM analytics_daycount WHERE day < %s OR day >= %s", [FIRST_DAY, school_day(at)])
    sealed = sealed_days()
    days = [day for day in _days_with_rows(school_day(at)) if day not in sealed]
    _recount_days(days)
    weeks = sorted({week_of(day) for day in [*days, *sealed, school_day(at)]})
    run_sql("DELETE FROM analytics_cohortcell WHERE NOT week = ANY (%s::date[])", [weeks])
    _recount_weeks(weeks)
    _finished(at, cohorts_at=at)
    return {"bookings_confirmation": confirmations, "analytics_journey": people, "analytics_daycount": len(days)}


def number_differences(at: datetime) -> Iterator[str]:
    """Say what differs from its source, a sentence each; what is marked or too new to be counted is due, not wrong."""
    for number, kept, found in confirmation_differences():
        yield f"bookings_confirmation: booking {number} is {kept}, found {found}"
    last = Refresh.objects.filter(name=NAME).first()
    if last is None:
        return  # the first refresh is still to come: all of it is due
    people, days, everything = _read_marks("SELECT user_id, day FROM users_numbermark")
    if everything:
        yield "analytics: a table was emptied, everything is to be counted again"
        return
    due = people | set(_recent_people(last.at - SLACK, at))
    yield from _journey_differences(due)
    # A first sign that is due may move days and weeks; with nothing due this is exact.
    if not due:
        left = days | sealed_days()
        yield from _day_differences(left, last.counted_until)
        yield from _week_differences({week_of(day) for day in left} | {week_of(school_day(at))})


# Changes --------------------------------------------------------------------------------------------------------------


def _count_changes(last: Refresh, at: datetime, people: set[int], days: set[date]) -> None:
    people |= set(_recent_people(last.at - SLACK, at))
    for batch in _batches(sorted(people), PEOPLE_AT_ONCE):
        days |= {day for (day,) in run_sql("SELECT journeys_recount(%s::bigint[])", [batch])}
    today = school_day(at)
    days |= {last.counted_until + timedelta(days=n + 1) for n in range((today - last.counted_until).days - 1)}
    if school_day(at - STAYS_OPEN) < today:
        days.add(today - timedelta(days=1))
    _recount_days(sorted(day for day in days if FIRST_DAY <= day < today))
    weeks = {week_of(day) for day in days if FIRST_DAY <= day <= today}
    cohorts_due = at - last.cohorts_at >= COHORTS_EVERY
    if cohorts_due:
        # The last one too: its Sunday may have ended since.
        weeks |= {week_of(school_day(last.cohorts_at)), week_of(today)}
    _recount_weeks(sorted(weeks))
    _finished(at, cohorts_at=at if cohorts_due else last.cohorts_at)


def _finished(at: datetime, *, cohorts_at: datetime) -> None:
    until = school_day(at) - timedelta(days=1)
    Refresh.objects.update_or_create(name=NAME, defaults={"at": at, "counted_until": until, "cohorts_at": cohorts_at})


def _take_marks() -> tuple[set[int], set[date], bool]:
    # Taken first and counted in a later statement: a mark that comes meanwhile stays, for a row not seen yet.
    return _read_marks("DELETE FROM users_numbermark RETURNING user_id, day")


def _read_marks(marks: str) -> tuple[set[int], set[date], bool]:
    """Give the marked people and days, and whether everything is marked; days outside of our calendar count nowhere."""
    rows = run_sql(
        f"WITH marks AS ({marks}) SELECT DISTINCT user_id, CASE WHEN day BETWEEN %s AND school_today() THEN day END,"  # noqa: S608
        " user_id IS NULL AND day IS NULL FROM marks",
        [FIRST_DAY],
    )
    people = {user_id for user_id, _day, _all in rows if user_id is not None}
    return people, {day for _user, day, _all in rows if day is not None}, any(everything for *_, everything in rows)


def _recent_people(since: datetime, until: datetime) -> list[int]:
    """List who has a row from between two moments; four looks into indexes, and one at whoever is marked."""
    return [
        user_id
        for (user_id,) in run_sql(
            "SELECT user_id FROM events WHERE created_at >= %(since)s AND created_at <= %(until)s"
            " UNION SELECT user_id FROM bookings WHERE created_at >= %(since)s AND created_at <= %(until)s"
            " UNION SELECT user_id FROM free_lesson_registrations"
            " WHERE registered_at >= %(since)s AND registered_at <= %(until)s"
            # People have no index by time but in their totals; the newest are marked, and not there yet.
            " UNION SELECT user_id FROM person_totals WHERE first_seen_at >= %(since)s AND first_seen_at <= %(until)s"
            " UNION SELECT user_id FROM users WHERE user_id = ANY (ARRAY(SELECT DISTINCT user_id FROM counting_marks))"
            " AND first_seen_at >= %(since)s AND first_seen_at <= %(until)s",
            {"since": since, "until": until},
        )
    ]


def _recount_days(days: Iterable[date]) -> None:
    sealed = sealed_days()
    for batch in _batches((day for day in days if day not in sealed), DAYS_AT_ONCE):
        run_sql("SELECT day_recount(%s::date[])", [batch])


def _recount_weeks(mondays: Iterable[date]) -> None:
    sealed = {week_of(day) for day in sealed_days()}
    for batch in _batches((monday for monday in mondays if monday not in sealed), DAYS_AT_ONCE):
        run_sql("SELECT week_recount(%s::date[])", [batch])


def _days_with_rows(today: date) -> list[date]:
    """List every day from the first one that has anything until yesterday."""
    first = sql_value(
        "SELECT school_day(least("
        " (SELECT min(created_at) FROM events WHERE created_at >= %(first)s),"
        " (SELECT min(created_at) FROM bookings WHERE created_at >= %(first)s),"
        " (SELECT min(registered_at) FROM free_lesson_registrations WHERE registered_at >= %(first)s),"
        " (SELECT min(sent_at) FROM message_recipients WHERE sent_at >= %(first)s),"
        " (SELECT min(first_at) FROM analytics_journey WHERE funnel = 'sign' AND scope = '' AND first_at >= %(first)s),"
        " %(end)s))",
        {"first": day_begins(FIRST_DAY), "end": day_begins(today)},
    )
    # The first day of the calendar holds the people who are older than it.
    return sorted({FIRST_DAY, *(first + timedelta(days=number) for number in range((today - first).days))})


# Comparing ------------------------------------------------------------------------------------------------------------


def _journey_differences(due: set[int]) -> Iterator[str]:
    columns = "funnel, scope, source, first_at, second_at, third_at, fourth_at, fifth_at"
    for batch in batches_of(EVERYBODY, size=PEOPLE_AT_ONCE):
        people = [person for person in batch if person not in due]
        yield from (
            f"analytics_journey: person {row[0]}, {row[1]} “{row[2]}”: {row[3]}, found {row[4]}"
            for row in run_sql(
                f"SELECT COALESCE(k.user_id, f.user_id), COALESCE(k.funnel, f.funnel), COALESCE(k.scope, f.scope),"  # noqa: S608
                f" to_jsonb(k)::text, to_jsonb(f)::text"
                f" FROM (SELECT user_id, {columns} FROM analytics_journey WHERE user_id = ANY (%(people)s)) AS k"
                f" FULL JOIN person_journeys(%(people)s::bigint[]) AS f"
                f" ON f.user_id = k.user_id AND f.funnel = k.funnel AND f.scope = k.scope"
                f" WHERE to_jsonb(k) IS DISTINCT FROM to_jsonb(f)",
                {"people": people or [0]},
            )
        )


def _day_differences(due: set[date], until: date) -> Iterator[str]:
    days = [day for day in _days_with_rows(until + timedelta(days=1)) if day not in due]
    for batch in _batches(days, DAYS_AT_ONCE):
        yield from (
            f"analytics_daycount: {day} {kind} {key}: {kept}, counted {counted}"
            for day, kind, key, kept, counted in run_sql(
                "SELECT COALESCE(k.day, c.day), COALESCE(k.kind, c.kind), COALESCE(k.key, c.key), k.number, c.number"
                " FROM (SELECT * FROM analytics_daycount WHERE day = ANY (%(days)s::date[])) AS k"
                " FULL JOIN (SELECT w.day, c.* FROM unnest(%(days)s::date[]) AS w (day)"
                "  CROSS JOIN LATERAL day_counts(w.day) AS c WHERE c.number > 0) AS c"
                " ON c.day = k.day AND c.kind = k.kind AND c.key = k.key"
                " WHERE k.number IS DISTINCT FROM c.number",
                {"days": batch},
            )
        )


def _week_differences(due: set[date]) -> Iterator[str]:
    weeks = [
        week for (week,) in run_sql("SELECT DISTINCT week FROM analytics_cohortcell ORDER BY 1") if week not in due
    ]
    yield from (
        f"analytics_cohortcell: week {week}, cohort {cohort}: {kept}, counted {counted}"
        for week, cohort, kept, counted in run_sql(
            "SELECT COALESCE(k.week, c.week), COALESCE(k.cohort, c.cohort), k.people, c.people"
            " FROM (SELECT * FROM analytics_cohortcell WHERE week = ANY (%(weeks)s::date[])) AS k"
            " FULL JOIN (SELECT w.week, c.* FROM unnest(%(weeks)s::date[]) AS w (week)"
            "  CROSS JOIN LATERAL week_cohorts(w.week) AS c) AS c ON c.week = k.week AND c.cohort = k.cohort"
            " WHERE k.people IS DISTINCT FROM c.people",
            {"weeks": weeks},
        )
    )


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = list(items)
    yield from (rest[start : start + size] for start in range(0, len(rest), size))
