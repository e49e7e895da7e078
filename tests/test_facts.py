"""One fact, one home: what SQL says of random rows is what Python says of them."""

import re
from collections import Counter
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from bookings.models import Booking, status_label, status_of
from hsl_dashboard.db import run_sql
from messaging.audiences.criteria import ActiveInStream
from tests.factories import BookingFactory, CourseFactory, EventFactory, TelegramUserFactory
from users.event_types import EVENT_LABELS
from users.models import (
    LEAD_THRESHOLDS,
    LEAD_WINDOW,
    Event,
    LatestStatus,
    LeadTemperature,
    LivePersonTotals,
    PersonTotals,
)
from users.models.events import NOT_THEIR_OWN
from users.people.filters import BOOKED
from users.totals import fold_marked_people

STATUSES = [None, -(2**31), -2, -1, -1, 0, 1, 2, 3, 7, 2**31 - 1]
STREAMS = [None, "", "8th_stream", "9th_stream"]
SEEDS = range(5)
MOSCOW = ZoneInfo("Europe/Moscow")

pytestmark = pytest.mark.django_db


@pytest.fixture
def dice(request) -> Random:
    return Random(request.param)


def each_seed(test):
    return pytest.mark.parametrize("dice", SEEDS, indirect=True)(test)


def random_bookings(dice: Random) -> list[Booking]:
    people = TelegramUserFactory.create_batch(12)
    courses = CourseFactory.create_batch(2)
    return [
        BookingFactory.create(
            telegram_user=dice.choice(people),
            course=dice.choice(courses),
            confirmed=dice.choice(STATUSES),
            course_stream=dice.choice(STREAMS),
            created_at=timezone.now() - timedelta(hours=number),
        )
        for number in range(40)
    ]


def numbers(rows) -> set[int]:
    return {row.pk for row in rows}


@each_seed
def test_the_questions_about_bookings_keep_what_the_rows_say_of_themselves(dice):
    bookings = random_bookings(dice)
    asked = dice.sample([None, -1, 0, 1, 2, 7], 3)

    everything = Booking.objects.all()

    assert numbers(everything.active()) == {row.pk for row in bookings if row.is_active}
    assert numbers(everything.cancelled()) == numbers(bookings) - numbers(everything.active())
    assert numbers(everything.of_unknown_status()) == {row.pk for row in bookings if status_of(row.confirmed) is None}
    assert numbers(everything.with_status(*asked)) == {row.pk for row in bookings if row.confirmed in asked}
    assert numbers(everything.without_stream()) == {row.pk for row in bookings if not row.course_stream}
    assert numbers(everything.with_stream()) == {row.pk for row in bookings if row.course_stream}


@each_seed
def test_the_partial_indexes_hold_what_the_questions_keep(dice):
    random_bookings(dice)
    kept = {
        "bookings_active": Booking.objects.active(),
        "bookings_without_stream": Booking.objects.confirmed().without_stream(),
    }

    for index, bookings in kept.items():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = %s::regclass", [index]
            )
            cursor.execute(f"SELECT id FROM bookings WHERE {cursor.fetchone()[0]}")
            assert {pk for (pk,) in cursor.fetchall()} == numbers(bookings), index


@each_seed
def test_the_totals_say_of_bookings_what_their_rows_say(dice):
    by_person: dict[int, list[Booking]] = {}
    for booking in random_bookings(dice):  # the newest first
        by_person.setdefault(booking.telegram_user_id, []).append(booking)

    fold_marked_people()
    totals = PersonTotals.objects.filter(**BOOKED).in_bulk()

    assert totals.keys() == by_person.keys()
    for person, bookings in by_person.items():
        assert totals[person].has_active_booking == any(booking.is_active for booking in bookings)
        assert str(LatestStatus(totals[person].latest_status).label) == status_label(bookings[0].confirmed)
        is_student = any(booking.status == Booking.Status.CONFIRMED for booking in bookings)
        assert (totals[person].temperature == LeadTemperature.NO_LEAD) == is_student


@each_seed
def test_leaving_out_a_stream_leaves_out_everybody_with_an_active_booking_of_it(dice):
    bookings = random_bookings(dice)
    course = bookings[0].course_id

    left_out = ActiveInStream("8th_stream", course_id=course).people(at=timezone.now())

    assert {row["telegram_user_id"] for row in left_out} == {
        booking.telegram_user_id
        for booking in bookings
        if booking.is_active and (booking.course_id, booking.course_stream) == (course, "8th_stream")
    }


def test_every_number_between_the_known_statuses_is_known():
    # What is unknown is asked for by two ranges, which an index serves.
    assert sorted(Booking.Status.values) == list(range(min(Booking.Status.values), max(Booking.Status.values) + 1))


def random_events(dice: Random) -> list[Event]:
    people = TelegramUserFactory.create_batch(8)
    kinds = [*EVENT_LABELS, *NOT_THEIR_OWN, "something_new"]
    events = []
    for person in people:
        for _number in range(dice.choice([0, 4, 8, 20, 45])):
            at = timezone.now() - timedelta(hours=dice.randint(0, 24 * 10))
            events.append(EventFactory.create(telegram_user=person, event_type=dice.choice(kinds), created_at=at))
    return events


@each_seed
def test_own_events_are_all_but_the_listed_ones(dice):
    events = random_events(dice)

    assert numbers(Event.objects.own()) == {event.pk for event in events if event.event_type not in NOT_THEIR_OWN}


@each_seed
def test_a_lead_is_as_warm_as_the_thresholds_say(dice):
    random_events(dice)
    days: dict[int, Counter[date]] = {}
    first = timezone.now().astimezone(MOSCOW).date() - timedelta(days=LEAD_WINDOW - 1)
    for event in Event.objects.own():
        day = event.created_at.astimezone(MOSCOW).date()
        if day >= first:
            days.setdefault(event.telegram_user_id, Counter())[day] += 1

    for person, temperature in LivePersonTotals.objects.values_list("pk", "temperature"):
        did: Counter[date] = days.get(person, Counter())
        expected = next(
            (
                degree
                for degree, (events, on_days) in LEAD_THRESHOLDS.items()
                if did.total() >= events and len(did) >= on_days
            ),
            LeadTemperature.COLD,
        )
        assert temperature == expected


@pytest.mark.parametrize("name", ["person_counts", "person_temperature"])
def test_the_functions_name_the_same_events_as_nobodys_own(name):
    [(source,)] = run_sql("SELECT prosrc FROM pg_proc WHERE proname = %s", [name])

    lists = re.findall(r"event_type NOT IN \(([^)]*)\)", source)

    assert [set(re.findall(r"'(\w+)'", each)) for each in lists] == [set(NOT_THEIR_OWN)]
