"""The page of waiting payments: what it says, its rules, and who sees it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import PaymentRules
from bookings.payments import presence
from tests.bookings.waiting import HTMX, OTHER_PROOF, QUEUE, booked, fold, prove
from tests.factories import (
    BookingFactory,
    StreamFactory,
    UserFactory,
)
from users.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return UserFactory.create(
        username="olga",
        permissions=["bookings.view_booking", "bookings.decide_payment", "bookings.add_payment"],
    )


@pytest.fixture
def manager_client(client, manager):
    client.force_login(manager)
    return client


# The page -------------------------------------------------------------------------------------------------------------


def test_the_page_says_what_one_decides_by(staff_client):
    stream = StreamFactory.create()
    type(stream).objects.filter(pk=stream.pk).update(capacity=3, price=Decimal(200), currency="USD")
    booking = booked(ago=timedelta(hours=30), discount_percent=10, referral_code="DRUG")
    BookingFactory.create(confirmed=2)
    BookingFactory.create(telegram_user=booking.telegram_user, confirmed=-1, course_stream="7th_stream")
    prove(booking, kind=OTHER_PROOF, message_text="Перевела с карты мужа", message_type="text")
    PaymentRules.objects.create(pk=1, chat_url="https://t.me/c/123")

    page = staff_client.get(QUEUE)

    for words in (
        "Анна", "8-й поток", "180", "−10", "DRUG", "Перевела с карты мужа", "7-й поток", "https://t.me/c/123",
        "ждёт слишком долго", "Ждёт дольше 24 часов", "из 3", "Сам чек есть только в чате школы",
    ):  # fmt: skip
        assertContains(page, words)
    assert page.context["opened"].places_left == 2


def test_the_limits_are_what_staff_have_set(staff_client):
    booked(ago=timedelta(hours=5))
    assertContains(staff_client.get(QUEUE), "Ждёт дольше 4 часов")

    PaymentRules.objects.create(pk=1, long_hours=6, late_hours=10)

    assertNotContains(staff_client.get(QUEUE), "Ждёт дольше")


def test_it_takes_few_queries_however_many_wait(staff_client, django_assert_max_num_queries):
    stream = StreamFactory.create()
    type(stream).objects.filter(pk=stream.pk).update(capacity=3)
    for _number in range(60):
        prove(booked())
    fold()
    staff_client.get("/shortcuts/")  # the session is new no longer

    # Without the frame, whose badges and saved views are counted where they are made.
    with django_assert_max_num_queries(12):
        staff_client.get(QUEUE, headers=HTMX)

    page = staff_client.get(QUEUE)
    assert len(page.content) < 60_000
    assertContains(page, "after=")


def test_an_empty_queue_says_so(staff_client):
    assertContains(staff_client.get(QUEUE), "Никто не ждёт")
    assertContains(staff_client.get(f"{QUEUE}?tab=later"), "Здесь пусто")


@pytest.mark.parametrize("asked", ["open=abc", "open=99999999999", "open=5", "tab=nonsense", "after=x", "before=end"])
def test_nonsense_in_the_address_gives_a_page(staff_client, asked):
    booked()

    assert staff_client.get(f"{QUEUE}?{asked}").status_code == 200


def test_htmx_gets_the_queue_or_only_its_list(staff_client):
    booking = booked()

    queue = staff_client.get(QUEUE, headers=HTMX)
    rows = staff_client.get(f"{QUEUE}?open={booking.pk}", headers={**HTMX, "HX-Target": "payment-rows"})

    assertContains(queue, 'id="payment-open"')
    assertNotContains(queue, "<h1>")
    assertContains(rows, 'id="payment-rows"')
    assertNotContains(rows, 'id="payment-open"')


def test_a_list_that_is_open_says_how_many_came_since_and_shows_them_when_asked(staff_client):
    old = booked(ago=timedelta(hours=3))
    page = staff_client.get(QUEUE)
    poll = page.context["poll_address"]
    for_rows = {**HTMX, "HX-Target": "payment-rows"}
    assertNotContains(staff_client.get(poll, headers=for_rows), "новая")

    new = booked(ago=timedelta(hours=4))  # since before the other one, by the bot's dates
    prove(booked())
    rows = staff_client.get(poll, headers=for_rows)

    assertContains(rows, "+2 новых — показать")
    assertContains(rows, f"open={old.pk}")
    assertNotContains(rows, f"open={new.pk}")
    assert rows.context["poll_address"] == poll  # it goes on counting from the same moment
    assertContains(staff_client.get(rows.context["news"].show), f"open={new.pk}")
    for nonsense in ("x", "2026-13-45T99:00:00", "infinity"):
        assert staff_client.get(QUEUE, {"drawn": nonsense}, headers=for_rows).status_code == 200


def test_a_list_with_nothing_left_opens_what_comes_by_itself(staff_client):
    poll = staff_client.get(QUEUE).context["poll_address"]
    new = booked()

    answer = staff_client.get(poll, headers={**HTMX, "HX-Target": "payment-rows"})

    assertContains(answer, 'id="payment-open"')
    assert answer["HX-Retarget"] == "#payment-queue"
    assert answer["HX-Replace-Url"] == f"{QUEUE}?open={new.pk}"


def test_two_at_once_see_who_has_which(staff_client, manager_client):
    first, second = booked(ago=timedelta(hours=3)), booked(ago=timedelta(hours=2))
    staff_client.get(QUEUE)

    page = manager_client.get(QUEUE)

    # What Anna has open is passed over, and says so.
    assertContains(page, "открыто: anna")
    assert page.context["opened"].booking == second
    assertContains(manager_client.get(f"{QUEUE}?open={first.pk}"), "Эту оплату сейчас смотрит и anna")
    presence.cache.clear()
    assert manager_client.get(QUEUE).context["opened"].booking == first


def test_who_looks_for_the_receipt_in_another_tab_still_has_the_payment(staff_client, monkeypatch):
    booked()
    kept = []
    keep = presence.cache.set
    monkeypatch.setattr(
        presence.cache, "set", lambda key, *rest: kept.append(rest[1]) if "payment-open" in key else keep(key, *rest)
    )

    poll = staff_client.get(QUEUE).context["poll_address"]
    staff_client.get(poll, headers={**HTMX, "HX-Target": "payment-rows", "X-Leaves": "true"})

    assert kept == [presence.SEEN_FOR, presence.AWAY_FOR]


# Who sees it ----------------------------------------------------------------------------------------------------------


def test_today_and_the_navigation_say_how_many_wait(manager_client):
    for _number in range(3):
        booked()
    fold()

    assertContains(manager_client.get("/?part=waiting"), "Оплаты ждут решения")
    page = manager_client.get("/")
    assertContains(page, 'href="/payments/"')
    assertContains(page, '<span class="count">3')


def test_who_may_not_decide_sees_no_queue_and_no_line(client):
    booked()
    fold()
    client.force_login(UserFactory.create(permissions=["bookings.view_booking"]))

    assert client.get(QUEUE).status_code == 403
    assertNotContains(client.get("/?part=waiting"), "Оплаты ждут решения")


def test_the_rules_are_saved_and_audited(staff_client, staff):
    address = reverse("bookings:payment_rules")
    form = staff_client.get(address).context["form"]
    sent = {
        "seen": form["seen"].value(), "long_hours": 2, "late_hours": 8, "chat_url": "https://t.me/c/5",
        "decline_text": "Нет оплаты", "ask_text": "",
    }  # fmt: skip

    assertRedirects(staff_client.post(address, sent), address, status_code=303)
    assert PaymentRules.read().late_hours == 8
    assert not PaymentRules.read().bot_tells
    assert AuditEntry.objects.filter(what__startswith="bookings_paymentrules", done_by=staff).exists()
    # Somebody else had the form open.
    assert staff_client.post(address, sent).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"late_hours": 1},
        {"chat_url": "javascript:alert(1)"},
        {"long_hours": 0},
        {"seen": "[]"},
        {"ask_text": "x" * 1001},
    ],
)
def test_wrong_rules_are_refused(staff_client, wrong):
    address = reverse("bookings:payment_rules")
    form = staff_client.get(address).context["form"]
    sent = {"seen": form["seen"].value(), "long_hours": 2, "late_hours": 8, "chat_url": "", **wrong}

    assert staff_client.post(address, sent).status_code == 422
    assert not PaymentRules.objects.exists()
