"""The school's courses and the dates of its streams, laid around today so that the 8th is filling up now."""

from datetime import date, timedelta

from bookings.models import Course, Stream
from demo.school.rhythm import MOSCOW
from demo.school.school import School

STARTS_IN = timedelta(days=12)  # the current stream, from today
BETWEEN_STREAMS = timedelta(days=56)
CAMPAIGN = timedelta(days=45)

# Code, name, places, its share of the people who come to the bot, how many streams ago.
COHORTS = (
    ("3rd_stream", "3-й поток", 45, 9, 5),
    ("4th_stream", "4-й поток", 80, 13, 4),
    ("5th_stream", "5-й поток", 110, 17, 3),
    ("6th_stream", "6-й поток", 130, 19, 2),
    ("7th_stream", "7-й поток", 150, 22, 1),
    ("8th_stream", "8-й поток", 120, 17, 0),
)
CURRENT = "8th_stream"
MENTORING = "mentoring"
EXTRA = "extra_1"  # the stream of the second course
UNDESCRIBED = "9th_stream"  # the bot already takes bookings, and nobody has described it yet


def plan_streams(school: School) -> None:
    """Put courses and streams into the school; those that the migrations made are kept and given dates."""
    today = school.now.astimezone(MOSCOW).date()
    school.courses = {1: _main_course(), 2: _second_course()}
    current_start = _next_monday(today + STARTS_IN)
    for code, name, places, _share, ago in COHORTS:
        starts_on = current_start - ago * BETWEEN_STREAMS
        stream = Stream(course=school.courses[1], code=code, name=name, capacity=school.scaled(places))
        stream.starts_on, stream.campaign_starts_on = starts_on, starts_on - CAMPAIGN
        stream.is_current = code == CURRENT
        school.streams[code] = stream
    school.streams[MENTORING] = Stream(
        course=school.courses[1],
        code=MENTORING,
        name="Менторинг",
        capacity=school.scaled(40),
        campaign_starts_on=current_start - 4 * BETWEEN_STREAMS,
    )
    school.streams[EXTRA] = Stream(
        course=school.courses[2],
        code=EXTRA,
        name="EXTRA, 1-я группа",
        capacity=school.scaled(40),
        starts_on=current_start + timedelta(days=14),
        campaign_starts_on=current_start - 2 * BETWEEN_STREAMS,
        is_current=True,
    )


def _main_course() -> Course:
    return Course(
        id=1,
        name="Вайб кодинг",
        description="Первый продукт с AI за четыре недели",
        price_usd_cents=10_000,
        button_text="Вайб кодинг",
        is_active=True,
    )


def _second_course() -> Course:
    return Course(
        id=2,
        name="Вайб кодинг EXTRA",
        description="Для выпускников: агенты, тесты, выкладка",
        price_usd_cents=20_000,
        button_text="Вайб кодинг EXTRA",
        is_active=True,
    )


def _next_monday(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)
