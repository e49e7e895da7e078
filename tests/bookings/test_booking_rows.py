"""What a row of bookings shows, hostile and impossible values included."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import BookingFactory, TelegramUserFactory

ADDRESS = reverse("bookings:booking_list")


def test_a_row_shows_status_discount_code_and_moscow_time(staff_client):
    BookingFactory.create(
        confirmed=2, discount_percent=20, referral_code="VIP", created_at=datetime(2026, 1, 31, 21, 5, tzinfo=UTC)
    )

    response = staff_client.get(ADDRESS)

    assertContains(response, "−20&nbsp;%")
    assertContains(response, "VIP")
    assertContains(response, "01.02.2026 00:05")
    assertContains(response, 'class="badge confirmed"')


@pytest.mark.parametrize("status", [None, 7, 99, -2, 2**31 - 1])
def test_a_status_that_nobody_knows_is_said_to_be_unknown(staff_client, status):
    BookingFactory.create(confirmed=status)

    assertContains(staff_client.get(ADDRESS), "Неизвестно</span>")


HOSTILE = [
    "<script>alert('x')</script>",
    "Robert'); DROP TABLE bookings;--",
    "\u202eимя наоборот\u202c",
    "А" * 64,
    "две\nстроки",
    '=HYPERLINK("http://evil.test","x")',
    "{{ 7|add:7 }}",
    "\ufffd",
    "   ",
    "",
    None,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_a_name(staff_client, name):
    person = TelegramUserFactory.create(first_name=name, username=name or None)
    BookingFactory.create(
        telegram_user=person, first_name=name, username=name, course_stream=(name or "")[:50], referral_code=name
    )

    for address in (ADDRESS, reverse("bookings:workshop_list"), f"{ADDRESS}?q=1"):
        response = staff_client.get(address)
        assert response.status_code == 200
        assertNotContains(response, "<script>alert")
        assertNotContains(response, 'HYPERLINK("')


def test_a_nameless_person_is_unknown_and_has_no_username(staff_client):
    BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name=None, username=None))

    response = staff_client.get(ADDRESS)

    assertContains(response, "Неизвестно")
    assertContains(response, "без @username")


def test_dates_that_cannot_be_are_shown_all_the_same(staff_client):
    BookingFactory.create(created_at=datetime(1970, 1, 1, tzinfo=UTC))
    BookingFactory.create(created_at=datetime(9999, 12, 30, tzinfo=UTC))
    BookingFactory.create(created_at=None)

    response = staff_client.get(ADDRESS)

    assertContains(response, "01.01.1970 03:00")
    assertContains(response, "дата вне календаря")
