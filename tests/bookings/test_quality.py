"""The page of data that cannot be right: every kind is found, counted, and leads to where it is mended."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, Stream
from bookings.quality.problems import PAGE_SIZE, doubles, find_problems
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def counts() -> dict[str, int]:
    findings = find_problems(may=lambda permission: True, at=timezone.now())
    return {one.kind.name: one.count for one in findings}


def page(client: Client, kind: str) -> str:
    response = client.get(reverse("bookings:data_quality"), {"kind": kind})
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture(autouse=True)
def _described_stream():
    StreamFactory.create()


def test_sound_data_has_no_troubles(staff_client):
    BookingFactory.create()

    assert set(counts().values()) == {0}
    assert "Всё в порядке" in page(staff_client, "")


def test_two_active_bookings_of_a_course_are_found_with_links_to_both(staff_client):
    first = BookingFactory.create(telegram_user__first_name="Двойник")
    second = BookingFactory.create(telegram_user=first.telegram_user, confirmed=Booking.Status.CONFIRMED)
    third = BookingFactory.create(telegram_user=first.telegram_user, confirmed=None)

    assert counts()["doubles"] == 1
    html = page(staff_client, "doubles")
    assert "Двойник" in html
    assert re.findall(r'<th scope="col">([^<]+)</th>', html) == ["Пользователь", "Что не так"]  # no column is empty
    for booking in (first, second, third):
        assert reverse("bookings:booking_detail", args=[booking.pk]) in html


def test_a_cancelled_booking_and_one_of_another_course_are_no_double():
    booking = BookingFactory.create()
    BookingFactory.create(telegram_user=booking.telegram_user, confirmed=Booking.Status.CANCELLED)
    BookingFactory.create(telegram_user=booking.telegram_user, course__name="Другой курс")

    assert counts()["doubles"] == 0


@pytest.mark.owner
def test_the_index_of_active_bookings_answers_the_search_for_doubles():
    booking = BookingFactory.create()
    BookingFactory.create_batch(
        300, telegram_user=booking.telegram_user, course=booking.course, confirmed=Booking.Status.CANCELLED
    )
    with connection.cursor() as cursor:
        # So few rows are read whole, and an index that holds the cancelled ones would do as well.
        cursor.execute("ANALYZE bookings")
        cursor.execute("SET LOCAL enable_seqscan = off")
        query, params = doubles([]).query.sql_with_params()
        cursor.execute(f"EXPLAIN {query}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "bookings_active" in plan


@pytest.mark.parametrize("code", [None, ""])
def test_a_confirmed_booking_without_a_stream_is_found(staff_client, code):
    booking = BookingFactory.create(course_stream=code, confirmed=Booking.Status.CONFIRMED)
    BookingFactory.create(course_stream=code, confirmed=Booking.Status.PENDING)

    assert counts()["no-stream"] == 1
    assert reverse("bookings:booking_detail", args=[booking.pk]) in page(staff_client, "no-stream")


def test_an_unknown_stream_leads_to_the_form_that_describes_it(staff_client):
    booking = BookingFactory.create(course_stream="99th&stream")

    assert counts()["streams"] == 1
    address = f"{reverse('bookings:stream_new')}?course={booking.course_id}&amp;code=99th%26stream"
    assert address in page(staff_client, "streams")

    Stream.objects.create(course=booking.course, code="99th&stream", name="99-й")

    assert counts()["streams"] == 0


def test_a_stream_without_a_course_leads_to_its_bookings_alone(staff_client):
    BookingFactory.create(course=None, course_stream="99th")

    html = page(staff_client, "streams")

    assert "Без курса: 99th (1)" in html
    assert reverse("bookings:stream_new") not in html
    assert f"{reverse('bookings:booking_list')}?course=none&amp;stream=99th" in html


@pytest.mark.parametrize("status", [None, 7, -2, 2**31 - 1])
def test_an_unknown_status_is_found(staff_client, status):
    booking = BookingFactory.create(confirmed=status)

    assert counts()["statuses"] == 1
    assert reverse("bookings:booking_detail", args=[booking.pk]) in page(staff_client, "statuses")


def test_a_coupon_over_its_limit_is_found_and_one_at_its_limit_is_not(staff_client):
    over = ReferralCouponFactory.create(code="OVER", max_activations=2, current_activations=3)
    ReferralCouponFactory.create(max_activations=2, current_activations=2)

    assert counts()["coupons"] == 1
    html = page(staff_client, "coupons")
    assert "OVER: 3 из 2" in html
    assert reverse("bookings:coupon_limit", args=[over.pk]) in html


def test_a_person_without_any_name_is_found(staff_client):
    person = TelegramUserFactory.create(first_name=None, last_name="", username=None)
    TelegramUserFactory.create(first_name=None, last_name=None, username="has_one")

    assert counts()["nameless"] == 1
    assert f"ID {person.pk}" in page(staff_client, "nameless")


def test_dates_in_the_future_are_found_in_every_table(staff_client):
    tomorrow = timezone.now() + timedelta(days=1)
    booking = BookingFactory.create(created_at=tomorrow)
    EventFactory.create(created_at=tomorrow + timedelta(days=1))
    FreeLessonRegistrationFactory.create(registered_at=tomorrow)
    TelegramUserFactory.create(first_seen_at=tomorrow)
    EventFactory.create(created_at=timezone.now() - timedelta(days=1))

    assert counts()["future"] == 4
    html = page(staff_client, "future")
    assert f"№\u00a0{booking.pk}" in html
    assert reverse("bookings:booking_detail", args=[booking.pk]) in html


def test_long_lists_are_paged_and_nonsense_shows_the_first_page(staff_client):
    BookingFactory.create_batch(PAGE_SIZE + 10, confirmed=7)

    first = staff_client.get(reverse("bookings:data_quality"), {"kind": "statuses", "page": "x"})
    second = staff_client.get(reverse("bookings:data_quality"), {"kind": "statuses", "page": 2})

    assert len(first.context["troubles"]) == PAGE_SIZE
    assert len(second.context["troubles"]) == 10
    assert "kind=statuses&amp;page=2" in first.content.decode()


@pytest.mark.parametrize(
    "kind", ["doubles", "no-stream", "streams", "statuses", "coupons", "nameless", "far", "future"]
)
def test_the_number_of_queries_does_not_grow_with_the_rows(staff_client, django_assert_max_num_queries, kind):
    tomorrow = timezone.now() + timedelta(days=1)
    for person in TelegramUserFactory.create_batch(5, first_name=None, last_name=None, username=None):
        BookingFactory.create_batch(2, telegram_user=person, confirmed=7, course_stream="x", created_at=tomorrow)
        ReferralCouponFactory.create(current_activations=9)

    page(staff_client, kind)  # notes that the session was seen, once a minute

    with django_assert_max_num_queries(12):
        page(staff_client, kind)


def test_htmx_gets_only_the_list(staff_client):
    response = staff_client.get(reverse("bookings:data_quality"), headers={"HX-Request": "true"})

    assert "<h1>" not in response.content.decode()
    assert 'id="troubles"' in response.content.decode()


def test_whoever_may_not_see_coupons_sees_no_count_of_them(client):
    client.force_login(UserFactory.create(permissions=["bookings.view_booking"]))

    html = page(client, "coupons")

    assert "Промокоды" not in html
    assert "Два активных бронирования" in html


def test_names_are_shown_as_text(staff_client):
    booking = BookingFactory.create(telegram_user__first_name="<b>x</b>", confirmed=7, course_stream="<i>y</i>")

    html = page(staff_client, "statuses")

    assert "&lt;b&gt;x&lt;/b&gt;" in html and "<i>y" not in html
    assert str(booking.telegram_user_id) in html
