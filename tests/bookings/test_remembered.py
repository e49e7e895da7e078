"""Counts over very many rows: a page shows what beat counted and says when, and beat counts again."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.api.counts import registration_count
from bookings.models import Booking, FreeLessonRegistration, Stream
from bookings.tasks import count_problems
from hsl_dashboard.web.remembered import Remembered, remembered
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    StreamFactory,
    TelegramUserFactory,
)
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def large_school(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number is a large one."""
    for name in ("bookings.statistics.MANY_BOOKINGS", "bookings.quality.problems.MANY_BOOKINGS"):
        monkeypatch.setattr(name, 1)
    monkeypatch.setattr("bookings.statistics.MANY_VIEWS", 1)


@pytest.fixture
def stream() -> Stream:
    return StreamFactory.create(code="8 поток", campaign_starts_on=timezone.localdate())


def people_of(client: Client, stream: Stream) -> int:
    response = client.get(reverse("bookings:stream_detail", args=[stream.code]))
    assertContains(response, f"на {timezone.localtime(response.context['people_counted_at']):%H:%M}")
    return int(response.context["people_count"])


def test_the_people_of_a_stream_are_those_of_the_last_count_and_it_says_when(
    staff_client: Client, stream: Stream
) -> None:
    BookingFactory.create(course=stream.course, course_stream=stream.code)
    assert people_of(staff_client, stream) == 1
    BookingFactory.create(course=stream.course, course_stream=stream.code)

    assert people_of(staff_client, stream) == 1
    count_problems()
    assert people_of(staff_client, stream) == 2
    cache.clear()
    BookingFactory.create(course=stream.course, course_stream=stream.code)
    assert people_of(staff_client, stream) == 3


def doubles_of(client: Client) -> int:
    response = client.get(reverse("bookings:data_quality"), {"kind": "doubles"})
    assertContains(response, f"на {timezone.localtime(response.context['shown'].counted_at):%H:%M}")
    return int(response.context["shown"].count)


def test_doubles_are_those_of_the_last_count_and_the_other_problems_those_of_now(
    staff_client: Client, stream: Stream
) -> None:
    twice = TelegramUserFactory.create()
    BookingFactory.create_batch(2, telegram_user=twice)
    assert doubles_of(staff_client) == 1
    Booking.objects.filter(pk=Booking.objects.latest("pk").pk).update(confirmed=Booking.Status.CANCELLED)
    BookingFactory.create(course_stream=None)

    assert doubles_of(staff_client) == 1
    assertNotContains(staff_client.get(reverse("bookings:data_quality"), {"kind": "no-stream"}), "на 0")
    count_problems()
    assert doubles_of(staff_client) == 0


def viewed_of(client: Client, stream: Stream) -> str:
    response = client.get(reverse("bookings:stream_viewed", args=[stream.code]))
    return " ".join(response.content.decode().partition(">")[2].partition("<")[0].split())


def test_who_viewed_is_counted_by_beat_once_a_page_has_asked(staff_client: Client, stream: Stream) -> None:
    EventFactory.create(event_type="view_program", details={"course_id": stream.course_id})
    count_problems()
    assert viewed_of(staff_client, stream) == "считается"

    count_problems()

    assert viewed_of(staff_client, stream).startswith("1 на ")
    EventFactory.create(event_type="view_program", details={"course_id": stream.course_id})
    count_problems()
    assert viewed_of(staff_client, stream).startswith("1 на ")  # counted lately


def test_what_fails_is_not_remembered() -> None:
    def fails() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        remembered("a-number", fails)

    assert remembered("a-number", lambda: 7).number == 7


def test_very_many_who_viewed_are_walked_by_name_and_counted_by_beat(staff_client: Client, stream: Stream) -> None:
    for name in ("Яна", "Борис", "анна"):
        person = TelegramUserFactory.create(first_name=name)
        EventFactory.create(telegram_user=person, event_type="view_program", details={"course_id": stream.course_id})
    booked = BookingFactory.create(course=stream.course, course_stream=stream.code)
    EventFactory.create(
        telegram_user=booked.telegram_user, event_type="view_program", details={"course_id": stream.course_id}
    )
    fold_marked_people()
    address = reverse("bookings:stream_detail", args=[stream.code])

    page = staff_client.get(address, {"status": "viewed"})

    assert [row.person.first_name for row in page.context["people"]] == ["анна", "Борис", "Яна"]
    assert page.context["page"].paginator.more
    count_problems()
    page = staff_client.get(address, {"status": "viewed"})
    assert page.context["page"].paginator.count == 3 and not page.context["page"].paginator.more
    found = staff_client.get(address, {"status": "viewed", "q": "бор"})
    assert [row.person.first_name for row in found.context["people"]] == ["Борис"]


def test_totals_for_programs_are_those_of_the_last_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsl_dashboard.web.remembered.MANY", 1)
    FreeLessonRegistrationFactory.create()
    assert registration_count().number == 1
    FreeLessonRegistrationFactory.create()

    assert registration_count().number == 1
    count_problems()
    assert registration_count().number == 2
    FreeLessonRegistration.objects.all().delete()
    count_problems()
    assert registration_count() == Remembered(0)
