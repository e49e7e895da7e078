"""Every count, recomputed another way over the dump with all its dirt, and at its edges."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from django.test import TestCase
from django.utils import translation

from bookings import statistics
from bookings.labels import Labels
from bookings.models import Booking, Course, Stream
from bookings.statistics import StatusCounts
from hsl_dashboard.db import run_sql
from tests import bot_database
from tests.factories import BookingFactory, CourseFactory, EventFactory, StreamFactory, TelegramUserFactory
from users.models import Event

MARK = {0: "new", 1: "pending", 2: "confirmed", -1: "cancelled"}


class TestTheDump(TestCase):
    """Loaded once: 900 bookings and 16,800 events."""

    @classmethod
    def setUpTestData(cls):
        bot_database.load("courses", "users", "bookings", "events")

    def test_the_dump_is_all_here(self):
        assert (Booking.objects.count(), Event.objects.count(), Course.objects.count()) == (900, 16800, 2)

    def test_counts_by_course_stream_and_status_equal_a_count_row_by_row(self):
        expected: dict[tuple[int | None, str | None], Counter[str]] = {}
        for course_id, stream, confirmed in run_sql("SELECT course_id, course_stream, confirmed FROM bookings"):
            counter = expected.setdefault((course_id, stream or None), Counter())
            counter[MARK.get(confirmed, "unknown")] += 1

        found = {
            (stream.course_id, stream.code): stream.counts
            for course in statistics.course_statistics(Labels.read())
            for stream in course.streams
            if stream.counts.total
        }

        assert found == {key: StatusCounts(**counter) for key, counter in expected.items()}

    def test_the_parts_add_up_to_every_booking(self):
        courses = statistics.course_statistics(Labels.read())
        whole = statistics.total_of(course.counts for course in courses)

        assert whole == StatusCounts(new=77, pending=206, confirmed=480, cancelled=134, unknown=3)
        assert whole == statistics.status_counts(Booking.objects.all())
        assert whole.total == 900

    def test_conversion_is_the_rounding_that_postgresql_makes(self):
        expected = dict(
            run_sql(
                "SELECT course_stream, round(100.0 * count(*) FILTER (WHERE confirmed = 2) / count(*))::int "
                "FROM bookings WHERE course_id = 1 AND course_stream LIKE '%th_stream' GROUP BY 1"
            )
        )

        course = statistics.course_statistics(Labels.read())[0]

        assert {s.code: s.counts.conversion for s in course.streams if (s.code or "").endswith("th_stream")} == expected

    def test_nobody_is_left_out_and_nobody_stands_in_two_streams(self):
        labels = [
            (course.label, [stream.label for stream in course.streams])
            for course in statistics.course_statistics(Labels.read())
        ]
        streams = ["3-й поток", "4-й поток", "5-й поток", "6-й поток", "7-й поток", "8-й поток", "Менторинг"]

        assert [label for label, _streams in labels] == ["Вайб кодинг", "Вайб кодинг EXTRA", "—"]
        assert labels[0][1] == ["8-й поток", *streams[:5], "Менторинг", "9TH_STREAM", "vip_stream", "—"]
        assert labels[1][1] == streams
        assert labels[2][1] == ["4-й поток"]

    def test_who_viewed_equals_a_walk_over_all_events(self):
        stream = Stream.objects.get(code="8th_stream")
        bookings = Booking.objects.for_stream(stream)
        since = datetime(2025, 12, 17, 21, tzinfo=UTC)  # midnight in Moscow
        booked = {
            user_id
            for user_id, course_id, code in run_sql("SELECT user_id, course_id, course_stream FROM bookings")
            if (course_id, code) == (1, "8th_stream")
        }
        viewed = set()
        for user_id, event_type, details, at in Event.objects.values_list(
            "telegram_user_id", "event_type", "details", "created_at"
        ):
            course = details.get("course_id") if isinstance(details, dict) else None
            if event_type == "view_program" and at is not None and at >= since and str(course) == "1":
                viewed.add(user_id)

        found = statistics.people_who_viewed(
            course_id=1, since=statistics.campaign_start(stream, bookings), bookings=bookings
        )

        assert sorted(found.values_list("pk", flat=True)) == sorted(viewed - booked)
        assert len(viewed - booked) > 100

    def test_a_campaign_that_nobody_described_began_with_the_first_believable_booking(self):
        bookings = Booking.objects.for_stream(Stream.objects.get(code="7th_stream"))
        [[first]] = run_sql(
            "SELECT min(created_at) FROM bookings "
            "WHERE course_id = 1 AND course_stream = '7th_stream' AND created_at > '1971-01-01'"
        )

        assert bookings.filter(created_at__year=1970).count() == 1
        assert statistics.campaign_start(None, bookings) == first


@pytest.mark.parametrize(
    ("confirmed", "total", "percent"),
    [(0, 0, None), (0, 3, 0), (1, 8, 13), (1, 3, 33), (2, 3, 67), (5, 1000, 1), (7, 7, 100)],
)
def test_conversion_rounds_halves_up_and_says_nothing_of_nothing(confirmed, total, percent):
    counts = StatusCounts(confirmed=confirmed, cancelled=total - confirmed)

    assert counts.conversion == percent


@pytest.mark.parametrize(("capacity", "left"), [(None, None), (3, 1), (2, 0), (1, -1)])
def test_places_left_are_the_capacity_minus_the_confirmed(db, capacity, left):
    StreamFactory.create(code="9th_stream", capacity=capacity)
    BookingFactory.create_batch(2, course_stream="9th_stream", confirmed=2)
    BookingFactory.create(course_stream="9th_stream", confirmed=1)

    [found] = [
        stream
        for course in statistics.course_statistics(Labels.read())
        for stream in course.streams
        if stream.code == "9th_stream"
    ]

    assert found.places_left == left


def test_a_described_stream_without_bookings_is_there_with_zeros(db):
    StreamFactory.create(code="12th_stream", name="12-й поток")

    labels = {s.label: s.counts.total for c in statistics.course_statistics(Labels.read()) for s in c.streams}

    assert labels["12-й поток"] == 0


def test_streams_stand_by_their_number_and_not_by_their_letters(db):
    course = CourseFactory.create(name="Другой курс")
    for code in ("10th_stream", "9th_stream", "vip", "11th_stream"):
        BookingFactory.create(course=course, course_stream=code)

    [found] = [c for c in statistics.course_statistics(Labels.read()) if c.course_id == course.pk]

    assert [stream.code for stream in found.streams] == ["9th_stream", "10th_stream", "11th_stream", "vip"]


@pytest.mark.parametrize(
    ("details", "counted"),
    [
        ({"course_id": 1}, True),
        ({"course_id": "1"}, True),
        ({"course_id": 2}, False),
        ({"course_id": [1]}, False),
        ({"course_id": None}, False),
        ({"course_id": 1.5}, False),
        ({}, False),
        (None, False),
        ([], False),
        ("1", False),
    ],
)
def test_the_course_of_a_view_may_be_a_number_or_a_string(db, details, counted):
    event = EventFactory.create(event_type="view_program", details=details, created_at=datetime(2026, 1, 1, tzinfo=UTC))

    found = statistics.people_who_viewed(
        course_id=1, since=datetime(2025, 12, 31, tzinfo=UTC), bookings=Booking.objects.none()
    )

    assert (event.telegram_user in found) is counted


@pytest.mark.parametrize(
    ("at", "counted"),
    [(datetime(2025, 12, 17, 20, 59, 59, tzinfo=UTC), 0), (datetime(2025, 12, 17, 21, tzinfo=UTC), 1)],
)
def test_a_campaign_begins_at_midnight_in_moscow(db, at, counted):
    stream = StreamFactory.create(code="9th_stream", campaign_starts_on=date(2025, 12, 18))
    EventFactory.create(event_type="view_program", details={"course_id": stream.course_id}, created_at=at)
    bookings = Booking.objects.for_stream(stream)

    since = statistics.campaign_start(stream, bookings)

    viewed = statistics.people_who_viewed(course_id=stream.course_id, since=since, bookings=bookings)
    assert viewed.count() == counted


def test_a_person_counts_once_and_not_at_all_once_they_booked(db):
    stream = StreamFactory.create(code="9th_stream", campaign_starts_on=date(2025, 1, 1))
    curious, booked = TelegramUserFactory.create_batch(2)
    for person in (curious, curious, booked):
        EventFactory.create(telegram_user=person, event_type="view_program", details={"course_id": stream.course_id})
    BookingFactory.create(telegram_user=booked, course=stream.course, course_stream="9th_stream", confirmed=-1)
    bookings = Booking.objects.for_stream(stream)

    since = statistics.campaign_start(stream, bookings)

    viewed = statistics.people_who_viewed(course_id=stream.course_id, since=since, bookings=bookings)
    assert [person.pk for person in viewed] == [curious.pk]


def test_without_a_start_of_the_campaign_nobody_is_said_to_have_viewed(db):
    assert statistics.campaign_start(None, Booking.objects.none()) is None
    assert not statistics.people_who_viewed(course_id=1, since=None, bookings=Booking.objects.none())


@pytest.mark.parametrize(
    ("course_id", "code", "label"),
    [
        (1, "3rd_stream", "Третий"),
        (2, "3rd_stream", "Третий"),
        (None, "3rd_stream", "Третий"),
        (1, "9TH_STREAM", "9TH_STREAM"),
        (1, "<script>", "<script>"),
        (1, "", "—"),
        (1, None, "—"),
    ],
)
def test_a_stream_is_called_as_described_here_or_elsewhere_or_else_by_its_code(course_id, code, label):
    labels = Labels(
        courses={1: "Вайб кодинг", 2: " "}, streams={(1, "3rd_stream"): "Третий"}, codes={"3rd_stream": "Третий"}
    )

    assert labels.stream(course_id, code) == label


@pytest.mark.parametrize(("course_id", "label"), [(1, "Вайб кодинг"), (2, "Курс 2"), (77, "Курс 77"), (None, "—")])
def test_a_course_is_called_by_its_name_or_its_number(course_id, label):
    labels = Labels(courses={1: "Вайб кодинг", 2: " "}, streams={}, codes={})

    with translation.override("ru"):
        assert labels.course(course_id) == label
