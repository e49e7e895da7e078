"""A person's timeline: everything once, newest first, page by page, kind by kind."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from hsl_dashboard.db import run_sql
from tests.factories import (
    BookingFactory,
    EventFactory,
)
from tests.users.lives import address, live_through
from users import services
from users.person.timeline import KINDS, PAGE_SIZE, TimelinePlace, read_timeline

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HTMX = {"HX-Request": "true"}
VIEW = "users.view_telegramuser"

pytestmark = pytest.mark.django_db


def walk(client, person, **query):
    """Follow «Показать ещё» to the end, and give the pages."""
    where, pages = address(person, query="?" + "&".join(f"{key}={value}" for key, value in query.items())), []
    while where:
        pages.append(client.get(where, headers={"HX-Request": "true", "HX-Target": "timeline-more"}))
        found = re.search(r'hx-get="([^"]+)" hx-trigger="revealed"', pages[-1].content.decode())
        where = found[1].replace("&amp;", "&") if found else ""
    return pages


def test_the_timeline_shows_everything_once_newest_first(staff, staff_client, person):
    live_through(person, staff, times=15)

    entries, place = [], None
    while True:
        page = read_timeline(person.pk, by=staff, before=place)
        entries += page.entries
        assert len(page.entries) <= PAGE_SIZE
        if not page.more:
            break
        place = TimelinePlace.decode(page.more)
        assert place is not None

    keys = [(entry.template, entry.data.get("what"), entry.number) for entry in entries]
    times = [entry.at for entry in entries if entry.at]
    assert len(keys) == len(set(keys)) == 15 * 6  # event, booking, its edit, message, note, tag
    assert times == sorted(times, reverse=True)
    assert len(walk(staff_client, person)) == len(entries) / PAGE_SIZE


def test_entries_of_the_same_moment_and_of_no_moment_come_once(staff, person):
    for number in range(PAGE_SIZE + 5):
        EventFactory.create(telegram_user=person, created_at=AT, details={"n": number})
        EventFactory.create(telegram_user=person, created_at=None, details={"n": number})
        services.write_note(person=person, text="note", by=staff, at=AT)

    seen, place = [], None
    while True:
        page = read_timeline(person.pk, by=staff, before=place)
        seen += [(entry.kind, entry.number) for entry in page.entries]
        place = TimelinePlace.decode(page.more)
        if place is None:
            break

    assert len(seen) == len(set(seen)) == 3 * (PAGE_SIZE + 5)


def test_new_entries_do_not_shift_the_pages(staff, staff_client, person):
    for number in range(PAGE_SIZE + 1):
        EventFactory.create(telegram_user=person, event_type=f"event_{number}", created_at=AT - timedelta(hours=number))
    [more] = set(re.findall(r'hx-get="([^"]+before=[^"]+)"', staff_client.get(address(person)).content.decode()))
    EventFactory.create(telegram_user=person, event_type="newest", created_at=AT + timedelta(hours=1))

    response = staff_client.get(more.replace("&amp;", "&"))

    assertContains(response, f"event_{PAGE_SIZE}")
    assertNotContains(response, f"event_{PAGE_SIZE - 1}<")


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_kind_leaves_entries_of_that_kind_only(staff, staff_client, person, kind):
    live_through(person, staff, times=2)
    booking = BookingFactory.create(telegram_user=person)
    booking.confirmed = 2
    booking.save()

    timeline = read_timeline(person.pk, by=staff, kind=kind)
    response = staff_client.get(address(person, query=f"?kind={kind}"))

    assert timeline.entries
    assert {entry.kind for entry in timeline.entries} == {kind}
    assertContains(response, f'href="{address(person)}?kind={kind}" aria-current="true"')


def test_htmx_gets_only_the_timeline_when_a_chip_is_pressed(staff_client, person):
    response = staff_client.get(address(person, query="?kind=note"), headers=HTMX)

    assertContains(response, 'id="timeline"')
    assertContains(response, "Таких записей нет")
    assertNotContains(response, "<h1>")


@pytest.mark.parametrize(
    "query",
    [
        "?kind=nonsense",
        "?kind=%00",
        "?kind=note&kind=event",
        "?before=~",
        "?before=2026-11-20T09:00:00%2B00:00~10~999999999999999999999",
        "?before=9999-99-99T99:99:99~10~1",
        "?before=2026-11-20T09:00:00~10~1",
        "?before=%00~10~1",
        "?before=" + "9" * 5000,
        "?before=~9999~1",
        "?before=0001-01-01T00:00:00%2B14:00~10~1",
        "?before=9999-12-31T23:59:59-14:00~10~1",
    ],
)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "timeline-more"}])
def test_a_nonsense_address_gives_a_page(staff_client, person, query, headers):
    EventFactory.create(telegram_user=person)

    assert staff_client.get(address(person, query=query), headers=headers).status_code == 200


def test_events_have_russian_names_and_unknown_ones_their_own(staff_client, person):
    EventFactory.create(telegram_user=person, event_type="lesson_link_clicked")
    EventFactory.create(telegram_user=person, event_type="brand_new_event")

    response = staff_client.get(address(person))

    assertContains(response, "Переход по ссылке на урок")
    assertContains(response, "brand_new_event")


def test_details_stand_folded_and_without_the_email(staff_client, person):
    EventFactory.create(telegram_user=person, details={"email": "maria.k@example.test", "course_id": 1})

    response = staff_client.get(address(person))

    assertContains(response, "&quot;course_id&quot;: 1")
    assertContains(response, "m•••@example.test")
    assertNotContains(response, "maria.k@")


def test_details_of_any_size_and_depth_do_not_break_the_page(staff_client, person):
    for details in ("[" * 900 + "]" * 900, '"' + "x" * 300_000 + '"', "null", "{}", '"text"', "17"):
        run_sql("INSERT INTO events (user_id, event_type, details) VALUES (%s, 'x', %s::jsonb)", [person.pk, details])

    response = staff_client.get(address(person))

    assert response.status_code == 200
    assert len(response.content) < 1_000_000


def test_a_status_changed_by_staff_stands_once_with_its_actor_and_reason(staff, staff_client, person):
    from bookings.services.statuses import change_booking_status

    booking = BookingFactory.create(telegram_user=person, confirmed=1)
    staff.first_name, staff.last_name = "Ольга", "Смирнова"
    staff.save()
    change_booking_status(booking=booking, to=2, by=staff, at=datetime.now(UTC), reason="оплачено")

    [entry] = read_timeline(person.pk, by=staff, kind="status").entries

    assert (entry.actor, entry.data["reason"]) == ("Ольга Смирнова", "оплачено")
    assert (entry.data["old"]["status"], entry.data["new"]["status"]) == (1, 2)
    assertContains(staff_client.get(address(person, query="?kind=status")), "Ольга Смирнова")


def test_a_status_changed_by_the_bot_before_the_record_began_stands_once(staff, person):
    booking = BookingFactory.create(telegram_user=person)
    details = {"booking_id": booking.pk, "old_status": 1, "new_status": 2}
    EventFactory.create(telegram_user=person, event_type="booking_status_changed", details=details, created_at=AT)

    [entry] = read_timeline(person.pk, by=staff, kind="status").entries

    assert (entry.at, entry.data["old"]["status"], entry.data["new"]["status"]) == (AT, 1, 2)


def test_a_deleted_booking_leaves_its_story(staff, staff_client, person):
    booking = BookingFactory.create(telegram_user=person, confirmed=1)
    booking.confirmed = -1
    booking.save()
    booking.delete()

    entries = read_timeline(person.pk, by=staff, kind="booking").entries
    [moved] = read_timeline(person.pk, by=staff, kind="status").entries

    assert sorted(entry.data["what"] for entry in entries) == ["delete", "insert"]
    assert (moved.data["old"]["status"], moved.data["new"]["status"], moved.data["own"]) == (1, -1, False)
    assertContains(staff_client.get(address(person)), "Бронирование удалено")
