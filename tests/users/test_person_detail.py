"""The page of one person: what it says, to whom, in how many queries."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    TelegramUserFactory,
)
from tests.signing_in import client_with
from tests.users.lives import address, live_through
from users import services

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HTMX = {"HX-Request": "true"}
VIEW = "users.view_telegramuser"

pytestmark = pytest.mark.django_db


# Who it is ------------------------------------------------------------------------------------------------------------


def test_the_page_says_who_it_is(staff_client, person):
    BookingFactory.create(telegram_user=person, confirmed=2)

    response = staff_client.get(address(person))

    assertContains(response, "<h1>Мария Ковалёва</h1>", html=True)
    assertContains(response, 'href="https://t.me/maria"')
    assertContains(response, f"ID {person.pk}")
    assertContains(response, "8-й поток")


def test_the_page_reads_in_english_too(staff, staff_client):
    person = TelegramUserFactory.create(first_name="Maria", last_name=None)
    live_through(person, staff, times=1)
    staff_client.cookies["django_language"] = "en"

    page = staff_client.get(address(person)).content.decode()

    russian = re.findall("[а-яё]{3,}", page.split("<main")[1].split("</main>")[0], re.IGNORECASE)
    assert set(russian) <= {"Вайб", "кодинг", "поток", "Привет"}  # what people wrote


@pytest.mark.parametrize("user_id", [404, 2**63 - 1, -1])
def test_nobody_is_not_found(staff_client, user_id):
    assert staff_client.get(reverse("users:person_detail", args=[user_id])).status_code == 404


@pytest.mark.parametrize("path", ["/users/12abc/", "/users/99999999999999999999/", "/users/1e3/", "/users/%00/"])
def test_what_is_no_id_is_not_found(staff_client, path):
    assert staff_client.get(path).status_code == 404


def test_people_are_for_who_may_see_people(person):
    assert client_with().get(address(person)).status_code == 403
    assert Client().get(address(person)).status_code == 302


def test_who_may_see_people_only_sees_nothing_of_bookings_lessons_messages_and_notes(staff, person):
    live_through(person, staff, times=1)

    response = client_with(VIEW).get(address(person))

    for text in ("person-bookings", "person-lessons", "person-messages", "note 0", "kind=booking", "kind=message"):
        assertNotContains(response, text)
    for form in ("note-form", "tag-form", "block/", "Новое бронирование"):
        assertNotContains(response, form)


def test_a_message_that_is_scheduled_says_for_when(staff_client, person):
    planned = datetime(2030, 12, 6, 17, 0, tzinfo=UTC)
    RecipientFactory.create(telegram_user=person, message=BroadcastFactory.create(starts_at=planned))

    assertContains(staff_client.get(address(person)), "06.12.2030 20:00", count=2)  # in the section and the timeline


@pytest.mark.parametrize("times", [1, 12])
def test_the_page_takes_at_most_twelve_queries_however_much_there_is(
    staff, person, times, django_assert_max_num_queries
):
    client = client_with(
        VIEW,
        "users.view_note",
        "bookings.view_booking",
        "bookings.change_booking",
        "bookings.view_freelessonregistration",
        "messaging.view_broadcast",
    )
    live_through(person, staff, times=times)
    client.get(address(person))

    with django_assert_max_num_queries(12):
        response = client.get(address(person))

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("events", "days", "word"),
    [(20, 5, "Горячий"), (20, 4, "Тёплый"), (10, 3, "Тёплый"), (10, 2, "Прохладный"), (5, 1, "Прохладный")],
)
def test_the_lead_says_why(staff_client, person, events, days, word):
    now = datetime.now(UTC)
    for number in range(events):
        EventFactory.create(telegram_user=person, created_at=now - timedelta(days=number % days))

    response = staff_client.get(address(person))

    facts = response.content.decode().split("fact-list")[1]
    assert word in facts
    assert f"{events} событи" in facts
    assert re.search(rf"за {days} д(ень|ня|ней) из последних 7", facts)


HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE users; --",
    "{{ 7*7 }}{% now %}",
    "%s %(person)s",
    "\u202eevil\u202c",
    "Ё" * 3000,
    "🙂👨‍👩‍👧",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(staff_client, staff, text):
    person = TelegramUserFactory.create(first_name=text, last_name=text, username=text, language_code=text)
    BookingFactory.create(
        telegram_user=person, course_stream=text[:50], referral_code=text, confirmed=99, discount_percent=-7
    )
    EventFactory.create(telegram_user=person, event_type=text[:50], details={"x": text})
    EventFactory.create(
        telegram_user=person, event_type="booking_status_changed", details={"booking_id": text, "new_status": text}
    )
    EventFactory.create(telegram_user=person, event_type="booking_status_changed", details=[text])
    FreeLessonRegistrationFactory.create(telegram_user=person, email=text, lesson_type=text[:50])
    RecipientFactory.create(telegram_user=person, message=BroadcastFactory.create(message_text=text))
    services.write_note(person=person, text=text, by=staff, at=AT)
    services.add_tag(person=person, name=text[:40], by=staff)
    services.block_person(person=person, by=staff, at=AT, reason=text)

    response = staff_client.get(address(person))

    assert response.status_code == 200
    assertNotContains(response, "<script>alert")
