"""The jump: what it finds for whom, and what it never tells."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from bookings.models import Stream
from hsl_dashboard.web.jump import BELOW
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import ERASED_FROM
from users.staff.roles import VIEWER

pytestmark = pytest.mark.django_db

LINKS = re.compile(r'<li><a href="([^"]+)">')


def found(client: Client, typed: str, **more: object) -> list[str]:
    response = client.get("/jump/", {"q": typed, **more})
    assert response.status_code == 200
    return LINKS.findall(response.text)


@pytest.fixture
def maria():
    return TelegramUserFactory.create(first_name="Мария", last_name="Ковалёва", username="masha_k")


@pytest.mark.parametrize("typed", ["мария", "ковалева", "@masha_k", "https://t.me/masha_k", "КОВАЛЁВА"])
def test_a_person_is_found_as_in_the_list_of_people(staff_client, maria, typed):
    assert found(staff_client, typed) == [f"/users/{maria.pk}/"]


def test_a_person_is_found_by_the_id(staff_client, maria):
    assert f"/users/{maria.pk}/" in found(staff_client, str(maria.pk))


@pytest.mark.parametrize("sign", ["", "#", "№", "№ "])
def test_a_booking_is_found_by_its_number(staff_client, sign):
    StreamFactory.create()
    booking = BookingFactory.create(pk=7_001)

    assert f"/bookings/{booking.pk}/" in found(staff_client, f"{sign}7001")


def test_streams_messages_and_pages_are_found_by_their_words_in_any_order(staff_client):
    stream = StreamFactory.create()
    Stream.objects.filter(pk=stream.pk).update(name="Восьмой поток, осень")
    message = BroadcastFactory.create(message_text="Завтра <b>занятие</b> в 19:00")

    assert found(staff_client, "осень восьмой") == [f"/workshops/stream/{stream.code}/"]
    assert f"/messages/{message.pk}/" in found(staff_client, "занятие")
    assert f"/messages/{message.pk}/" in found(staff_client, f"№{message.pk}")
    assert found(staff_client, "сообщение новое") == ["/messages/new/"]


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("шаблоны", "/messages/templates/"),
        ("черновики", "/messages/drafts/"),
        ("автомат", "/messages/automations/"),
        ("токен", "/accounts/tokens/"),
        ("пригласить", "/staff/new/"),
    ],
)
def test_a_page_below_the_menu_is_found_too(staff_client, typed, address):
    assert found(staff_client, typed) == [address]
    assert found(staff_client, "", recent=[address])[0] == address


def test_who_may_not_open_a_page_is_not_led_to_it(client):
    client.force_login(UserFactory.create())
    assert [address for _label, address, asked in BELOW if asked and found(client, str(_label))] == []


def test_a_coupon_is_found_by_its_code_and_remembered(staff_client):
    ReferralCouponFactory.create(code="ОСЕНЬ/50")

    [address] = found(staff_client, "осень")

    assert staff_client.get(address).context["page"].paginator.count == 1
    assert found(staff_client, "", recent=[address])[0] == address


def test_the_very_number_stands_before_what_only_contains_it(staff_client):
    StreamFactory.create()
    TelegramUserFactory.create(pk=509_310_001)
    booking = BookingFactory.create(pk=931)

    assert found(staff_client, "931")[:2] == [f"/bookings/{booking.pk}/", "/users/509310001/"]


def test_what_was_opened_last_stands_first_in_its_order_while_nothing_is_typed(staff_client, maria):
    booking = BookingFactory.create(pk=7_002, telegram_user=maria)
    message = BroadcastFactory.create()
    addresses = [f"/messages/{message.pk}/", f"/bookings/{booking.pk}/", f"/users/{maria.pk}/", "/users/"]

    assert found(staff_client, "", recent=[*addresses, "/nowhere/", f"/users/{10**18}/"])[:4] == addresses


def test_an_erased_person_is_not_found(staff_client):
    TelegramUserFactory.create(pk=ERASED_FROM + 5, first_name="Анонимов")

    assert found(staff_client, "анонимов") == []
    assert f"/users/{ERASED_FROM + 5}/" not in found(staff_client, "", recent=[f"/users/{ERASED_FROM + 5}/"])


def test_a_viewer_is_told_nothing_that_the_pages_hide(client, maria):
    viewer = UserFactory.create()
    viewer.groups.add(Group.objects.get(name=VIEWER))
    client.force_login(viewer)
    letter = BroadcastFactory.create(message_text="Личное письмо", recipient_type="individual")

    assert found(client, "личное") == []
    assert "Личное письмо" not in client.get("/jump/", {"recent": f"/messages/{letter.pk}/"}).text
    assert found(client, "новое сообщение") == []


@pytest.mark.parametrize("typed", ["\x00", "%", "'", "9" * 5_000, "<script>", "№99999999999", "٣", "²", "a" * 10_000])
def test_nothing_that_is_typed_breaks_it(staff_client, maria, typed):
    assert (
        staff_client.get(
            "/jump/", {"q": typed, "recent": [typed, f"/users/{typed}/", f"/bookings/{typed}/"]}
        ).status_code
        == 200
    )


def test_it_asks_little_of_the_database(staff_client, maria, django_assert_max_num_queries):
    TelegramUserFactory.create_batch(20, first_name="Мария")

    found(staff_client, "мария")  # the first page of a session writes that there is one

    with django_assert_max_num_queries(12) as queries:
        found(staff_client, "мария")
    assert len([query for query in queries.captured_queries if "people_sought" in query["sql"]]) == 1


def test_single_keys_can_be_switched_off(staff_client):
    assert "data-shortcuts" in staff_client.get("/jump/").text

    staff_client.post("/shortcuts/", {"shortcuts": "off", "next": "/bookings/"})
    assert "data-shortcuts" not in staff_client.get("/jump/").text

    staff_client.post("/shortcuts/", {"shortcuts": "on"})
    assert "data-shortcuts" in staff_client.get("/jump/").text
    assert staff_client.post("/shortcuts/", {"shortcuts": "maybe"}).status_code == 400
    elsewhere = {"shortcuts": "on", "next": "https://evil.example/"}
    assert staff_client.post("/shortcuts/", elsewhere)["Location"] == "/shortcuts/"
