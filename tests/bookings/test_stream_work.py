"""E3: the page of a stream is a workplace: search, order, ticks, a message, days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.lists.campaigns import campaign_days, previous_stream
from bookings.models import Booking, BulkChange, Stream
from tests.factories import BookingFactory, EventFactory, StreamFactory, TelegramUserFactory
from tests.signing_in import client_with

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
STREAM = reverse("bookings:stream_detail", args=["9th_stream"])


@pytest.fixture
def stream(db):
    return StreamFactory.create(code="9th_stream", name="9-й поток", capacity=30, campaign_starts_on=date(2026, 1, 1))


@pytest.fixture
def students(stream):
    people = [TelegramUserFactory.create(first_name=name) for name in ("Вера", "Анна", "Борис")]
    return [
        BookingFactory.create(telegram_user=person, course_stream="9th_stream", confirmed=status)
        for person, status in zip(people, (1, 2, 1), strict=True)
    ]


def names(response):
    return [row.booking.telegram_user.first_name for row in response.context["rows"]]


def edit_address(stream):
    return reverse("bookings:stream_edit", args=[stream.pk])


# The table ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Борис", "Анна", "Вера"]),
        ("?sort=name", ["Анна", "Борис", "Вера"]),
        ("?sort=-name&status=1", ["Вера", "Борис"]),
        ("?q=анна", ["Анна"]),
        ("?q=анна&status=1", []),
    ],
)
def test_E3_people_of_a_stream_are_found_and_sorted(staff_client, students, query, found):
    assert names(staff_client.get(STREAM + query)) == found


def test_E3_who_only_viewed_is_found_too(staff_client, stream):
    for name in ("Дина", "Егор"):
        person = TelegramUserFactory.create(first_name=name)
        EventFactory.create(telegram_user=person, event_type="view_program", details={"course_id": stream.course_id})

    page = staff_client.get(f"{STREAM}?status=viewed&q=дина")

    assert [row.person.first_name for row in page.context["people"]] == ["Дина"]


def test_E3_a_search_that_finds_nobody_says_so(staff_client, students):
    assertContains(staff_client.get(f"{STREAM}?q=никто"), "Никого не найдено")


@pytest.mark.parametrize("query", ["?sort=discount", f"?q={'x' * 201}"])
def test_E3_a_filter_that_is_not_understood_says_so(staff_client, students, query):
    assertContains(staff_client.get(STREAM + query), "Не удалось применить фильтр", status_code=422)


def test_E3_ticked_students_are_changed_together(staff_client, students):
    assertContains(staff_client.get(STREAM), 'form="bulk" name="booking"', count=3)
    sent = {"of": "bookings", "act": "status:2", "scope": "chosen", "booking": [students[0].pk], "next": STREAM}

    staff_client.post(reverse("bookings:bulk_prepare"), sent)

    change = BulkChange.objects.get()
    assert (change.next, [row.booking for row in change.rows.all()]) == (STREAM, [students[0]])


def test_E3_all_that_the_page_finds_is_that_stream_and_no_other(staff_client, students):
    BookingFactory.create(course_stream="8th_stream", confirmed=1)
    query = staff_client.get(f"{STREAM}?status=1&sort=name").context["bulk_query"]
    sent = {"of": "bookings", "act": "status:2", "scope": "all", "query": query, "next": STREAM}

    staff_client.post(reverse("bookings:bulk_prepare"), sent)

    assert [row.booking for row in BulkChange.objects.get().rows.all()] == [students[2], students[0]]


def test_E3_who_may_only_look_ticks_nothing(students):
    client = client_with("bookings.view_booking")

    page = client.get(STREAM)

    assertNotContains(page, 'type="checkbox"')
    assertNotContains(page, "Написать потоку")
    assertNotContains(page, f'href="{edit_address(Stream.objects.get(code="9th_stream"))}"')


def test_E3_a_row_whose_status_changed_keeps_its_box(staff_client, students):
    here = HTMX | {"HX-Current-URL": f"http://testserver{STREAM}"}
    sent = {"to": 2, "expected": 1, "next": STREAM}

    answer = staff_client.post(reverse("bookings:booking_status", args=[students[0].pk]), sent, headers=here)

    assertContains(answer, f'name="booking" value="{students[0].pk}"')


def test_E3_write_to_the_stream_opens_a_message_to_its_confirmed_people(staff_client, stream, students):
    compose = reverse("messaging:compose_message")
    address = f"{compose}?stream={stream.course_id}:9th_stream"
    assertContains(staff_client.get(STREAM), address)

    page = staff_client.get(address)

    chosen = [cell.value for row in page.context["streams"] for cell in row.cells if cell.chosen]
    assert chosen == [f"{stream.course_id}:9th_stream:2"]


@pytest.mark.parametrize("asked", ["", ":", "x:9th_stream", f"1:{'x' * 51}", "99999999999999:a", "1"])
def test_E3_a_stream_that_cannot_be_opens_an_empty_message(staff_client, asked):
    assert staff_client.get(reverse("messaging:compose_message"), {"stream": asked}).status_code == 200


# Days -----------------------------------------------------------------------------------------------------------------


def book_on(code, *days):
    for day in days:
        BookingFactory.create(course_stream=code, created_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


@pytest.fixture
def two_streams(stream):
    before = StreamFactory.create(code="8th_stream", name="8-й поток")
    Stream.objects.filter(pk=before.pk).update(starts_on=date(2026, 9, 1), campaign_starts_on=date(2026, 8, 1))
    Stream.objects.filter(pk=stream.pk).update(starts_on=date(2026, 12, 1), campaign_starts_on=date(2026, 11, 1))
    Stream.objects.exclude(pk__in=[before.pk, stream.pk]).update(starts_on=date(2027, 1, 1))
    book_on("8th_stream", date(2026, 7, 31), date(2026, 8, 1), date(2026, 8, 3), date(2026, 8, 3))
    book_on("9th_stream", date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 2), date(2026, 11, 2))
    return Stream.objects.get(pk=before.pk), Stream.objects.get(pk=stream.pk)


def test_E3_each_day_stands_beside_the_same_day_of_the_previous_stream(two_streams):
    before, stream = two_streams

    campaign = campaign_days(stream, previous_stream(stream), at=datetime(2026, 11, 3, 9, tzinfo=UTC))

    assert previous_stream(stream) == before
    assert [
        (day.number, day.made, day.total, day.made_before, day.total_before, day.ahead) for day in campaign.days
    ] == [(1, 1, 1, 1, 1, 0), (2, 3, 4, 0, 1, 3), (3, 0, 4, 2, 3, 1)]
    assert [day.is_unfinished for day in campaign.days] == [False, False, True]
    assert campaign.last == campaign.days[1]


def test_E3_a_day_is_a_day_in_moscow(stream):
    BookingFactory.create(course_stream="9th_stream", created_at=datetime(2026, 1, 1, 21, 30, tzinfo=UTC))

    campaign = campaign_days(stream, None, at=datetime(2026, 1, 2, 9, tzinfo=UTC))

    assert [(day.day, day.made) for day in campaign.days] == [(date(2026, 1, 1), 0), (date(2026, 1, 2), 1)]


def test_E3_a_campaign_before_its_start_and_a_stream_without_bookings_have_no_days(staff_client, stream):
    tomorrow = timezone.localdate() + timedelta(days=1)
    for start in (tomorrow, None):
        Stream.objects.filter(pk=stream.pk).update(campaign_starts_on=start)
        page = staff_client.get(reverse("bookings:stream_days", args=[stream.pk]))
        assertContains(page, "Набор ещё не начался")


def test_E3_the_page_of_the_stream_brings_the_days_when_asked(staff_client, two_streams):
    _before, stream = two_streams
    address = reverse("bookings:stream_days", args=[stream.pk])
    assertContains(staff_client.get(STREAM), f'hx-get="{address}"')

    piece = staff_client.get(address, headers=HTMX)

    assertContains(piece, "8-й поток")
    assertNotContains(piece, "<h1>")
    assert Booking.objects.count() == 8
