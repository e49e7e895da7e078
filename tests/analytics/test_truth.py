"""The numbers of the pages against those that plain Python finds in the rows: on the dump, and on random schools."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.queries import (
    NO_SOURCE,
    Freshness,
    Funnel,
    FunnelQuestion,
    events_by_type,
    funnel_people,
    funnel_steps,
    hours_of_week,
    new_people,
    numbers_by_day,
    people_before,
    people_of_cohort,
    weekly_cohorts,
)
from analytics.rollups import rebuild_numbers, refresh_numbers
from bookings.models import Course
from bookings.money.kept import confirmed_by_day
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.days import Days, week_of
from tests import bot_database
from tests.analytics.recount import School, day, funnel
from tests.analytics.test_rollups import DUMPED, differences
from tests.sizes import LONG, sample

pytestmark = pytest.mark.django_db

KINDS = ("new", "active", "event", "booking", "active_booking", "registration", "delivered")
SPANS = [
    Days(date(2026, 11, 1), date(2026, 11, 28)),
    Days(date(2026, 10, 25), date(2026, 11, 29)),
    Days(date(2025, 11, 30), date(2026, 11, 29)),
    Days(date(2026, 11, 15), date(2026, 11, 15)),
]


def compare_everything(days: Days, *, courses: tuple[int, ...] = (1,), lessons: tuple[str, ...] = ("cursor_lesson",)):
    school, fresh = School(), Freshness.read()
    counted = numbers_by_day(days, KINDS, fresh)
    for kind in KINDS:
        expected = {on: n for on, n in school.per_day(kind).items() if on in days}
        assert counted[kind] == expected, kind
    assert confirmed_by_day(days) == {on: n for on, n in school.per_day("confirmed").items() if on in days}
    assert people_before(days.first) == sum(n for on, n in school.per_day("new").items() if on < days.first)
    assert {s.event_type: s.number for s in events_by_type(days, fresh)} == school.types(days.first, days.last)
    hours = school.hours(days.first, days.last)
    assert hours_of_week(days, fresh) == [[hours[weekday, hour] for hour in range(24)] for weekday in range(7)]
    assert new_people(days).count() == sum(n for on, n in school.per_day("new").items() if on in days)

    asked: list[tuple[Funnel, str, Any]] = [
        (Funnel.COURSE, "", school.course_steps()),
        (Funnel.LESSON, "", school.lesson_steps()),
        *((Funnel.COURSE, f"course:{course}", school.course_steps(course=course)) for course in courses),
        *((Funnel.LESSON, f"lesson:{lesson}", school.lesson_steps(lesson=lesson)) for lesson in lessons),
    ]
    for name, scope, journeys in asked:
        for window in (None, 7):
            question = FunnelQuestion(name, days, scope=scope, window=window)
            wanted = funnel(journeys, days.first, days.last, window=window)
            found = funnel_steps(question)
            if scope.startswith("course:"):
                # A proof names no booking: whoever has no step in the course has no row that could hold it.
                found, wanted = found[:3], wanted[:3]
            shown = [(s.people, s.of_first, s.of_previous, s.median, s.slow) for s in found]
            assert shown == (wanted or [(0, None, None, None, None)] * len(found)), (name, scope, window)
            for step in found if window else ():
                assert funnel_people(question, step.number).count() == step.people


def compare_sources(school: School, days: Days) -> None:
    """Both funnels by the referral code of their people, and those whose code is not known."""
    for name, journeys in ((Funnel.COURSE, school.course_steps()), (Funnel.LESSON, school.lesson_steps())):
        sources = school.sources({person: moments[0] for person, moments in journeys.items()})
        for source in [*sorted(set(sources.values()))[:3], NO_SOURCE]:
            code = "" if source == NO_SOURCE else source
            of_code = {person: moments for person, moments in journeys.items() if sources.get(person, "") == code}
            wanted = funnel(of_code, days.first, days.last)
            found = funnel_steps(FunnelQuestion(name, days, source=source))
            shown = [(s.people, s.of_first, s.of_previous, s.median, s.slow) for s in found]
            assert shown == (wanted or [(0, None, None, None, None)] * len(found)), (name, source)


@pytest.fixture(scope="module")
def counted_dump(django_db_setup, django_db_blocker):
    """The dump, counted once for all tests of this module, and rolled back at their end."""
    with django_db_blocker.unblock(), transaction.atomic():
        bot_database.load(*DUMPED)
        rebuild_numbers(timezone.now())
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("days", SPANS, ids=str)
def test_every_number_of_the_dump_is_what_plain_python_finds(counted_dump, days: Days):
    compare_everything(days, courses=(1, 2), lessons=("cursor_lesson", "vibecoding_lesson"))
    compare_sources(School(), days)


@pytest.mark.parametrize("days", SPANS[:2], ids=str)
def test_the_scopes_of_a_stream_and_a_lessons_date_are_what_plain_python_finds(counted_dump, days: Days):
    school = School()
    streams = sorted({booking[3] for booking in school.bookings if booking[3]})
    dates = sorted({(kind, on) for _u, kind, on, at in school.lessons if kind and on and at and day(at) in days})
    assert streams and dates
    for stream in streams:
        question = FunnelQuestion(Funnel.COURSE, days, scope=f"stream:{stream}")
        wanted = funnel(school.course_steps(stream=stream), days.first, days.last)
        # A programme names a course, so of a stream the bookings alone are compared.
        assert funnel_steps(question)[2].people == (wanted[2][0] if wanted else 0), stream
        assert funnel_people(question, 3).count() == (wanted[2][0] if wanted else 0)
    for lesson, on in dates[:10]:
        question = FunnelQuestion(Funnel.LESSON, days, scope=f"lesson:{lesson}:{on}")
        found = [(s.people, s.of_first, s.of_previous, s.median, s.slow) for s in funnel_steps(question)]
        assert found == funnel(school.lesson_steps(lesson=lesson, on=on), days.first, days.last), (lesson, on)


def test_cohorts_of_the_dump_are_what_plain_python_finds(counted_dump):
    school, today = School(), date(2026, 11, 29)
    mondays = [week_of(today) - timedelta(days=7 * n) for n in range(6)]

    for cohort in weekly_cohorts(mondays, today, Freshness.read()):
        weeks = [cohort.monday + timedelta(days=7 * n) for n in range(len(cohort.active))]
        assert cohort.active == [len(school.cohort(cohort.monday, week)) for week in weeks]
        for week, people in zip(weeks, cohort.active, strict=True):
            assert people_of_cohort(cohort.monday, week).count() == people


# Random schools -------------------------------------------------------------------------------------------------------

MOMENTS = st.sampled_from(
    [
        "2026-10-31 23:59:59.999999+03", "2026-11-01 00:00:00+03", "2026-11-01 23:59:59+03", "2026-11-02 00:00:00+03",
        "2026-11-09 12:00:00+03", "2026-11-15 23:59:59+03", "2026-11-16 00:00:00+03", "2026-10-05 10:00:00+03",
        "1970-01-01 00:00:00+00", "20000-01-01", "infinity", "-infinity", None,
    ]
)  # fmt: skip
PEOPLE = st.integers(1, 4)
COURSES = st.sampled_from([1, 2, None])
STREAMS = st.sampled_from(["8th_stream", "", None])
DETAILS = st.sampled_from(
    [
        None, "[]", "7", '{"course_id": 1}', '{"course_id": "1"}', '{"course_id": "x"}', '{"course_id": 2}',
        '{"lesson_type": "cursor_lesson"}', '{"lesson": {"lesson_type": "cursor_lesson"}}',
        '{"lesson": "cursor_lesson"}',
    ]
)  # fmt: skip
TYPES = st.sampled_from(
    ["start_command", "view_program", "payment_proof_uploaded", "alternative_payment_proof", "lesson_link_clicked",
     "payment_approved", "booking_status_changed", "odd"]
)  # fmt: skip
STATUSES = st.sampled_from([None, -1, 0, 1, 2, 7])
WRITES = st.one_of(
    st.tuples(
        st.just("INSERT INTO events (user_id, event_type, details, created_at) VALUES (%s, %s, %s, %s)"),
        st.tuples(PEOPLE, TYPES, DETAILS, MOMENTS),
    ),
    st.tuples(
        st.just("INSERT INTO bookings (user_id, course_id, course_stream, confirmed, referral_code, created_at)"
                " VALUES (%s, %s, %s, %s, %s, %s)"),
        st.tuples(PEOPLE, COURSES, STREAMS, STATUSES, st.sampled_from([None, "x"]), MOMENTS),
    ),
    st.tuples(
        st.just("INSERT INTO free_lesson_registrations (user_id, email, lesson_type, lesson_date, registered_at)"
                " VALUES (%s, '', %s, %s, %s) ON CONFLICT DO NOTHING"),
        st.tuples(PEOPLE, st.sampled_from(["cursor_lesson", None]), st.sampled_from(["2026-11-08", None]), MOMENTS),
    ),
    st.tuples(st.just("UPDATE users SET first_seen_at = %s WHERE user_id = %s"), st.tuples(MOMENTS, PEOPLE)),
    st.tuples(st.just("UPDATE bookings SET confirmed = %s WHERE user_id = %s"), st.tuples(STATUSES, PEOPLE)),
    st.tuples(st.just("UPDATE bookings SET created_at = %s WHERE user_id = %s"), st.tuples(MOMENTS, PEOPLE)),
    st.tuples(st.just("UPDATE events SET user_id = %s WHERE user_id = %s"), st.tuples(PEOPLE, PEOPLE)),  # merged
    st.tuples(st.just("UPDATE events SET created_at = %s WHERE user_id = %s"), st.tuples(MOMENTS, PEOPLE)),
    st.tuples(st.just("DELETE FROM events WHERE user_id = %s AND event_type = %s"), st.tuples(PEOPLE, TYPES)),
    st.tuples(st.just("DELETE FROM bookings WHERE user_id = %s"), st.tuples(PEOPLE)),
    st.tuples(st.just("DELETE FROM users WHERE user_id = %s"), st.tuples(PEOPLE)),
)  # fmt: skip


@pytest.mark.timeout(1800 if LONG else 240)
@settings(max_examples=sample(3, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(WRITES, max_size=12), later=st.lists(WRITES, max_size=12))
def test_every_number_of_a_random_school_is_what_plain_python_finds(first, later):
    with transaction.atomic():
        Course.objects.get_or_create(pk=1, defaults={"name": "1", "button_text": "1"})
        Course.objects.get_or_create(pk=2, defaults={"name": "2", "button_text": "2"})
        for person in range(1, 5):
            run_sql("INSERT INTO users (user_id, first_seen_at) VALUES (%s, NULL)", [person])
        for query, params in first:
            run_sql(query, _existing(query, params))
        refresh_numbers(timezone.now())
        for query, params in later:
            run_sql(query, _existing(query, params))
        refresh_numbers(timezone.now())

        assert differences() == []
        compare_everything(Days(date(2026, 10, 25), date(2026, 11, 20)))
        compare_everything(Days(date(2026, 11, 1), date(2026, 11, 1)))
        compare_sources(School(), Days(date(2026, 10, 25), date(2026, 11, 20)))
        transaction.set_rollback(True)


def _existing(query: str, params: tuple[Any, ...]) -> tuple[Any, ...]:
    """Merge into somebody who is there."""
    if query.startswith("UPDATE events SET user_id"):
        run_sql("INSERT INTO users (user_id, first_seen_at) VALUES (%s, NULL) ON CONFLICT DO NOTHING", [params[0]])
    return params
