"""The demo school: the same for a seed, every case in it, nothing overwritten."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import models
from django.db.models import Count, F, Q
from django.db.models.expressions import DatabaseDefault

from bookings.models import (
    Booking,
    BookingChange,
    FreeLessonRegistration,
    HackathonRegistration,
    ReferralCoupon,
    Stream,
)
from demo.school.build import build_school
from demo.school.names import HOSTILE_NAMES
from demo.school.rhythm import MOSCOW
from hsl_dashboard.db import run_sql
from messaging.models import Broadcast, Recipient
from tests.database_roles import owner_role
from tests.factories import TelegramUserFactory
from users.models import BlockedUser, Event, TelegramUser

TODAY = "2026-11-20"
NOW = datetime(2026, 11, 20, 21, tzinfo=MOSCOW)


def _rows(school: Any) -> Iterator[list[Any]]:
    for table in (school.people, school.bookings, school.events, school.lessons, school.recipients, school.broadcasts):
        for row in table:
            values = [getattr(row, field.attname) for field in row._meta.concrete_fields]
            yield [str(value) for value in values if not isinstance(value, DatabaseDefault)]


def test_the_same_seed_and_day_give_the_same_rows():
    first = build_school(seed=3, people=80, now=NOW)
    second = build_school(seed=3, people=80, now=NOW)

    assert list(_rows(first)) == list(_rows(second))


def test_another_seed_gives_another_school():
    first = build_school(seed=3, people=80, now=NOW)
    second = build_school(seed=4, people=80, now=NOW)

    assert [p.user_id for p in first.people] != [p.user_id for p in second.people]


def test_a_school_of_ordinary_size_is_as_big_as_promised():
    school = build_school(seed=1, people=1200, now=NOW)

    assert len(school.people) == pytest.approx(1200, rel=0.05)
    assert len(school.bookings) == pytest.approx(900, rel=0.1)
    assert len(school.events) == pytest.approx(17_000, rel=0.1)


@pytest.fixture
def school(db: None) -> None:
    with owner_role():
        call_command("seed_demo", seed=1, people=300, today=date.fromisoformat(TODAY), verbosity=0)


def test_refuses_a_database_with_people_and_changes_nothing(db):
    person = TelegramUserFactory.create()

    with pytest.raises(CommandError, match=r"[“«]users[”»]"):
        call_command("seed_demo", people=60)

    assert list(TelegramUser.objects.all()) == [person]
    assert not Booking.objects.exists()


def test_refuses_a_school_too_small_for_every_case(db):
    with pytest.raises(CommandError, match="50"):
        call_command("seed_demo", people=10)


def _bookings(school: None) -> dict[str, bool]:
    twice = Booking.objects.exclude(confirmed=-1).filter(course_stream="8th_stream")
    twice_active = twice.values("telegram_user").annotate(n=Count("id")).filter(n__gt=1)
    return {
        "every status": {-1, 0, 1, 2, 7, None} <= set(Booking.objects.values_list("confirmed", flat=True)),
        "double active booking": twice_active.exists(),
        "confirmed without a stream": Booking.objects.filter(confirmed=2, course_stream=None).exists(),
        "stream nobody described": Booking.objects.filter(course_stream="9th_stream").exists(),
        "second course": Booking.objects.filter(course_id=2).exists(),
        "no course": Booking.objects.filter(course=None).exists(),
        "mentoring": Booking.objects.filter(course_stream="mentoring").exists(),
        "no date": Booking.objects.filter(created_at=None).exists(),
        "1970": Booking.objects.filter(created_at__year=1970).exists(),
        "in the future": Booking.objects.filter(created_at__gt=NOW).exists(),
        "discount with a code": Booking.objects.filter(discount_percent__gt=0).exclude(referral_code=None).exists(),
        "discount without a code": Booking.objects.filter(discount_percent__gt=0, referral_code=None).exists(),
        "code nobody made": Booking.objects.exclude(referral_code=None)
        .exclude(referral_code__in=ReferralCoupon.objects.values("code"))
        .exists(),
    }


def _people(school: None) -> dict[str, bool]:
    names = set(TelegramUser.objects.values_list("first_name", flat=True))
    return {
        "hostile names": set(HOSTILE_NAMES) <= names,
        "no username": TelegramUser.objects.filter(username=None).exists(),
        "empty username": TelegramUser.objects.filter(username="").exists(),
        "long ids": TelegramUser.objects.filter(user_id__gt=2**31).exists(),
        "short ids": TelegramUser.objects.filter(user_id__lt=2**31).exists(),
        "blocked": BlockedUser.objects.exists(),
        "never seen": TelegramUser.objects.filter(first_seen_at=None).exists(),
        "only events": TelegramUser.objects.filter(bookings=None, free_lessons=None).exclude(events=None).exists(),
        "events of an unknown kind": Event.objects.filter(event_type="webinar_poll_answered").exists(),
        "events with a list as details": Event.objects.filter(details__0__isnull=False).exists(),
        "events without a date": Event.objects.filter(created_at=None).exists(),
    }


def _lessons_and_coupons(school: None) -> dict[str, bool]:
    today = NOW.date()
    return {
        "past lesson": FreeLessonRegistration.objects.filter(lesson_date__lt=today).exists(),
        "upcoming lesson": FreeLessonRegistration.objects.filter(lesson_date__gt=today).exists(),
        "lesson without a date": FreeLessonRegistration.objects.filter(lesson_date=None).exists(),
        "lesson without a kind": FreeLessonRegistration.objects.filter(lesson_type=None).exists(),
        "coupon over its limit": ReferralCoupon.objects.filter(
            current_activations__gt=F("max_activations"), usages__isnull=False
        ).exists(),
        "coupon switched off": ReferralCoupon.objects.filter(is_active=0).exists(),
        "coupon never used": ReferralCoupon.objects.filter(current_activations=0).exists(),
        "hackathon": HackathonRegistration.objects.count() > 10,
        "hackathon without a person": HackathonRegistration.objects.filter(telegram_user=None).exists(),
    }


def _messages(school: None) -> dict[str, bool]:
    return {
        "every delivery of the bot": {"sent", "failed", "pending", "deleted"}
        == set(Recipient.objects.values_list("delivery_status", flat=True)),
        "every state at rest": set(Recipient.State.values) - {"sending"}
        == set(Recipient.objects.values_list("state", flat=True)),
        "broadcasts in every state at rest": set(Broadcast.State.values) - {"sending"}
        == set(Broadcast.objects.values_list("state", flat=True)),
        "to a stream": Broadcast.objects.filter(recipient_group="7th_stream").exists(),
        "to one person": Broadcast.objects.filter(recipient_type="individual").exists(),
        "still ahead": Broadcast.objects.filter(starts_at__gt=NOW).exists(),
        "broken HTML": Broadcast.objects.filter(message_text__startswith="<b>Незакрытый").exists(),
    }


@pytest.mark.parametrize("cases", [_bookings, _people, _lessons_and_coupons, _messages])
def test_every_case_is_there(school, cases):
    missing = [name for name, there in cases(school).items() if not there]

    assert missing == []


def test_the_current_stream_is_filling_up_around_today(school):
    stream = Stream.objects.get(course_id=1, is_current=True)
    places_taken = Booking.objects.for_stream(stream).confirmed().count()

    assert stream.code == "8th_stream"
    assert stream.campaign_starts_on and stream.starts_on and stream.capacity
    assert stream.campaign_starts_on < NOW.date() < stream.starts_on
    assert 0 < places_taken < stream.capacity


def test_every_described_stream_has_bookings_within_its_campaign(school):
    for stream in Stream.objects.filter(course_id=1, starts_on__isnull=False):
        assert stream.starts_on is not None
        usual = Booking.objects.for_stream(stream).filter(
            created_at__date__gte=stream.campaign_starts_on, created_at__date__lte=stream.starts_on + timedelta(days=45)
        )

        assert usual.count() >= 10, stream.code


def test_nothing_that_people_did_lies_in_the_future(school):
    assert not Event.objects.filter(created_at__gt=NOW).exists()


def test_events_name_the_bookings_they_are_about(school):
    for event in Event.objects.filter(event_type="booking_status_changed"):
        assert event.details is not None
        booking = Booking.objects.get(pk=event.details["booking_id"])

        assert booking.telegram_user_id == event.telegram_user_id


def test_the_history_of_a_booking_ends_with_its_status(school):
    record = BookingChange.objects.exclude(booking=None)
    last = record.order_by("booking", "-pk").distinct("booking")

    ends = dict(last.values_list("booking", "status"))

    assert ends == dict(Booking.objects.values_list("id", "confirmed"))
    assert not record.filter(changed_at__gt=datetime.now(UTC) + timedelta(days=100)).exists()


def test_every_status_of_a_booking_follows_from_the_one_before(school):
    was: dict[int, int | None] = {}
    for change in BookingChange.objects.exclude(booking=None).order_by("pk"):
        assert change.booking_id is not None
        assert change.is_new == (change.booking_id not in was)
        assert change.was == was.get(change.booking_id)
        was[change.booking_id] = change.status


def test_counters_equal_the_rows_they_count(school):
    for coupon in ReferralCoupon.objects.annotate(used=Count("usages")):
        assert coupon.current_activations == coupon.used
    delivered = Count("recipients", filter=Q(recipients__delivery_status__in=("sent", "deleted")))
    for broadcast in Broadcast.objects.annotate(rows=Count("recipients"), arrived=delivered):
        assert (broadcast.total_recipients, broadcast.successful_deliveries) == (broadcast.rows, broadcast.arrived)


@pytest.mark.parametrize("model", [Booking, Event, FreeLessonRegistration, ReferralCoupon, Broadcast, Recipient])
def test_the_bot_can_go_on_numbering(school, model: type[models.Model]):
    table = model._meta.db_table
    [(following, highest)] = run_sql(f"SELECT nextval(pg_get_serial_sequence('{table}', 'id')), max(id) FROM {table}")

    assert following == highest + 1
