"""Bookings on a person's page: cards, edited in place or on a page."""

import json
import re
from dataclasses import asdict, astuple
from html import unescape

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking
from bookings.services.editing import Values
from messaging.models import Outbox
from tests.factories import (
    BookingFactory,
    CourseFactory,
    StreamFactory,
    TelegramUserFactory,
)
from tests.signing_in import client_with

HTMX = {"HX-Request": "true"}
VIEW = ("users.view_telegramuser", "bookings.view_booking")

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_stream():
    return StreamFactory.create(code="mentoring", name="Менторинг")


def person_page(person):
    return reverse("users:person_detail", args=[person.pk])


def edit_address(booking, person=None):
    return reverse("bookings:booking_edit", args=[(person or booking.telegram_user).pk, booking.pk])


def new_address(person):
    return reverse("bookings:booking_new", args=[person.pk])


def stream_address(person):
    return reverse("bookings:person_stream", args=[person.pk])


def form_of(booking, **changes):
    """What the form sends when somebody changed these fields of what they see."""
    seen = Values.of(booking)
    values = {name: "" if value is None else value for name, value in asdict(seen).items() if name != "course_id"}
    return values | {"seen": json.dumps(astuple(seen)), "reason": ""} | changes


# Cards ----------------------------------------------------------------------------------------------------------------


def test_cards_say_everything_of_a_booking(staff_client):
    booking = BookingFactory.create(referral_code="FRIEND10", discount_percent=10, confirmed=1)

    response = staff_client.get(person_page(booking.telegram_user))

    card = response.content.decode().split(f'id="booking-{booking.pk}"')[1].split("</article>")[0]
    for text in (
        "Вайб кодинг",
        "8-й поток",
        "В ожидании",
        "10&nbsp;%",
        "FRIEND10",
        "02.11.2026 15:30",
        "Изменить",
    ):
        assert text in card


def test_nobody_without_bookings_gets_an_empty_list(staff_client):
    assertContains(staff_client.get(person_page(TelegramUserFactory.create())), "ещё ничего не бронировал")


def test_who_may_only_look_gets_no_buttons():
    booking = BookingFactory.create()

    response = client_with(*VIEW).get(person_page(booking.telegram_user))

    for text in ("Изменить", "Новое бронирование", "Изменить поток"):
        assertNotContains(response, text)


# Editing --------------------------------------------------------------------------------------------------------------


def test_the_form_comes_in_place_of_the_card_or_as_a_page(staff_client, booking):
    in_place = staff_client.get(edit_address(booking), headers=HTMX)
    page = staff_client.get(edit_address(booking))

    assertContains(in_place, f'hx-target="#booking-{booking.pk}"')
    assertNotContains(in_place, "<h1>")
    assertContains(page, "<h1>")
    assertNotContains(page, 'hx-post="/users/')


def test_the_card_comes_back_when_the_form_is_left(staff_client, booking):
    address = reverse("bookings:person_booking", args=[booking.telegram_user_id, booking.pk])

    assertContains(staff_client.get(address, headers=HTMX), "Изменить")
    assertRedirects(
        staff_client.get(address),
        f"{person_page(booking.telegram_user)}#booking-{booking.pk}",
        fetch_redirect_response=False,
    )


def test_a_saved_form_leads_back_to_the_card(staff_client, booking, other_stream):
    sent = form_of(booking, course_stream="mentoring", discount_percent="", reason="просила")

    response = staff_client.post(edit_address(booking), sent, follow=True)

    booking.refresh_from_db()
    assert (booking.course_stream, booking.discount_percent) == ("mentoring", 0)
    assertContains(response, "сохранено")
    assertContains(response, "просила")


def test_htmx_gets_the_card_the_facts_and_the_timeline(staff_client, booking):
    response = staff_client.post(edit_address(booking), form_of(booking, confirmed=2), headers=HTMX)

    for text in ('id="person-facts"', 'id="timeline"', "Подтверждено", "toast"):
        assertContains(response, text)
    assertNotContains(response, "<h1>")


def test_nothing_changed_is_said(staff_client, booking):
    response = staff_client.post(edit_address(booking), form_of(booking))

    assertContains(response, "Нет изменений для сохранения", status_code=422)


