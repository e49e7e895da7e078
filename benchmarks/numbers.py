"""Figures of the pages beside the straightforward SQL of the same figure: same numbers, and how much quicker."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any

RUNS, RUNS_STRAIGHT = 9, 3  # the straightforward ones take seconds each
DAYS = 90
ACTIVE = """
    SELECT count(DISTINCT user_id) FROM (
        SELECT user_id FROM events WHERE created_at >= %(begins)s AND created_at < %(ends)s AND event_type NOT IN (
            'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
            'referral_created', 'bot_blocked')
        UNION SELECT user_id FROM bookings WHERE created_at >= %(begins)s AND created_at < %(ends)s
        UNION SELECT user_id FROM free_lesson_registrations
        WHERE registered_at >= %(begins)s AND registered_at < %(ends)s
    ) AS active
"""
FIRST_APPEARANCE = """
    SELECT count(*) FROM (
        SELECT user_id, min(at) AS first_at FROM (
            SELECT user_id, first_seen_at AS at FROM users
            UNION ALL SELECT user_id, created_at FROM events
            UNION ALL SELECT user_id, created_at FROM bookings
            UNION ALL SELECT user_id, registered_at FROM free_lesson_registrations
        ) AS signs GROUP BY user_id
    ) AS people WHERE first_at >= %(begins)s AND first_at < %(ends)s
"""
CONVERSION = """
    SELECT count(DISTINCT started.user_id), count(DISTINCT viewed.user_id), count(DISTINCT booked.user_id)
    FROM (
        SELECT user_id, min(created_at) AS at FROM events WHERE event_type = 'start_command' GROUP BY user_id
        HAVING min(created_at) >= %(begins)s AND min(created_at) < %(ends)s
    ) AS started
    LEFT JOIN events AS viewed
        ON viewed.user_id = started.user_id AND viewed.event_type = 'view_program' AND viewed.created_at >= started.at
    LEFT JOIN bookings AS booked ON booked.user_id = started.user_id AND booked.created_at >= started.at
"""
TYPES = """
    SELECT count(DISTINCT event_type), count(*) FROM events WHERE created_at >= %(begins)s AND created_at < %(ends)s
"""
RECEIVED = "SELECT sum(GREATEST(amount, 0)), count(*) FROM bookings_payment"
COHORT = """
    SELECT count(DISTINCT first.user_id) FROM (
        SELECT user_id, min(at) AS first_at FROM (
            SELECT user_id, first_seen_at AS at FROM users
            UNION ALL SELECT user_id, created_at FROM events
            UNION ALL SELECT user_id, created_at FROM bookings
            UNION ALL SELECT user_id, registered_at FROM free_lesson_registrations
        ) AS signs GROUP BY user_id HAVING min(at) >= %(monday)s AND min(at) < %(sunday)s
    ) AS first JOIN (
        SELECT user_id, created_at AS at FROM events WHERE event_type NOT IN (
            'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
            'referral_created', 'bot_blocked')
        UNION ALL SELECT user_id, created_at FROM bookings
        UNION ALL SELECT user_id, registered_at FROM free_lesson_registrations
    ) AS acts ON acts.user_id = first.user_id AND acts.at >= %(monday)s AND acts.at < %(sunday)s
