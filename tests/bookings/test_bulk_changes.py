"""Changing many at once: what is chosen, what would happen, what did; and never twice."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Booking, BookingChange, BulkChange, BulkRow
from bookings.services import bulk_making
from bookings.services.bulk_changes import (
    prepare_bulk_change,
    targets_of_bookings,
    targets_of_pasted,
)
from bookings.services.bulk_making import Terms, make_bulk_change
from hsl_dashboard.db import run_sql
from messaging.models import Outbox
from tests.bookings.bulk import PREPARE, choose
from tests.factories import BookingFactory, StreamFactory, TelegramUserFactory, UserFactory
from tests.signing_in import signed_in
from users.models import Event, PersonTag, User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONFIRMED, CANCELLED, PENDING = 2, -1, 1


@pytest.fixture
def manager() -> User:
    """A course manager, as the group has it."""
    manager = UserFactory.create(username="courses")
    manager.groups.add(Group.objects.get(name="Course manager"))
    return manager


@pytest.fixture
def manager_client(manager: User) -> Client:
    return signed_in(manager)


@pytest.fixture
def three() -> list[Booking]:
    StreamFactory.create()
    StreamFactory.create(code="9th_stream", name="9-й поток", capacity=1)
    return [BookingFactory.create(telegram_user__first_name=name) for name in ("Анна", "Борис", "Вера")]


def the_change() -> BulkChange:
    return BulkChange.objects.get()


def states() -> dict[str, str]:
    return dict(BulkRow.objects.values_list("telegram_user__first_name", "state"))


def test_the_preview_counts_names_the_refused_and_changes_nothing(manager_client, three):
    Booking.objects.filter(pk=three[1].pk).update(confirmed=CONFIRMED)

    response = choose(manager_client, three, "status:2")

    html = manager_client.get(response.url).content.decode()
    assert states() == {"Анна": "ready", "Борис": "refused", "Вера": "ready"}
    assert "Уже «Подтверждено»" in html or "уже" in html.lower()
    assert "Изменить 2" in html
    assert list(Booking.objects.order_by("pk").values_list("confirmed", flat=True)) == [1, 2, 1]
    assert not Event.objects.exists()


def test_confirming_changes_each_through_the_service_with_a_result_a_row(manager_client, manager, three):
    address = choose(manager_client, three, "status:2").url

    response = manager_client.post(address, {"reason": "оплатили вместе"}, follow=True)

    assert set(states().values()) == {"done"}
    assert set(Booking.objects.values_list("confirmed", flat=True)) == {CONFIRMED}
    assert Event.objects.filter(event_type="booking_status_changed").count() == 3
    assert "Результат" in response.content.decode()
    record = BookingChange.objects.filter(status=CONFIRMED)
    assert record.count() == 3
    assert {(row.changed_by, row.reason, row.origin) for row in record} == {(manager, "оплатили вместе", "bulk")}


@pytest.mark.parametrize(("act", "kind"), [("status:2", "booking_confirmed"), ("stream:9th_stream", "booking_moved")])
def test_students_are_told_where_it_is_asked_for_and_the_words_are_seen_before(manager_client, three, act, kind):
    address = choose(manager_client, three, act).url
    html = manager_client.get(address).content.decode()
    words = re.search(r'<div class="bubble">(.*?)</div>', html, re.DOTALL)

    response = manager_client.post(address, {"reason": "", "notify": "on"}, follow=True)
    manager_client.post(address, {"reason": "", "notify": "on"})

    queued = Outbox.objects.filter(booking__in=three, kind=kind)
    assert words and queued.filter(message_text=words[1]).exists()
    assert sorted(queued.values_list("booking", flat=True)) == sorted(booking.pk for booking in three)
    assert "Сообщения студентам поставлены в очередь." in response.content.decode()


def test_whoever_was_not_changed_is_not_told_and_nobody_unasked(manager_client, three):
    told = choose(manager_client, three[:2], "status:2").url
    Booking.objects.filter(pk=three[0].pk).update(confirmed=CANCELLED)
    manager_client.post(told, {"reason": "", "notify": "on"})
    BulkChange.objects.all().delete()
    manager_client.post(choose(manager_client, three[2:], "status:2").url, {"reason": ""})

    assert list(Outbox.objects.values_list("booking", flat=True)) == [three[1].pk]


def test_a_tag_tells_nobody(manager_client, three):
    html = manager_client.get(choose(manager_client, three, "tag", tag="VIP").url).content.decode()

    assert 'name="notify"' not in html
    assert "в истории каждого бронирования" not in html


def test_a_tag_of_people_says_nothing_of_bookings(manager_client, three):
    data = {
        "of": "people",
        "act": "tag",
        "tag": "зовём",
        "scope": "all",
        "query": "booking=active",
        "next": "/users/?q=а",
    }
    html = manager_client.get(manager_client.post(PREPARE, data).url).text

    assert ">Бронирование</th>" not in html and ">Было</th>" not in html
    assert re.findall(r'<a href="([^"]+)" aria-current', html) == ["/users/"]


def test_sent_twice_it_is_made_once(manager_client, three):
    address = choose(manager_client, three, "status:-1").url

    first = manager_client.post(address, {"reason": ""})
    second = manager_client.post(address, {"reason": ""})

    assert (first.status_code, second.status_code) == (302, 302)
    assert Event.objects.count() == 3


def test_an_interrupted_change_goes_on_where_it_stopped(manager, three, monkeypatch):
    targets = targets_of_bookings(Booking.objects.with_person().order_by("pk"))
    change = prepare_bulk_change(kind="status", value="2", targets=targets, by=manager, at=NOW)
    real, calls = bulk_making.write_events_of_statuses, []

    def dies_at_the_second(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise ConnectionError
        real(*args, **kwargs)

    monkeypatch.setattr(bulk_making, "BATCH", 1)
    monkeypatch.setattr(bulk_making, "write_events_of_statuses", dies_at_the_second)
    with pytest.raises(ConnectionError):
        make_bulk_change(change=change, terms=Terms(by=manager, at=NOW))
    assert Event.objects.count() == 1

    monkeypatch.setattr(bulk_making, "write_events_of_statuses", real)
    make_bulk_change(change=change, terms=Terms(by=manager, at=NOW))

    assert set(states().values()) == {"done"}
    assert Event.objects.count() == 3


def test_who_was_changed_meanwhile_is_left_alone_and_named(manager_client, three):
    address = choose(manager_client, three, "status:2").url
    Booking.objects.filter(pk=three[0].pk).update(confirmed=CANCELLED)

    html = manager_client.post(address, {}, follow=True).content.decode()

    assert states() == {"Анна": "failed", "Борис": "done", "Вера": "done"}
    assert "Отменено" in html
    assert Booking.objects.get(pk=three[0].pk).confirmed == CANCELLED


def test_a_move_against_the_order_needs_a_reason(manager_client, three):
    Booking.objects.filter(pk=three[0].pk).update(confirmed=CANCELLED)
    address = choose(manager_client, three[:1], "status:2").url

    refused = manager_client.post(address, {"reason": "  "})

    assert refused.status_code == 422
    assert states() == {"Анна": "ready"}
    assert manager_client.post(address, {"reason": "ошиблись"}).status_code == 302
    assert Booking.objects.get(pk=three[0].pk).confirmed == CONFIRMED


def test_many_are_moved_to_a_stream_with_a_warning_when_places_end(manager_client, three):
    Booking.objects.update(confirmed=CONFIRMED)
    address = choose(manager_client, three, "stream:9th_stream").url

    html = manager_client.get(address).content.decode()
    assert manager_client.post(address, {}).status_code == 422
    manager_client.post(address, {"overbook": "on", "reason": "группа друзей"})

    assert "1 место" in html or "мест" in html
    assert set(Booking.objects.values_list("course_stream", flat=True)) == {"9th_stream"}


def test_all_that_the_filter_finds_are_taken_pages_beyond_included(manager_client, three):
    BookingFactory.create_batch(60, confirmed=CONFIRMED)

    choose(manager_client, [], "status:-1", scope="all", query="status=1&page=1")

    assert states() == {"Анна": "ready", "Борис": "ready", "Вера": "ready"}


def test_more_than_a_request_can_do_is_refused_with_numbers(manager_client, three, monkeypatch):
    monkeypatch.setattr("bookings.views.bulk.AT_ONCE", 2)

    response = choose(manager_client, [], "status:2", scope="all")

    assert response.status_code == 422
    assert "Нашлось 3" in response.content.decode()
    assert not BulkChange.objects.exists()


def test_a_filter_that_is_not_understood_finds_nobody(manager_client, three):
    response = choose(manager_client, [], "status:2", scope="all", query="since=tomorrow")

    assert response.status_code == 422
    assert "Ничего не выбрано" in response.content.decode()
    assert not BulkChange.objects.exists()


def test_a_tag_is_put_on_the_people_once_each(manager_client, manager, three):
    BookingFactory.create(telegram_user=three[0].telegram_user, confirmed=CANCELLED)

    address = choose(manager_client, list(Booking.objects.all()), "tag", tag="  Скидка  ").url
    manager_client.post(address, {})

    assert sorted(PersonTag.objects.values_list("telegram_user__first_name", "tag__name")) == [
        ("Анна", "Скидка"), ("Борис", "Скидка"), ("Вера", "Скидка"),
    ]  # fmt: skip
    assert BulkRow.objects.filter(state="refused").count() == 1


def test_people_can_be_pasted_in_any_mixture(three):
    anna, boris, vera = (booking.telegram_user for booking in three)
    names = f"@{anna.username.upper()}, https://t.me/{boris.username}"
    text = f"{names}\n{vera.pk};{vera.username} nobody {'9' * 20} @"

    targets = targets_of_pasted(text)

    assert [target.person for target in targets] == [anna, boris, vera, vera, None, None, None]
    assert [bool(target.problem) for target in targets] == [False, False, False, True, True, True, True]
    assert targets[0].booking == three[0]


def test_pasted_names_are_looked_up_by_their_index(three):
    run_sql("INSERT INTO users (user_id, username) SELECT i, 'Name_' || i FROM generate_series(1, 3000) AS i")
    run_sql("ANALYZE users")
    with CaptureQueriesContext(connection) as asked:
        targets = targets_of_pasted("@name_7 @NAME_8")

    named = next(query["sql"] for query in asked if "LOWER" in query["sql"])
    with connection.cursor() as cursor:
        # So small a table may be read whole, or in the order of its keys.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        cursor.execute(f"EXPLAIN {named}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert [target.person.pk for target in targets] == [7, 8]
    assert "users_by_username" in plan


def test_pasted_people_are_moved_after_a_dry_run(manager_client, three):
    cancelled = BookingFactory.create(confirmed=CANCELLED)
    pasted = f"{three[0].telegram_user_id} {three[1].telegram_user_id} {cancelled.telegram_user_id} @ghost"

    address = manager_client.post(PREPARE, {"pasted": pasted, "act": "stream:9th_stream"}).url
    dry = manager_client.get(address).content.decode()

    assert "У пользователя нет активных бронирований" in dry
    assert "@ghost" in dry
    assert Booking.objects.filter(course_stream="9th_stream").count() == 0

    manager_client.post(address, {})

    assert Booking.objects.filter(course_stream="9th_stream").count() == 2


def test_the_latest_active_booking_is_moved(manager_client, three):
    old = three[0]
    new = BookingFactory.create(telegram_user=old.telegram_user, created_at=NOW)
    BookingFactory.create(telegram_user=old.telegram_user, created_at=NOW.replace(day=22), confirmed=CANCELLED)

    address = manager_client.post(PREPARE, {"pasted": str(old.telegram_user_id), "act": "stream:9th_stream"}).url
    manager_client.post(address, {})

    assert list(Booking.objects.filter(course_stream="9th_stream")) == [new]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"pasted": "", "act": "status:2"},
        {"pasted": "x", "act": "status:0"},
        {"pasted": "x", "act": "status:99"},
        {"pasted": "x", "act": "stream:nowhere"},
        {"pasted": "x", "act": "tag", "tag": " "},
        {"of": "bookings", "scope": "all", "act": "nonsense"},
        {"of": "stars", "scope": "all", "act": "status:2"},
        {"of": "bookings", "scope": "chosen", "act": "", "booking": ["1"]},
    ],
)
def test_nonsense_is_refused_in_words(manager_client, three, data):
    response = manager_client.post(PREPARE, data)

    assert response.status_code == 422
    assert re.search("Проверьте", response.content.decode())
    assert not BulkChange.objects.exists()


def test_ids_that_no_column_can_hold_are_nobody(manager_client, three):
    data = {
        "of": "bookings",
        "scope": "chosen",
        "act": "status:2",
        "booking": ["9" * 30, "-1", "x", "٣", str(three[0].pk)],
    }

    manager_client.post(PREPARE, data)

    assert states() == {"Анна": "ready"}


def test_a_viewer_may_not_and_a_marketing_manager_may_only_tag(client, three):
    for group, expected in (("Viewer", 403), ("Marketing manager", 422)):
        user = UserFactory.create()
        user.groups.add(Group.objects.get(name=group))
        client.force_login(user)
        assert choose(client, three, "status:2").status_code == expected
    assert choose(client, three, "tag", tag="VIP").status_code == 302


def test_somebody_elses_change_is_not_found(manager_client, three, staff_client):
    address = choose(manager_client, three, "status:2").url

    assert staff_client.get(address).status_code == 404
    assert staff_client.post(address, {}).status_code == 404


def test_the_list_shows_boxes_only_to_who_may_change(client, manager_client, three):
    viewer = UserFactory.create()
    viewer.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(viewer)

    assert 'name="booking"' not in client.get(reverse("bookings:booking_list")).content.decode()
    assert manager_client.get(reverse("bookings:booking_list")).content.decode().count('name="booking"') == 3


# From the list of people ----------------------------------------------------------------------------------------------


def test_people_of_the_list_are_moved_by_their_latest_active_booking(manager_client, three):
    person = three[0].telegram_user
    nobody = TelegramUserFactory.create(first_name="Без брони")
    html = manager_client.get("/users/").content.decode()
    assert html.count('name="person"') == 4

    data = {"of": "people", "person": [person.pk, nobody.pk], "act": "stream:9th_stream", "scope": "chosen"}
    manager_client.post(manager_client.post(PREPARE, data).url, {})

    assert states() == {"Анна": "done", "Без брони": "refused"}
    assert Booking.objects.get(course_stream="9th_stream").telegram_user == person


def test_all_people_that_the_filter_finds_get_a_tag(manager_client, three):
    TelegramUserFactory.create(first_name="Без брони")

    data = {"of": "people", "act": "tag", "tag": "зовём", "scope": "all", "query": "booking=active"}
    manager_client.post(manager_client.post(PREPARE, data).url, {})

    assert PersonTag.objects.count() == 3


def test_a_viewer_sees_no_boxes_in_the_list_of_people(client, three):
    viewer = UserFactory.create()
    viewer.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(viewer)

    assert 'name="person"' not in client.get("/users/").content.decode()
