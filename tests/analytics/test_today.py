"""The page of today: what waits for whom, figures, streams, the latest events."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from analytics.rollups import refresh_numbers
from bookings.models import Booking
from hsl_dashboard.web.days import Days, day_begins, school_day
from hsl_dashboard.web.today import today_figures, today_lines
from messaging.models import Broadcast, Draft
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.signing_in import signed_in
from users.models import TodayVisit, User

pytestmark = pytest.mark.django_db


def part(client: Client, name: str) -> str:
    return client.get("/", {"part": name}, headers={"HX-Request": "true"}).text


def lines(user: User) -> dict[str, int]:
    return {line.name: line.count for line in today_lines(user, timezone.now(), slow=False)}


def rows_at(client: Client, address: str) -> int:
    """How many rows a list says that it has."""
    found = re.search(r'role="status">\s*<strong>\s*([\d\s\u00a0]+)', client.get(address).text)
    assert found, address
    return int(re.sub(r"\D", "", found[1]))


def test_the_page_loads_with_its_parts_to_come_and_links_for_who_has_no_javascript(staff_client):
    page = staff_client.get("/")

    assertContains(page, 'hx-get="/?part=waiting"')
    assertContains(page, 'href="/?part=waiting#waiting"')
    with_part = staff_client.get("/?part=waiting")
    assertContains(with_part, "<h1>")
    assertContains(with_part, "Всё разобрано")
    assertNotContains(with_part, 'hx-get="/?part=waiting"')


def test_a_part_is_that_part_and_no_page(staff_client):
    html = part(staff_client, "waiting")

    assert 'id="waiting"' in html and "<h1>" not in html


def test_an_empty_day_says_so_kindly(staff_client):
    assert "Всё разобрано" in part(staff_client, "waiting")


def test_new_bookings_are_those_since_one_last_looked(staff, staff_client):
    BookingFactory.create(created_at=timezone.now() - timedelta(days=2))
    TodayVisit.objects.create(user=staff, at=timezone.now() - timedelta(days=3))
    assert lines(staff)["bookings-new"] == 1

    response = staff_client.post("/today/viewed/")
    assert (response.status_code, response["Location"]) == (303, "/")

    assert "bookings-new" not in lines(staff)
    # Somebody else has not looked yet: to them it is what came today.
    other = UserFactory.create(permissions=["bookings.view_booking"])
    assert "bookings-new" not in lines(other)
    BookingFactory.create(created_at=day_begins(school_day(timezone.now())) + timedelta(microseconds=1))
    assert lines(other)["bookings-new"] == 1


def test_each_line_leads_to_as_many_rows(staff, staff_client):
    today = school_day(timezone.now())
    TodayVisit.objects.create(user=staff, at=timezone.now() - timedelta(days=3))
    stream = StreamFactory.create(code="20th", capacity=10, starts_on=today + timedelta(days=3))
    recent = timezone.now() - timedelta(days=1)
    BookingFactory.create_batch(3, created_at=recent, confirmed=Booking.Status.PENDING, course_stream=stream.code)
    BookingFactory.create(confirmed=Booking.Status.NEW, course_stream=stream.code)
    FreeLessonRegistrationFactory.create_batch(2, lesson_date=today)
    FreeLessonRegistrationFactory.create(lesson_date=today, notification_sent=True)
    BroadcastFactory.create(state=Broadcast.State.HELD)
    unknown = BroadcastFactory.create(state=Broadcast.State.FINISHED, sent_at=recent)
    RecipientFactory.create_batch(2, message=unknown, state="uncertain")

    found = list(today_lines(staff, timezone.now(), slow=False))

    assert {line.name: line.count for line in found} == {
        "bookings-new": 3,
        "bookings-pending": 3,
        "messages-held": 1,
        f"uncertain-{unknown.pk}": 2,
        f"stream-{stream.pk}": 4,
        f"lesson-cursor_lesson-{today}": 3,
    }
    for line in found:
        if line.address.startswith(("/bookings/", "/free-lessons/")):
            assert rows_at(staff_client, line.address) == line.count, line.name
        else:
            assert staff_client.get(line.address).status_code == 200, line.name
    assert "1 из 3" in part(staff_client, "waiting")


def test_a_draft_waits_for_somebody_elses_approval(staff):
    author = UserFactory.create()
    draft = Draft.objects.create(created_by=author, asked_by=author, asked_version=1, asked_at=timezone.now())
    Draft.objects.create(created_by=staff, asked_by=staff, asked_version=1, asked_at=timezone.now())
    Draft.objects.create(created_by=author, asked_by=author, asked_version=1, version=2)

    assert lines(staff) == {f"approval-{draft.pk}": 1}


def test_a_stream_that_is_nearly_full_is_said_and_one_far_off_is_not(staff):
    far = school_day(timezone.now()) + timedelta(days=60)
    StreamFactory.create(code="full", name="Полный", capacity=10, starts_on=far)
    StreamFactory.create(code="free", name="Свободный", capacity=100, starts_on=far)
    for code in ("full", "free"):
        BookingFactory.create_batch(9, course_stream=code, confirmed=Booking.Status.CONFIRMED)
        BookingFactory.create(course_stream=code, confirmed=Booking.Status.NEW)

    found = [line for line in today_lines(staff, timezone.now(), slow=False) if line.name.startswith("stream-")]

    assert [(str(line.label), line.count, line.urgent) for line in found] == [
        ("Полный: неоплаченные бронирования", 1, True)
    ]


def test_data_problems_come_in_a_part_of_their_own(staff_client):
    BookingFactory.create(confirmed=7)

    assert "/data-quality/?kind=statuses" in part(staff_client, "quality")
    assert "/data-quality/" not in part(staff_client, "waiting")


def test_nobody_sees_lines_that_they_may_not_open():
    user = UserFactory.create(permissions=["messaging.view_broadcast"])
    BookingFactory.create()
    BroadcastFactory.create(state=Broadcast.State.HELD)
    client = signed_in(user)

    assert lines(user) == {"messages-held": 1}
    assert "Для вашей роли показателей нет" in part(client, "figures")
    assert "Что происходит сейчас" not in part(client, "events")


def test_figures_say_that_they_are_being_counted_for_the_first_time(staff_client):
    words = "Прошедшие дни пересчитываются впервые"
    assert words in part(staff_client, "figures")
    refresh_numbers(timezone.now())
    assert words not in part(staff_client, "figures")


def test_the_oldest_message_held_is_dated_as_on_its_page(staff):
    planned = timezone.now() - timedelta(days=3)
    BroadcastFactory.create(state=Broadcast.State.HELD, starts_at=planned, sent_at=planned - timedelta(hours=2))

    [line] = [line for line in today_lines(staff, timezone.now(), slow=False) if line.name == "messages-held"]

    assert line.oldest == planned


def test_figures_are_the_finished_week_and_lead_to_as_many_rows(staff, staff_client):
    today = school_day(timezone.now())
    for days_ago, count in ((0, 1), (1, 2), (7, 1), (8, 1)):
        at = day_begins(today - timedelta(days=days_ago))
        for booking in BookingFactory.create_batch(count, created_at=at, confirmed=2):
            EventFactory.create(telegram_user=booking.telegram_user, created_at=at)
            booking.telegram_user.first_seen_at = at
            booking.telegram_user.save()
    refresh_numbers(timezone.now())
    week = Days.until(today - timedelta(days=1), count=7)

    shown = {figure.name: figure for figure in today_figures(staff)}

    for name in ("new_people", "active_bookings", "confirmed"):
        by_day = shown[name].per_day(Days(week.first - timedelta(days=7), today))
        assert by_day == {
            today: 1,
            today - timedelta(days=1): 2,
            today - timedelta(days=7): 1,
            today - timedelta(days=8): 1,
        }, name
        assert rows_at(staff_client, shown[name].address(week)) == 3, name
    assert re.search(r"Новые люди.*?>3</a>.*?неделей раньше: 1.*?\+200", part(staff_client, "figures"), re.DOTALL)


def test_the_latest_events_are_told_in_words_two_of_each_person_at_most(staff_client):
    talker, other = TelegramUserFactory.create(first_name="Болтун"), TelegramUserFactory.create(first_name="Тихоня")
    EventFactory.create(telegram_user=other, event_type="view_program", created_at=timezone.now() - timedelta(hours=1))
    EventFactory.create_batch(5, telegram_user=talker, created_at=timezone.now() - timedelta(minutes=1))

    html = part(staff_client, "events")

    assert html.count("Болтун") == 2
    assert html.count("Тихоня") == 1
    assert "Просмотр программы" in html


def test_what_staff_did_in_the_name_of_people_is_no_latest_event(staff_client):
    EventFactory.create(event_type="booking_status_changed")
    EventFactory.create(event_type="student_response")

    html = part(staff_client, "events")

    assert "Статус бронирования изменён" not in html and "Сообщение школе" in html


def test_streams_show_how_full_they_are_and_how_fast_they_fill(staff_client):
    yesterday = day_begins(school_day(timezone.now())) - timedelta(hours=3)
    later = school_day(timezone.now()) + timedelta(days=30)
    StreamFactory.create(code="20th", capacity=20, starts_on=later)
    BookingFactory.create_batch(3, confirmed=2, created_at=yesterday, course_stream="20th")
    BookingFactory.create(confirmed=1, course_stream="20th")

    html = part(staff_client, "streams")

    assert "оплачено мест: 3 из 20" in html
    assert "ещё не оплачено: 1" in html
    assert "оплачено за 7 дней: 3" in html


@pytest.mark.parametrize(("name", "most"), [("waiting", 12), ("figures", 12), ("streams", 7), ("events", 4)])
def test_a_part_costs_few_queries(staff_client, django_assert_max_num_queries, name, most):
    BookingFactory.create_batch(3)
    StreamFactory.create()
    refresh_numbers(timezone.now())
    part(staff_client, name)

    with django_assert_max_num_queries(most):
        part(staff_client, name)