"""


@dataclass(frozen=True)
class Figure:
    """One figure: how long each way takes in milliseconds, and whether both give the same."""

    name: str
    ours: float
    straight: float
    equal: bool


def _asked(query: str, params: dict[str, Any]) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()


def measure() -> list[Figure]:
    from django.utils import timezone

    from analytics import queries
    from hsl_dashboard.web.days import Days, school_day, week_of

    today = school_day(timezone.now())
    yesterday = Days(today - timedelta(days=1), today - timedelta(days=1))
    days = Days.until(today, count=DAYS)
    monday = week_of(today) - timedelta(days=7)
    week = Days(monday, monday + timedelta(days=6))
    fresh = queries.Freshness.read()

    def straight(query: str, span: Days = days) -> Callable[[], Any]:
        return partial(
            _asked, query, {"begins": span.begins, "ends": span.ends, "monday": week.begins, "sunday": week.ends}
        )

    def course() -> tuple[int, ...]:
        return tuple(
            step.people for step in queries.funnel_steps(queries.FunnelQuestion(queries.Funnel.COURSE, days))[:3]
        )

    def types() -> tuple[int, int]:
        shares = queries.events_by_type(days, fresh)
        return len(shares), sum(share.number for share in shares)

    def numbers(kind: str, span: Days) -> Callable[[], Any]:
        return lambda: _sum(kind, span, fresh, queries.numbers_by_day)

    def cohort() -> tuple[int]:
        return (queries.weekly_cohorts([monday], today, fresh)[0].active[0],)

    return [
        _compared("active people of a day", numbers("active", yesterday), straight(ACTIVE, yesterday)),
        _compared(f"new people, {DAYS} days", numbers("new", days), straight(FIRST_APPEARANCE)),
        _compared(f"start, programme, booking: people, {DAYS} days", course, straight(CONVERSION)),
        _compared(f"events by type, {DAYS} days", types, straight(TYPES)),
        _compared("a cohort in its first week", cohort, straight(COHORT)),
        _compared("money received, all years", _money, straight(RECEIVED)),
    ]


def _money() -> tuple[Any, int]:
    from bookings.money.kept import kept_sums

    sums = kept_sums("stream", since=None, until=None, course=None, currency="").values()
    return sum(line.received for line in sums), sum(line.payments for line in sums)


def _sum(kind: str, days: Any, fresh: Any, numbers_by_day: Any) -> tuple[int]:
    return (sum(numbers_by_day(days, [kind], fresh)[kind].values()),)


def _compared(name: str, ours: Callable[[], Any], straight: Callable[[], Any]) -> Figure:
    found, took = _timed(ours, RUNS)
    wanted, took_straight = _timed(straight, RUNS_STRAIGHT)
    return Figure(name, took, took_straight, found == wanted)


def _timed(call: Callable[[], Any], runs: int) -> tuple[Any, float]:
    took = []
    for _run in range(runs):
        started = time.perf_counter()
        found = call()
        took.append((time.perf_counter() - started) * 1000)
    return found, statistics.median(took)


def report(large: list[dict[str, Any]], small: list[dict[str, Any]]) -> str:
    """Write both sizes into a table."""
    lines = [
        "| figure | ours, ms | straightforward SQL, ms | times as quick | ours, small, ms | large / small |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for figure, other in zip(large, small, strict=True):
        name = figure["name"] + ("" if figure["equal"] and other["equal"] else " ✗ differs")
        times = (figure["straight"] / figure["ours"], figure["ours"] / other["ours"])
        lines.append(
            f"| {name} | {figure['ours']:.1f} | {figure['straight']:,.0f} | {times[0]:,.0f} | {other['ours']:.1f} |"
            f" {times[1]:.1f} |"
        )
    return "\n".join(lines)


def run(people: int) -> list[dict[str, Any]]:
    """Measure a school of this size in a process of its own, whose settings name its database."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.numbers", "--people", str(people), "--json"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    from benchmarks import school

    people = school.prepare()
    if "--json" not in sys.argv:
        print(report(run(people), run(max(people // 100, 1_000))))
        return
    school.build(people)
    from django.conf import settings
    from django.core.cache import cache
    from django.utils import timezone

    from analytics.rollups import refresh_numbers
    from bookings.money.kept import fold_money

    settings.DEBUG = False
    cache.clear()  # both sizes share it
    refresh_numbers(timezone.now())  # as beat does
    fold_money()
    print(json.dumps([asdict(figure) for figure in measure()]))


if __name__ == "__main__":
    main()
