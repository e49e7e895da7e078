"""The page of one stream."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import (
    BookingFactory,
    CourseFactory,
    EventFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)

HTMX = {"HX-Request": "true"}


def address(code="9th_stream"):
    return reverse("bookings:stream_detail", args=[code])


@pytest.fixture
def stream(db):
    return StreamFactory.create(code="9th_stream", name="9-й поток", campaign_starts_on=date(2026, 1, 1))


def viewer(stream, **kwargs):
    person = TelegramUserFactory.create(**kwargs)
    EventFactory.create(telegram_user=person, event_type="view_program", details={"course_id": str(stream.course_id)})
    return person


def test_the_page_needs_the_permission_to_see_bookings(client, stream):
    client.force_login(UserFactory.create())

    assert client.get(address()).status_code == 403


def test_a_stream_that_nobody_booked_and_nobody_described_is_not_there(staff_client):
    assert staff_client.get(address("nothing")).status_code == 404


@pytest.mark.parametrize("code", ["a\0b", "x" * 5000, "🦆", "../..", "%"])
def test_an_impossible_code_is_not_there(staff_client, code):
    assert staff_client.get(address(code)).status_code == 404


@pytest.mark.parametrize("code", ["9TH_STREAM", "a/b", "x?y=1#z", "поток 9", "<script>alert(1)</script>"])
def test_a_booked_stream_that_nobody_described_shows_as_the_bot_writes_it(staff_client, code):
    BookingFactory.create(course_stream=code)

    response = staff_client.get(address(code))

    assert response.context["stream"].label == code
    assertContains(response, "Поток ещё не описан")
    assertNotContains(response, "<script>alert")


def test_a_stream_without_a_course_says_so_and_is_not_described(staff_client):
    BookingFactory.create(course=None, course_stream="99th")

    response = staff_client.get(address("99th"))

    assertContains(response, "<h1>Без курса — 99th</h1>", html=True)
    assertNotContains(response, reverse("bookings:stream_new"))


@pytest.mark.parametrize(
    ("people", "words"),
    [(1, "1 студент<"), (2, "2 студента<"), (5, "5 студентов<"), (11, "11 студентов<"), (21, "21 студент<")],
)
def test_students_are_counted_in_good_russian(staff_client, stream, people, words):
    BookingFactory.create_batch(people, course_stream="9th_stream")

    assertContains(staff_client.get(address()), words)


def test_a_person_with_two_bookings_is_one_student(staff_client, stream):
    BookingFactory.create_batch(2, course_stream="9th_stream", telegram_user=TelegramUserFactory.create())

    response = staff_client.get(address())

    assertContains(response, "1 студент<")
    assertContains(response, "2 бронирования<")


def test_chips_count_what_they_show(staff_client, stream):
    for status in (2, 2, 1, 0, -1, None, 99):
        BookingFactory.create(course_stream="9th_stream", confirmed=status)
    viewer(stream)

    chips = staff_client.get(address()).context["chips"]

    assert [(chip.label, chip.count) for chip in chips] == [
        ("Все", 7),
        ("Подтверждено", 2),
        ("В ожидании", 1),
        ("Новая заявка", 1),
        ("Отменено", 1),
        ("Неизвестно", 2),
        ("Смотрел", None),  # comes after the page
    ]
    for chip in chips:
        response = staff_client.get(chip.address)
        count = next(again.count for again in response.context["chips"] if again.is_current)
        assert len(response.context.get("rows") or response.context["people"]) == count
        assertContains(response, f'aria-current="true" hx-get="{chip.address}"'.replace("&", "&amp;"))


def test_the_number_of_those_who_viewed_comes_after_the_page(staff_client, stream):
    viewer(stream)
    page = staff_client.get(address())
    counted = f"{reverse('bookings:stream_viewed', args=['9th_stream'])}?course={stream.course_id}"

    assertContains(page, f'hx-get="{counted}"')
    assertContains(staff_client.get(counted), '<span class="count" id="viewed-count">1</span>')


def test_there_is_no_unknown_chip_without_unknown_statuses(staff_client, stream):
    BookingFactory.create(course_stream="9th_stream")

    chips = staff_client.get(address()).context["chips"]

    assert "Неизвестно" not in [chip.label for chip in chips]


def test_who_viewed_is_shown_with_when(staff_client, stream):
    person = TelegramUserFactory.create(first_name="Зоя", username=None)
    EventFactory.create(
        telegram_user=person,
        event_type="view_program",
        details={"course_id": stream.course_id},
        created_at=datetime(2026, 3, 1, 21, 30, tzinfo=UTC),
    )

    response = staff_client.get(address(), {"status": "viewed"})

    assertContains(response, "Зоя")
    assertContains(response, "без @username")
    assertContains(response, "02.03.2026 00:30")


def test_without_a_campaign_and_a_believable_booking_nobody_counts_as_viewed(staff_client):
    StreamFactory.create(code="9th_stream", campaign_starts_on=None)
    BookingFactory.create(course_stream="9th_stream", created_at=datetime(1970, 1, 1, tzinfo=UTC))

    response = staff_client.get(address(), {"status": "viewed"})

    assertContains(response, "Начало набора в поток неизвестно")
    assertContains(response, "Нет тех, кто только смотрел")


def test_a_row_shows_what_the_list_of_people_counts(staff_client, stream):
    now = timezone.now()
    booking = BookingFactory.create(course_stream="9th_stream", created_at=now - timedelta(days=9))
    for days in (3, 5):
        EventFactory.create(telegram_user=booking.telegram_user, created_at=now - timedelta(days=days))

    response = staff_client.get(address())

    assertContains(response, "3\xa0дня назад")
    assert response.context["rows"][0].activity.events == 2


def test_two_courses_with_the_same_code_have_a_tab_each(staff_client, stream):
    other = CourseFactory.create(name="Другой курс")
    BookingFactory.create(course=other, course_stream="9th_stream")

    first, second = staff_client.get(address()), staff_client.get(address(), {"course": other.pk})

    assert first.context["stream"].course_id == stream.course_id
    assert second.context["stream"].course_id == other.pk
    assert len(second.context["rows"]) == 1
    assertContains(first, f'href="{address()}?course={other.pk}"')


@pytest.mark.parametrize("course", ["999", "abc", "none", "9" * 30, "1\0", "-1"])
def test_a_course_that_does_not_have_the_stream_is_not_there(staff_client, stream, course):
    assert staff_client.get(address(), {"course": course}).status_code == 404


def test_bookings_without_a_course_have_their_own_tab(staff_client, stream):
    BookingFactory.create(course=None, course_stream="9th_stream")

    response = staff_client.get(address(), {"course": "none"})

    assert len(response.context["rows"]) == 1


def test_an_empty_stream_says_why(staff_client, stream):
    assertContains(staff_client.get(address()), "В этом потоке ещё нет бронирований")


def test_htmx_gets_only_the_stream(staff_client, stream):
    response = staff_client.get(address(), headers=HTMX)

    assertContains(response, 'id="stream"')
    assertNotContains(response, "<h1")


@pytest.mark.parametrize("status", ["", "viewed"])
def test_queries_do_not_grow_with_the_rows(staff_client, stream, status):
    def count(rows):
        for _ in range(rows):
            BookingFactory.create(course_stream="9th_stream")
            viewer(stream)
        staff_client.get(address(), {"status": status})
        with CaptureQueriesContext(connection) as captured:
            staff_client.get(address(), {"status": status})
        return len(captured)

    assert count(2) == count(30) <= 14
