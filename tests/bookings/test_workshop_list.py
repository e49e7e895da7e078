"""The page of all courses."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from tests import bot_database
from tests.factories import BookingFactory, CourseFactory, StreamFactory, TelegramUserFactory, UserFactory

ADDRESS = reverse("bookings:workshop_list")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def viewer_client(client, db):
    client.force_login(UserFactory.create(permissions=["bookings.view_booking"]))
    return client


def test_the_page_needs_the_permission_to_see_bookings(client, db):
    assert client.get(ADDRESS).status_code == 302
    client.force_login(UserFactory.create())
    assert client.get(ADDRESS).status_code == 403


def test_a_card_shows_counts_places_conversion_and_the_way_to_the_stream(staff_client):
    StreamFactory.create(code="9th_stream", name="9-й поток", capacity=5)
    BookingFactory.create_batch(3, course_stream="9th_stream", confirmed=2)
    BookingFactory.create(course_stream="9th_stream", confirmed=None)

    response = staff_client.get(ADDRESS)

    course = CourseFactory.create()
    assertContains(response, "4 бронирования")
    assertContains(response, "конверсия 75\u00a0%")
    assertContains(response, "осталось 2 места из 5")
    assertContains(response, f'href="/workshops/stream/9th_stream/?course={course.pk}"')
    assertContains(response, '<rect class="fill-unknown" x="3" width="1"/>', html=True)


@pytest.mark.parametrize(
    ("capacity", "words"),
    [(None, "Число мест не задано"), (2, "Мест нет"), (1, "1 сверх лимита"), (7, "осталось 5 мест")],
)
def test_a_card_says_how_many_places_are_left(staff_client, capacity, words):
    StreamFactory.create(code="9th_stream", name="9-й поток", capacity=capacity)
    BookingFactory.create_batch(2, course_stream="9th_stream", confirmed=2)

    assertContains(staff_client.get(ADDRESS), words)


def test_a_stream_that_nobody_described_has_a_card_too(staff_client):
    BookingFactory.create(course_stream="<vip & co>")

    response = staff_client.get(ADDRESS)

    assertContains(response, "&lt;vip &amp; co&gt;")
    assertContains(response, "Не описан")


def test_the_newest_are_shown_and_the_total_is_said(staff_client):
    person = TelegramUserFactory.create()
    BookingFactory.create_batch(52, telegram_user=person)

    response = staff_client.get(ADDRESS)

    assert len(response.context["rows"]) == 20
    assertContains(response, "Показано 20 из 52")
    assertContains(response, 'href="/workshops/streams/new/"')


@pytest.mark.parametrize(
    ("chip", "found"),
    [("", 5), ("2", 1), ("1", 1), ("0", 1), ("-1", 1), ("none", 1), ("abc", 5), ("2\0", 5), ("9" * 40, 5)],
)
def test_a_chip_filters_and_its_count_is_what_it_shows(staff_client, chip, found):
    for status in (0, 1, 2, -1, 77):
        BookingFactory.create(confirmed=status)

    response = staff_client.get(ADDRESS, {"status": chip})

    assert len(response.context["rows"]) == response.context["chip_total"] == found
    assert [one.count for one in response.context["chips"]] == [5, 1, 1, 1, 1, 1]


def test_htmx_gets_only_the_table(staff_client, booking):
    response = staff_client.get(ADDRESS, headers=HTMX)

    assertContains(response, 'id="booking-table"')
    assertNotContains(response, "<h1")


def test_a_school_without_bookings_says_so(staff_client):
    assertContains(staff_client.get(ADDRESS), "Бронирований пока нет")


def test_an_empty_chip_offers_all(staff_client, booking):
    response = staff_client.get(ADDRESS, {"status": "-1"})

    assertContains(response, "Нет бронирований с этим статусом")
    assertContains(response, 'href="/workshops/"')


def test_whoever_may_only_look_gets_no_form(viewer_client, booking):
    assertNotContains(viewer_client.get(ADDRESS), "status-form")


def test_at_most_ten_queries_over_the_whole_dump(viewer_client, django_assert_max_num_queries):
    bot_database.load("courses", "users", "bookings")
    viewer_client.get(ADDRESS)  # the first request of a session writes that it was seen

    with django_assert_max_num_queries(10):
        response = viewer_client.get(ADDRESS)

    assertContains(response, "900")
    assert response.context["totals"].total == Booking.objects.count()


def test_the_page_speaks_english_too(staff_client, booking):
    staff_client.cookies["django_language"] = "en"

    assertContains(staff_client.get(ADDRESS), "Newest bookings")