def test_a_booking_of_another_person_is_not_found(staff_client, booking):
    address = edit_address(booking, person=TelegramUserFactory.create())

    assert staff_client.get(address).status_code == 404
    assert staff_client.post(address, form_of(booking, discount_percent=50)).status_code == 404
    booking.refresh_from_db()
    assert booking.discount_percent == 0


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_second_of_two_editors_sees_both_values_and_chooses(staff_client, booking, headers):
    sent = form_of(booking, discount_percent=10)
    Booking.objects.filter(pk=booking.pk).update(discount_percent=50, confirmed=2)

    conflict = staff_client.post(edit_address(booking), sent, headers=headers)

    html = conflict.content.decode()
    assert conflict.status_code == 409
    [row] = re.findall(r"Скидка, %</th>(.*?)</tr>", html, re.DOTALL)
    assert re.findall(r"<bdi>(.*?)</bdi>", row) == ["0", "50", "10"]
    assert 'value="10"' in html
    booking.refresh_from_db()
    assert booking.discount_percent == 50

    again = form_of(booking, discount_percent=10)
    assert json.dumps(json.loads(again["seen"])) in unescape(html)
    staff_client.post(edit_address(booking), again, headers=headers)
    booking.refresh_from_db()
    assert (booking.discount_percent, booking.confirmed) == (10, 2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"discount_percent": 101}, "discount_percent"),
        ({"discount_percent": -1}, "discount_percent"),
        ({"discount_percent": "50abc"}, "discount_percent"),
        ({"discount_percent": "9" * 5000}, "discount_percent"),
        ({"confirmed": 0}, "confirmed"),
        ({"confirmed": 17}, "confirmed"),
        ({"confirmed": "x"}, "confirmed"),
        ({"course_stream": "nobody_knows"}, "course_stream"),
        ({"course_stream": "a\0b"}, "course_stream"),
        ({"course_stream": "999999:"}, "course_stream"),
        ({"course_stream": "1:nobody_knows"}, "course_stream"),
        ({"referral_code": "NO_SUCH"}, "referral_code"),
        ({"referral_code": "a\0b"}, "referral_code"),
        ({"referral_code": "Ё" * 10_000}, "referral_code"),
        ({"reason": "x" * 501, "confirmed": 2}, "reason"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_cannot_be_is_refused_beside_its_field(staff_client, booking, changes, field, headers):
    response = staff_client.post(edit_address(booking), form_of(booking, **changes), headers=headers)

    form = response.context["form"]
    assert response.status_code == 422
    assert list(form.errors) == [field]
    assert "[" not in str(form.errors[field])
    booking.refresh_from_db()
    assert (booking.discount_percent, booking.confirmed, booking.course_stream) == (0, 1, "8th_stream")


@pytest.mark.parametrize(
    "seen",
    [
        "",
        "x",
        "[]",
        "{}",
        "null",
        "[1, 2, 3, 4]",
        '["a", true, null, 0]',
        "[" * 50_000,
        '["8th_stream", 1, null]',
        '["8th_stream", 1, null, 0]',
        '["8th_stream", 1, null, 0, "1"]',
        "\0",
    ],
)
def test_a_form_that_says_nonsense_of_what_was_seen_is_out_of_date(staff_client, booking, seen):
    response = staff_client.post(edit_address(booking), form_of(booking, discount_percent=10) | {"seen": seen})

    assert response.status_code == 422
    booking.refresh_from_db()
    assert booking.discount_percent == 0


def test_odd_old_values_may_stay(staff_client):
    booking = BookingFactory.create(
        discount_percent=150, course_stream="99th_stream", referral_code="Ё" * 200, confirmed=None
    )

    staff_client.post(edit_address(booking), form_of(booking, confirmed=1))

    booking.refresh_from_db()
    assert (booking.confirmed, booking.discount_percent, booking.course_stream) == (1, 150, "99th_stream")


def test_editing_needs_its_permission(booking):
    client = client_with(*VIEW)

    assert client.get(edit_address(booking)).status_code == 403
    assert client.post(edit_address(booking), form_of(booking, discount_percent=10)).status_code == 403


def test_only_who_may_override_is_offered_the_way_back(booking):
    booking.confirmed = -1
    booking.save()
    plain = client_with(*VIEW, "bookings.change_booking").get(edit_address(booking))
    override = client_with(*VIEW, "bookings.change_booking", "bookings.override_status").get(edit_address(booking))

    assertNotContains(plain, '<option value="2"')
    assertContains(override, "Подтверждено (с причиной)")


def test_the_preview_shows_what_would_be_sent_and_saves_nothing(staff_client, booking):
    response = staff_client.post(edit_address(booking), form_of(booking, confirmed=2) | {"preview": "1"}, headers=HTMX)

    assertContains(response, "Ваше место на курсе «Вайб кодинг» подтверждено")
    booking.refresh_from_db()
    assert booking.confirmed == 1
    assert not Outbox.objects.exists()


def test_what_was_previewed_is_what_is_queued(staff_client, booking):
    sent = form_of(booking, confirmed=2) | {"notify": "on"}
    preview = staff_client.post(edit_address(booking), sent | {"preview": "1"}).context["preview"]

    staff_client.post(edit_address(booking), sent)

    assert Outbox.objects.get().message_text == preview


# E5: the page of a booking edits everything, its course too -----------------------------------------------------------


@pytest.fixture
def python():
    """Another course, with a stream whose code the first course has too."""
    course = CourseFactory.create(name="Питон", button_text="Питон")
    StreamFactory.create(course=course, code="8th_stream", name="Весенний", capacity=1)
    return course


def test_e5_a_booking_goes_to_another_course_and_stream_at_once(staff_client, booking, python):
    shown = staff_client.get(edit_address(booking), headers=HTMX)
    sent = form_of(booking, course_stream=f"{python.pk}:8th_stream", reason="перепутал курс", notify="on")
    preview = staff_client.post(edit_address(booking), sent | {"preview": "1"}, headers=HTMX)

    assertContains(shown, '<optgroup label="Питон">')
    assertContains(preview, "Курс: <bdi>Вайб кодинг</bdi> → <strong><bdi>Питон</bdi></strong>")
    assertContains(preview, "Мы обновили вашу запись на курс «Питон»")
    booking.refresh_from_db()
    assert booking.course.name == "Вайб кодинг"

    staff_client.post(edit_address(booking), sent)

    booking.refresh_from_db()
    assert (booking.course, booking.course_stream) == (python, "8th_stream")
    assert Outbox.objects.get().message_text == preview.context["preview"]
    page = staff_client.get(reverse("bookings:booking_detail", args=[booking.pk]))
    assertContains(page, "Курс: <bdi>Вайб кодинг</bdi> → <bdi>Питон</bdi>")
    assertContains(page, "перепутал курс")


def test_e5_a_course_without_a_stream_is_another_choice(staff_client, booking, python):
    staff_client.post(edit_address(booking), form_of(booking, course_stream=f"{python.pk}:"))

    booking.refresh_from_db()
    assert (booking.course, booking.course_stream) == (python, None)


def test_e5_a_booking_without_a_course_gets_one(staff_client, python):
    booking = BookingFactory.create(course=None)

    staff_client.post(edit_address(booking), form_of(booking, course_stream=f"{python.pk}:8th_stream"))

    booking.refresh_from_db()
    assert booking.course == python


def test_e5_a_full_stream_of_the_other_course_takes_a_reason(staff_client, booking, python):
    BookingFactory.create(course=python, confirmed=2)
    sent = form_of(booking, course_stream=f"{python.pk}:8th_stream")

    assertContains(staff_client.post(edit_address(booking), sent), "1 из 1", status_code=422)
    staff_client.post(edit_address(booking), sent | {"overbook": "on", "reason": "договорились"})

    booking.refresh_from_db()
    assert booking.course == python


def test_e5_a_second_active_booking_of_the_other_course_is_not_made_by_the_way(booking, python):
    other = BookingFactory.create(telegram_user=booking.telegram_user, course=python, course_stream=None)
    sent = form_of(booking, course_stream=f"{python.pk}:", second="on", reason="оплатил дважды")
    plain = client_with(*VIEW, "bookings.change_booking")
    override = client_with(*VIEW, "bookings.change_booking", "bookings.override_status")

    refused = plain.post(edit_address(booking), sent)
    booking.refresh_from_db()
    assert (refused.status_code, booking.course.name) == (422, "Вайб кодинг")
    assertContains(refused, f"#booking-{other.pk}", status_code=422)

    assert override.post(edit_address(booking), sent | {"reason": ""}).status_code == 422
    override.post(edit_address(booking), sent)
    booking.refresh_from_db()
    assert booking.course == python


def test_e5_two_editors_of_the_course_see_both_courses(staff_client, booking, python):
    sent = form_of(booking, course_stream=f"{python.pk}:8th_stream")
    Booking.objects.filter(pk=booking.pk).update(discount_percent=50)

    conflict = staff_client.post(edit_address(booking), sent)

    html = conflict.content.decode()
    [row] = re.findall(r"Курс</th>(.*?)</tr>", html, re.DOTALL)
    assert re.findall(r"<bdi>(.*?)</bdi>", row) == ["Вайб кодинг", "Вайб кодинг", "Питон"]
    assert f'<option value="{python.pk}:8th_stream" selected>' in html
