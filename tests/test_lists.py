"""Every list of the pages, asked with everything that an address can hold."""

import re
from typing import Any

import pytest
from django.http import QueryDict
from django.urls import reverse

from bookings.models import Booking
from hsl_dashboard.web.addresses import address_without
from tests.factories import BookingFactory, StreamFactory, UserFactory
from tests.messaging.broadcasts import BroadcastFactory
from tests.sizes import is_sampled
from users.models import BlockedUser

LISTS = {
    "bookings:booking_list": "booking-table",
    "bookings:lesson_list": "lesson-table",
    "users:person_list": "person-table",
    "messaging:broadcast_list": "broadcast-table",
    "messaging:broadcast_detail": "recipient-table",
    "messaging:draft_list": "draft-table",
    "messaging:blocked_list": "blocked-table",
    "messaging:conversation_list": "conversation-table",
    "users:audit_list": "audit-table",
}
SELECT = re.compile(r"<select.*?</select>", re.DOTALL)
OPTION = re.compile(r'<option value="(.*?)".*?>(.*?)</option>', re.DOTALL)
PLACES = ("sort", "page", "before", "after")
HOSTILE = [
    "abc", "0", "-1", str(10**9), str(2**63), "9" * 5000, "½", "a\0b", "\u202eabc", "<script>alert(1)</script>",
    "%", "\\", "' OR 1=1 --", "[1]", "none", "9999-12-31", "@", "#",
]  # fmt: skip


@pytest.fixture
def addresses(db: None) -> dict[str, str]:
    booking = BookingFactory.create(confirmed=Booking.Status.CONFIRMED, course_stream=StreamFactory.create().code)
    BlockedUser.objects.create(telegram_user=booking.telegram_user, reason="bot_blocked_by_user")
    broadcast = BroadcastFactory.create()
    return {name: reverse(name, args=[broadcast.pk] if name == "messaging:broadcast_detail" else []) for name in LISTS}


@pytest.fixture
def administrator(client, db: None) -> Any:
    client.force_login(UserFactory.create(is_superuser=True))
    return client


def fields_of(response: Any) -> list[str]:
    return sorted({*response.context["form"].fields, *PLACES})


@pytest.mark.parametrize("name", LISTS)
def test_a_parameter_left_empty_asks_for_nothing(administrator, addresses, name):
    address = addresses[name]
    fields = fields_of(administrator.get(address))

    for empty in ("", "  "):
        response = administrator.get(address, {field: [empty, empty] for field in fields})

        assert response.status_code == 200
        assert response.context["active_filters"] == []


@pytest.mark.parametrize(
    "name", [*LISTS, "bookings:payment_list", "bookings:lesson_dates_list", "bookings:coupon_list"]
)
def test_a_list_that_offers_to_be_saved_can_be_saved(administrator, addresses, name):
    address = addresses.get(name) or reverse(name)
    offered = reverse("saved_view_new")

    offers = f'href="{offered}"' in administrator.get(address).content.decode()

    assert administrator.get(offered, {"address": address}).status_code == (200 if offers else 302)


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("messaging:broadcast_list", "state=held", "Состояние: Задержано: ждёт решения"),
        ("messaging:conversation_list", "state=snoozed&of=me", "Кто отвечает: Я"),
        ("messaging:draft_list", "state=mine", "Состояние: Последним менял я"),
        ("messaging:blocked_list", "since=2026-01-09", "09.01.2026"),
        ("users:audit_list", "until=2026-01-09", "Дата по: 09.01.2026"),
    ],
)
def test_a_view_says_what_it_filters_by(administrator, name, query, words):
    response = administrator.get(reverse("saved_view_new"), {"address": f"{reverse(name)}?{query}"})

    assert words in " ".join(response.context["words"])


@pytest.mark.parametrize("name", LISTS)
def test_no_parameter_breaks_a_list(administrator, addresses, name):
    address = addresses[name]
    partial = {"HX-Request": "true", "HX-Target": LISTS[name]}

    for field in fields_of(administrator.get(address)):
        for value in HOSTILE:
            if not is_sampled(name, field, value, one_in=3):
                continue
            query = {field: ["1", value, value], f"{field}[]": value}
            response = administrator.get(address, query, headers=partial)

            assert response.status_code in {200, 422}, query
            assert b"<script>alert" not in response.content


@pytest.mark.parametrize("name", LISTS)
def test_a_filter_that_is_not_understood_is_said_at_its_field(administrator, addresses, name):
    response = administrator.get(addresses[name], {"q": "\0"})

    assert response.status_code == 422
    assert "q" in response.context["form"].errors
    assert "Исправьте фильтр или сбросьте его." in response.text


@pytest.mark.parametrize(
    "name", [*LISTS, "bookings:money_overview", "bookings:payment_list", "bookings:lesson_dates_list"]
)
def test_a_choice_stands_once_and_in_words(administrator, addresses, name):
    page = administrator.get(addresses.get(name) or reverse(name)).text

    for select in SELECT.findall(page):
        values, words = zip(*OPTION.findall(select), strict=True)
        assert len(set(values)) == len(values) and len(set(words)) == len(words), select
        assert not [word for word in words if word.startswith(("[", "("))], select


@pytest.mark.parametrize("name", ["bookings:booking_list", "users:person_list"])
def test_what_leads_elsewhere_asks_for_no_choice_of_the_form(administrator, addresses, name):
    page = administrator.get(addresses.get(name) or reverse(name)).text
    bulk = page[page.index('<form id="bulk"') :]

    assert "required" in bulk[: bulk.index("</form>")]
    [button] = re.findall(r"<button[^>]*\sformaction=[^>]*>", bulk[: bulk.index("</form>")])
    assert "formnovalidate" in button


def test_a_word_taken_away_takes_every_repetition_along(administrator, addresses):
    response = administrator.get(f"{addresses['bookings:booking_list']}?discount=no&discount=yes&page=3")

    [word] = response.context["active_filters"]
    assert (word.value, word.address) == ("Со скидкой", addresses["bookings:booking_list"])


def test_an_address_without_a_filter_begins_at_the_beginning():
    query = QueryDict("status=1&status=2&page=2&before=a&after=b")

    assert address_without("/users/", query, "status", "1") == "/users/?status=2"
