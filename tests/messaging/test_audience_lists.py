"""«Написать этим людям»: the composer counts exactly the people of the list, whatever filters it."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.labels import Labels
from bookings.lessons.filters import LessonFilter
from bookings.lessons.steps import fold_steps
from bookings.lists.filters import BookingFilter
from bookings.lists.students import StudentFilter
from bookings.models import Booking, LessonSteps, ReferralCoupon
from bookings.referrals.filters import CouponFilter
from bookings.referrals.statistics import coupon_numbers
from bookings.views.streams import choose_stream
from messaging.audiences.choices import describe_criterion
from messaging.audiences.criteria import Audience, Criterion, UnknownCriterion, count_audience
from messaging.audiences.lists import OfList, of_list
from messaging.broadcasts.outcome import outcome_of
from messaging.models import Draft, Recipient
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.messaging.composing import MAY_WRITE, NEW, form
from tests.sizes import sample
from users.models import BlockedUser, Event, TelegramUser
from users.people.listing import people_list
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

FILTERS = sample(60, 200)  # of each list
NOW = timezone.now()


@pytest.fixture
def school() -> None:
    """Sixty people with bookings, lessons and coupons of many kinds; some are blocked, some came twice."""
    dice = random.Random(14)
    for code, name in (("8th_stream", "8-й поток"), ("9th_stream", "9-й поток")):
        StreamFactory.create(code=code, name=name)
    for code, most in (("VESNA", 2), ("LETO", 50), ("Zima", 50)):
        ReferralCouponFactory.create(code=code, max_activations=most, is_active=dice.randint(0, 1))
    people = [
        TelegramUserFactory.create(first_name=dice.choice(["Анна", "Борис", "Вера"]), language_code=dice.choice("re"))
        for _ in range(60)
    ]
    for person in people:
        # Leads of each degree.
        EventFactory.create_batch(dice.choice([0, 0, 1, 6]), telegram_user=person, created_at=NOW)
        for _ in range(dice.randint(0, 2)):
            BookingFactory.create(
                telegram_user=person,
                course_stream=dice.choice(["8th_stream", "9th_stream", "odd", None]),
                confirmed=dice.choice([0, 1, 2, -1, None]),
                discount_percent=dice.choice([0, 10, None]),
                referral_code=dice.choice([None, "VESNA", "leto", "LETO", "Zima"]),
                created_at=NOW - timedelta(days=dice.randint(0, 40)),
            )
        if dice.random() < 0.5:
            FreeLessonRegistrationFactory.create(
                telegram_user=person,
                lesson_date=date(2026, 11, dice.randint(1, 28)),
                registered_at=NOW - timedelta(days=dice.randint(0, 40)),
                notification_sent=dice.choice([True, False]),
            )
        if dice.random() < 0.2:
            BlockedUser.objects.create(telegram_user=person)
    fold_marked_people()
    fold_steps()


def some(dice: random.Random, **choices: list[Any]) -> dict[str, Any]:
    """Each parameter with the chance of one half, and one of its values."""
    return {name: dice.choice(values) for name, values in choices.items() if dice.random() < 0.5}


DAYS = [f"2026-{month:02}-{day:02}" for month in (10, 11, 12) for day in (1, 15)]
SEARCHES = ["Анна", "person1", "вера", "nobody", "VESNA"]


def random_query(name: str, dice: random.Random) -> dict[str, Any]:
    streams = ["8th_stream", "9th_stream", "odd", "none"]
    return {
        "people": lambda: some(
            dice, q=SEARCHES, stream=streams, status=range(6), lead=range(-1, 4), booking=["active", "yes", "no", "?"],
            blocked=["yes", "no"],
        ),
        "bookings": lambda: some(
            dice, q=SEARCHES, stream=streams, status=[0, 1, 2, -1, "none"], since=DAYS, until=DAYS,
            discount=["yes", "no"],
            referral=["vesna", "LETO"], course=[1, "none"], sort=["name", "-status"],
        ),
        "lessons": lambda: some(
            dice, q=SEARCHES, dated=["yes", "none"], lesson_since=DAYS, lesson_until=DAYS,
            booked=["yes", "no", "confirmed"],
            attended=["yes", "no"], reminder=["yes", "no"],
        ),
        "coupons": lambda: some(dice, q=["ve", "LE", "z"], state=["on", "off", "used"]),
        "stream": lambda: {
            "code": dice.choice(["8th_stream", "9th_stream"]),
            **some(dice, q=SEARCHES, status=["2", "1", "0", "-1", "none", "viewed"], course=[1]),
        },
    }[name]()  # fmt: skip


def rows_of(name: str, query: QueryDict) -> set[int]:
    """The people of the list as its own page reads it."""
    if name == "people":
        return {row.pk for row in people_list(query, with_emails=False).people}
    if name == "coupons":
        coupons = CouponFilter(query, queryset=ReferralCoupon.objects.all())
        codes = (
            {each.coupon.code for each in coupon_numbers(coupons.qs, with_money=False)} if coupons.is_valid() else ()
        )
        spelled = {one for code in codes for one in (code, code.upper(), code.lower())}
        return set(Booking.objects.filter(referral_code__in=spelled).values_list("telegram_user_id", flat=True))
    if name == "stream":
        chosen = choose_stream(query["code"], query)
        students = StudentFilter(query, queryset=chosen.bookings.with_person(), with_emails=False)
        assert students.is_valid()
        if query.get("status") == "viewed":
            return {each.pk for each in students.viewers(chosen.people_who_viewed(chosen.campaign_start))}
        return {booking.telegram_user_id for booking in students.bookings()}
    narrowed: Any = (
        BookingFilter(query, queryset=Booking.objects.all(), labels=Labels.read(), with_emails=False)
        if name == "bookings"
        else LessonFilter(query, queryset=LessonSteps.objects.all(), with_emails=False)
    )
    person: Callable[[Any], int] = lambda row: row.telegram_user_id if name == "bookings" else row.user_id  # noqa: E731
    return {person(row) for row in narrowed.qs} if narrowed.is_valid() else set()


def count_of(criterion: OfList | None) -> int:
    assert criterion is not None
    return count_audience(Audience(include=(criterion,)), at=timezone.now()).total


@pytest.mark.parametrize("name", ["people", "bookings", "lessons", "coupons", "stream"])
def test_the_number_before_exclusions_is_the_lists_number_of_people(school, name):
    dice = random.Random(name)
    numbers = set()
    EventFactory.create_batch(3, telegram_user=TelegramUserFactory.create(), event_type="view_program", created_at=NOW)

    for _ in range(FILTERS):
        query = QueryDict(urlencode(random_query(name, dice)))
        criterion = of_list(name, query.urlencode(), sees_emails=False)
        people = rows_of(name, query)
        assert count_of(criterion) == len(people), query
        numbers.add(len(people))

    assert len(numbers) > sample(3, 5)


def test_the_number_after_a_message_is_its_reports_number(school):
    """Six lists of each of so many messages: the filters that there are."""
    dice, people = random.Random("outcome"), list(TelegramUser.objects.all())
    Event.objects.bulk_create(
        Event(
            telegram_user=dice.choice(people),
            event_type=dice.choice(["button", "view_program"]),
            details={"data": f"yes_{dice.randint(0, 3)}"},
            created_at=NOW - timedelta(minutes=dice.randint(0, 14_400)),
        )
        for _ in range(300)
    )
    numbers = set()

    for number in range(FILTERS // 6 + 1):
        broadcast = BroadcastFactory.create(buttons=[[{"text": "Да", "callback_data": f"yes_{number % 3}"}]])
        sent_at = NOW - timedelta(minutes=dice.randint(0, 14_400))
        Recipient.objects.bulk_create(
            Recipient(
                message=broadcast, telegram_user=person, state=state, sent_at=None if state == "failed" else sent_at
            )
            for person in dice.sample(people, 20)
            for state in [dice.choice(["sent", "deleted", "failed"])]
        )
        report = outcome_of(broadcast, at=NOW)
        did = {measure.name: measure.people for measure in report.measures}
        for name, measure in {"booked": "bookings", "pressed": "presses", "active": "events"}.items():
            yes, no = (
                count_of(of_list("outcome", f"message={broadcast.pk}&did={act}", sees_emails=False))
                for act in (name, f"not_{name}")
            )
            assert (yes, no) == (did[measure], report.recipients - did[measure]), (number, name)
            numbers |= {yes, no}

    assert len(numbers) > sample(3, 5)


@pytest.mark.parametrize("chip", ["", "2", "1", "none", "viewed"])
@pytest.mark.parametrize("q", ["", "Анна"])
def test_the_number_of_a_streams_page_is_its_people(school, staff_client, chip, q):
    for person in Booking.objects.filter(course_stream="9th_stream").values_list("telegram_user_id", flat=True):
        EventFactory.create(telegram_user_id=person, event_type="view_program", created_at=NOW)
    asked = {"status": chip, "q": q}
    page = staff_client.get(reverse("bookings:stream_detail", args=["8th_stream"]), asked)
    shown = page.context["people"] if chip == "viewed" else page.context["rows"]
    people = {row.person.pk if chip == "viewed" else row.booking.telegram_user_id for row in shown}

    assert count_of(of_list("stream", urlencode({"code": "8th_stream", **asked}), sees_emails=False)) == len(people)


def test_what_is_blocked_stands_aside(school):
    audience = Audience(include=(of_list("people", "", sees_emails=False),))

    counted = count_audience(audience, at=timezone.now())

    assert counted.skipped == {"blocked": BlockedUser.objects.count()}
    assert counted.total == 60


def test_after_a_message_each_did_something_or_not():
    broadcast = BroadcastFactory.create(buttons=[[{"text": "Да", "callback_data": "yes_1"}]], name="Набор")
    sent_at = NOW - timedelta(days=5)
    booked, pressed, idle, failed = [
        RecipientFactory.create(message=broadcast, state=state, sent_at=sent_at if state == "sent" else None)
        for state in ("sent", "sent", "sent", "failed")
    ]
    BookingFactory.create(telegram_user=booked.telegram_user, created_at=sent_at + timedelta(hours=1))
    BookingFactory.create(telegram_user=idle.telegram_user, created_at=sent_at + timedelta(hours=73))
    hour = sent_at + timedelta(hours=1)
    press = {"event_type": "button", "details": {"data": "yes_1"}, "created_at": hour}
    EventFactory.create(telegram_user=pressed.telegram_user, **press)
    EventFactory.create(telegram_user=idle.telegram_user, **{**press, "details": {"data": "yes_10"}})

    def people(did: str) -> set[int]:
        criterion = of_list("outcome", f"message={broadcast.pk}&did={did}", sees_emails=False)
        assert criterion is not None
        found = Audience(include=(criterion,)).people(at=NOW)
        return set(found.values_list("pk", flat=True))

    one, two, three = booked.telegram_user_id, pressed.telegram_user_id, idle.telegram_user_id
    assert people("booked") == {one}
    assert people("not_booked") == {two, three}
    assert people("pressed") == {two}
    assert people("not_pressed") == {one, three}
    assert people("nonsense") == set()
    criterion = of_list("outcome", f"message={broadcast.pk}&did=not_booked", sees_emails=False)
    assert describe_criterion(criterion) == "Получатели сообщения — Набор, не забронировали"
    assert failed.telegram_user_id not in people("not_booked")


def test_it_is_named_in_the_words_of_the_lists_own_filter(school):
    criterion = of_list("bookings", "?status=2&status=1&stream=8th_stream&page=3&sort=name", sees_emails=False)

    words = describe_criterion(criterion)

    assert words.startswith("Бронирования — Статус: ")
    assert "Поток: 8-й поток" in words
    assert "page" not in criterion.query
    assert "sort" not in criterion.query


def test_it_is_asked_again_at_every_count(school):
    criterion = of_list("bookings", "referral=NEW", sees_emails=False)
    assert count_of(criterion) == 0

    BookingFactory.create(referral_code="NEW")

    assert count_of(criterion) == 1


def test_emails_are_searched_only_under_the_seal_of_who_may_see_them(school):
    person = TelegramUserFactory.create()
    FreeLessonRegistrationFactory.create(telegram_user=person, email="hidden.name@example.test")
    open_eyed = of_list("lessons", "q=hidden.name", sees_emails=True)
    masked = of_list("lessons", "q=hidden.name", sees_emails=False)

    assert count_of(open_eyed) == 1
    assert count_of(masked) == 0
    assert count_of(OfList("lessons", "q=hidden.name", seal="forged")) == 0
    assert count_of(OfList("lessons", "q=hidden", seal=open_eyed.seal)) == 0


@pytest.mark.parametrize(("name", "query"), [("nothing", ""), ("people", "q=" + "x" * 2000)])
def test_what_is_no_list_is_refused(name, query):
    assert of_list(name, query, sees_emails=False) is None
    if name == "nothing":
        with pytest.raises(UnknownCriterion):
            Criterion.from_json({"kind": "list", "name": name, "query": query, "seal": ""})


@pytest.mark.parametrize("query", ["since=tomorrow", "status=99", "stream=%00", "page=x&course=5555555555555"])
def test_a_filter_that_is_not_understood_has_nobody(school, query):
    for name in ("bookings", "lessons", "stream", "outcome"):
        assert count_of(OfList(name, f"since=tomorrow&{query}")) == 0


# On the pages ---------------------------------------------------------------------------------------------------------

PAGES = {
    "people": reverse("users:person_list"),
    "bookings": reverse("bookings:booking_list"),
    "stream": reverse("bookings:stream_detail", args=["8th_stream"]),
    "lessons": reverse("bookings:lesson_list"),
    "coupons": reverse("bookings:coupon_list"),
}


@pytest.mark.parametrize("name", PAGES)
def test_each_list_leads_to_the_composer_with_its_filter(school, staff_client, name):
    page = staff_client.get(PAGES[name])

    assertContains(page, f"{NEW}?list={name}&amp;query=")
    assertContains(page, "Написать этим людям")


def test_who_may_not_write_sees_no_button(school):
    client = Client()
    client.force_login(UserFactory.create(permissions=["bookings.view_booking"]))

    assertNotContains(client.get(PAGES["bookings"]), "Написать этим людям")


def test_the_composer_opens_with_the_list_and_keeps_it(school):
    client = Client()
    client.force_login(UserFactory.create(permissions=[*MAY_WRITE, "bookings.view_booking"]))
    page = client.get(NEW, {"list": "bookings", "query": "?status=2"})
    assertContains(page, "Бронирования — Статус: Подтверждено")
    [kept] = page.context["kept"]

    client.post(reverse("messaging:draft_check"), form(kept_include=[kept.value]))

    draft = Draft.objects.get()
    assert draft.content["audience"]["include"] == [
        {"kind": "list", "name": "bookings", "query": "status=2", "seal": ""}
    ]


def test_an_unknown_list_opens_an_empty_form_and_says_so(staff_client):
    assertContains(staff_client.get(NEW, {"list": "secrets"}, follow=True), "Список не удалось перенести")


@pytest.mark.parametrize("name", [name for name in [*PAGES, "outcome"] if name != "people"])
def test_a_list_that_somebody_may_not_see_is_not_taken_over(name):
    client = Client()
    client.force_login(UserFactory.create(permissions=MAY_WRITE))

    page = client.get(NEW, {"list": name}, follow=True)

    assertContains(page, "Список не удалось перенести")
    assert not page.context["kept"]


def test_the_outcome_of_a_message_leads_there_too(staff_client):
    broadcast = BroadcastFactory.create()
    RecipientFactory.create(
        message=broadcast, state=Recipient.State.SENT, sent_at=datetime(2026, 11, 1, tzinfo=NOW.tzinfo)
    )

    page = staff_client.get(reverse("messaging:broadcast_outcome", args=[broadcast.pk]))

    assertContains(page, "Написать тем, кто не забронировал")
    assertNotContains(page, "Написать тем, кто нажал")
