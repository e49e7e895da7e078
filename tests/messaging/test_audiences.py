"""An audience is a question: each person once, with the reason where nothing will be sent."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from bookings.models import HackathonRegistration
from messaging.audiences.criteria import (
    ActiveInStream,
    ActiveSince,
    Audience,
    Criterion,
    Everyone,
    FreeLesson,
    Hackathon,
    Individuals,
    InStream,
    Leads,
    NotStudents,
    Received,
    ReferralCode,
    UnknownCriterion,
    WithTag,
    count_audience,
    individuals,
)
from messaging.audiences.freezing import freeze_audience
from messaging.models import Recipient
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    TelegramUserFactory,
)
from users.models import BlockedUser, PersonTag, Tag, TelegramUser
from users.people.listing import people_list

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EACH = [
    InStream("8th_stream", course_id=1, statuses=(1, 2)),
    ActiveInStream("8th_stream", course_id=1),
    Individuals(ids=(1, 2)),
    Everyone(),
    NotStudents(),
    Hackathon(),
    FreeLesson("cursor_lesson", date(2026, 11, 1)),
    FreeLesson(),
    Leads("warm"),
    ActiveSince(date(2026, 11, 1)),
    ReferralCode("ANNA"),
    WithTag("ждёт скидку"),
    Received(7, states=("failed",)),
]


@pytest.mark.parametrize("criterion", EACH, ids=lambda one: one.kind)
def test_a_criterion_survives_json(criterion):
    stored = json.loads(json.dumps(criterion.as_json()))

    assert Criterion.from_json(stored) == criterion
    assert stored == criterion.as_json()


def test_an_audience_survives_json():
    audience = Audience(include=tuple(EACH), narrow=(Everyone(),), exclude=(Hackathon(),), quiet_hours=24)

    assert Audience.from_json(json.loads(json.dumps(audience.as_json()))) == audience


@pytest.mark.parametrize("stored", [{}, {"kind": "nobody"}, {"kind": "hackathon", "sql": "1=1"}])
def test_a_criterion_that_does_not_exist_is_named(stored):
    with pytest.raises(UnknownCriterion):
        Criterion.from_json(stored)


pytestmark = pytest.mark.django_db


def ids(*criteria: Criterion, **options) -> set[int]:
    audience = Audience(include=criteria, **options)
    return set(audience.people(at=NOW).filter(reason="").values_list("pk", flat=True))


def person(**fields) -> TelegramUser:
    return TelegramUserFactory.create(**fields)


def test_a_stream_is_its_confirmed_people_unless_other_statuses_are_asked_for():
    confirmed = BookingFactory.create(course_stream="a", confirmed=2).telegram_user_id
    pending = BookingFactory.create(course_stream="a", confirmed=1).telegram_user_id
    BookingFactory.create(course_stream="b", confirmed=2)

    assert ids(InStream("a")) == {confirmed}
    assert ids(InStream("a", statuses=(1, 2))) == {confirmed, pending}
    assert ids(InStream("a", course_id=999)) == set()


def test_a_person_with_two_bookings_comes_once():
    booking = BookingFactory.create(course_stream="a", confirmed=2)
    BookingFactory.create(course_stream="a", confirmed=2, telegram_user=booking.telegram_user)

    audience = Audience(include=(InStream("a"), Individuals((booking.telegram_user_id,))))

    assert list(audience.people(at=NOW).values_list("pk", flat=True)) == [booking.telegram_user_id]
    assert count_audience(audience, at=NOW).total == 1


def test_everyone_but_students_and_the_hackathon():
    student = BookingFactory.create(confirmed=2).telegram_user_id
    once_cancelled = BookingFactory.create(confirmed=-1).telegram_user_id
    hacker = person()
    HackathonRegistration.objects.create(telegram_user=hacker)
    HackathonRegistration.objects.create(telegram_user=None)

    assert ids(NotStudents()) == {once_cancelled, hacker.pk}
    assert ids(Everyone()) == {student, once_cancelled, hacker.pk}
    assert ids(Hackathon()) == {hacker.pk}


def test_free_lessons_by_kind_date_or_both():
    first = FreeLessonRegistrationFactory.create(lesson_type="a", lesson_date=date(2026, 11, 1)).telegram_user_id
    second = FreeLessonRegistrationFactory.create(lesson_type="a", lesson_date=date(2026, 11, 2)).telegram_user_id
    other = FreeLessonRegistrationFactory.create(lesson_type="b", lesson_date=date(2026, 11, 1)).telegram_user_id

    assert ids(FreeLesson("a")) == {first, second}
    assert ids(FreeLesson(lesson_date=date(2026, 11, 1))) == {first, other}
    assert ids(FreeLesson("a", date(2026, 11, 1))) == {first}
    assert ids(FreeLesson()) == {first, second, other}


@pytest.mark.parametrize(
    ("events", "days", "temperature"),
    [
        (20, 5, "hot"),
        (19, 5, "warm"),
        (20, 4, "warm"),
        (10, 3, "warm"),
        (10, 2, "cool"),
        (5, 1, "cool"),
        (4, 4, "cold"),
    ],
)
def test_leads_are_as_warm_as_the_list_of_people_says(events, days, temperature):
    lead, student = person(), BookingFactory.create(confirmed=2).telegram_user
    now = timezone.now()
    for number in range(events):
        for someone in (lead, student):
            EventFactory.create(telegram_user=someone, created_at=now - timedelta(days=number % days))
    # What others did in their name warms nobody.
    EventFactory.create_batch(20, telegram_user=lead, event_type="booking_status_changed", created_at=now)

    found = {degree: ids(Leads(degree)) for degree in Leads.TEMPERATURES}

    assert {degree for degree, people in found.items() if lead.pk in people} == {temperature}
    assert all(student.pk not in people for people in found.values())
    for degree, people in found.items():
        address = QueryDict(f"lead={Leads.TEMPERATURES[degree].value}")
        assert people == {row.pk for row in people_list(address, with_emails=False).people}


def test_active_since_is_a_moscow_day():
    early = EventFactory.create(created_at=datetime(2026, 11, 1, 20, 59, tzinfo=UTC)).telegram_user_id
    late = EventFactory.create(created_at=datetime(2026, 11, 1, 21, 0, tzinfo=UTC)).telegram_user_id

    assert ids(ActiveSince(date(2026, 11, 2))) == {late}
    assert ids(ActiveSince(date(2026, 11, 1))) == {early, late}


def test_active_since_asks_the_last_activity_of_the_list():
    at = datetime(2026, 11, 2, 9, tzinfo=UTC)
    booked = BookingFactory.create(created_at=at).telegram_user_id
    EventFactory.create(created_at=at, event_type="free_lesson_reminder_sent")

    assert ids(ActiveSince(date(2026, 11, 2))) == {booked}


def test_referral_codes_ignore_case():
    friend = BookingFactory.create(referral_code="Anna").telegram_user_id
    BookingFactory.create(referral_code="annabel")

    assert ids(ReferralCode("ANNA")) == {friend}


def test_tags_ignore_case():
    tagged = PersonTag.objects.create(telegram_user=person(), tag=Tag.objects.create(name="Ждёт скидку"))
    person()

    assert ids(WithTag("ждёт скидку")) == {tagged.telegram_user_id}


def test_narrowing_keeps_those_who_are_in_all():
    both = BookingFactory.create(course_stream="a", confirmed=2).telegram_user
    BookingFactory.create(course_stream="a", confirmed=2, created_at=datetime(2026, 10, 1, tzinfo=UTC))
    EventFactory.create(telegram_user=both, created_at=NOW)

    assert ids(InStream("a"), narrow=(ActiveSince(date(2026, 11, 1)),)) == {both.pk}


def test_an_empty_audience_is_nobody():
    person()

    assert ids() == set()


def test_everybody_left_out_is_counted_with_the_reason():
    fine, blocked, gone, excluded, recent = (person() for _ in range(5))
    BlockedUser.objects.create(telegram_user=blocked, reason="bot_blocked_by_user")
    BlockedUser.objects.create(telegram_user=gone, reason="chat_not_found")
    RecipientFactory.create(telegram_user=recent, state="sent", sent_at=NOW - timedelta(hours=5))
    audience = Audience(
        include=(Individuals((fine.pk, blocked.pk, gone.pk, excluded.pk, recent.pk, 404, 405)),),
        exclude=(Individuals((excluded.pk, blocked.pk)),),
        quiet_hours=24,
    )

    count = count_audience(audience, at=NOW)

    assert count.sent_to == 1
    assert count.skipped == {"blocked": 1, "excluded": 1, "no_chat": 1, "recently_written": 1}
    assert count.unknown_ids == (404, 405)
    assert count.total == 5


def test_freezing_writes_a_row_for_everybody_the_skipped_ones_with_their_reason():
    fine, blocked = person(username="fine"), person()
    BlockedUser.objects.create(telegram_user=blocked)
    broadcast = BroadcastFactory.create()

    frozen = freeze_audience(broadcast, individuals([fine.pk, blocked.pk, fine.pk, 404]), at=NOW)

    assert frozen == 2
    rows = {row.telegram_user_id: row for row in broadcast.recipients.all()}
    assert (rows[fine.pk].state, rows[fine.pk].reason, rows[fine.pk].username) == ("pending", "", "fine")
    assert (rows[blocked.pk].state, rows[blocked.pk].reason) == ("skipped", "blocked")
    assert not TelegramUser.objects.filter(pk=404).exists()


def test_received_finds_those_who_missed_an_earlier_one():
    failed, sent = RecipientFactory.create(state="failed"), RecipientFactory.create(state="sent")
    Recipient.objects.update(message=failed.message)

    assert ids(Received(failed.message_id, states=("failed",))) == {failed.telegram_user_id}
    assert ids(Received(failed.message_id)) == {sent.telegram_user_id}


def test_counting_takes_two_queries_however_much_is_asked(django_assert_max_num_queries):
    audience = Audience(include=tuple(EACH), exclude=(Hackathon(),), quiet_hours=24)

    with django_assert_max_num_queries(2):
        count_audience(audience, at=timezone.now())
