"""The list of people: whom it finds, in which order, page after page, and what it refuses."""

from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.sizes import sample
from users.models import ERASED_FROM, BlockedUser, Event, PersonTotals, TelegramUser
from users.people.listing import people_list

pytestmark = pytest.mark.django_db
LIST = "/users/"


def query(text: str):
    from django.http import QueryDict

    return QueryDict(text)


def ids(text: str = "", *, with_emails: bool = True) -> list[int]:
    """Ids of the people whom an address asks for, in its order."""
    return [row.pk for row in people_list(query(text), with_emails=with_emails).sorted_people()]


def person(**values) -> int:
    return TelegramUserFactory.create(**values).pk


def who(pk: int) -> TelegramUser:
    return TelegramUser(pk=pk)


def test_everyone_is_there_once_people_known_by_events_alone_included(staff_client):
    BookingFactory.create_batch(2, telegram_user=TelegramUserFactory.create(first_name="Дважды"))
    Event.objects.create(telegram_user_id=77, event_type="start_command", details={"first_name": "Событие"})

    response = staff_client.get(LIST)

    assert unescape(response.content.decode()).count("Дважды Петрова") == 1
    assertContains(response, "Событие")
    assertContains(response, "2 человека")


def test_what_is_left_of_an_erased_person_is_nobody(staff_client):
    person(user_id=ERASED_FROM + 5, first_name=None, username=None)

    assertContains(staff_client.get(LIST), "Пользователей пока нет")


def test_a_row_shows_names_counts_status_lead_and_block(staff_client):
    booked = TelegramUserFactory.create(first_name="Ирина", last_name="Котова", username="kot")
    BookingFactory.create(telegram_user=booked, confirmed=Booking.Status.CONFIRMED)
    EventFactory.create_batch(6, telegram_user=booked)
    FreeLessonRegistrationFactory.create(telegram_user=booked)
    BlockedUser.objects.create(telegram_user=booked)

    response = staff_client.get(LIST)

    for text in ("Ирина Котова", "@kot", "https://t.me/kot", str(booked.pk), "8-й поток", "Подтверждено", "Прохладный"):
        assertContains(response, text)
    assertContains(response, reverse("users:person_detail", args=[booked.pk]))
    [row] = response.context["page"].rows
    assert (row.bookings, row.events, row.lessons, row.blocked) == (1, 6, 1, True)


def test_a_person_without_bookings_says_so(staff_client):
    person()

    assertContains(staff_client.get(LIST), "Нет бронирований", count=2)  # the filter and the row


@pytest.mark.parametrize(
    "typed",
    [
        "Артём", "артем", "АРТЁМ", "ртё", "рт", "т", "Щукин", "артём  щукин", "tema", "@tema", "@Tema_77",
        "https://t.me/tema_77", "t.me/Tema_77?start=1", "http://telegram.me/tema_77/", "8123456789", "3456", "34",
        "tema.shch", "SHCH@mail", "_77", "7 8", "щукин артем", "tema щук 812",
    ],
)  # fmt: skip
def test_search_finds_any_part_in_any_spelling(typed):
    wanted = person(user_id=8123456789, first_name="Артём", last_name="Щукин", username="Tema_77")
    FreeLessonRegistrationFactory.create(telegram_user=who(wanted), email="Tema.Shch@mail.example")
    person(user_id=900, first_name="Ольга", last_name="Ким", username="olga")

    assert ids(f"q={quote(typed)}") == [wanted]


@pytest.mark.parametrize("typed", ["арт%м", "_ртём", "\\", "щу кот", "tema77", "t.me/", "zzz", "🦊"])
def test_search_takes_every_letter_as_it_is(typed):
    person(user_id=8123456789, first_name="Артём", last_name="Щукин", username="Tema_77")

    assert ids(f"q={quote(typed)}") == []


@pytest.mark.parametrize("name", ["🦊🔥", "100%", "a_b", "<script>", "');--", "=1+1", "\u202eabc", "a\\b"])
def test_search_finds_hostile_names(name):
    wanted = person(first_name=name)
    person()

    assert ids(f"q={quote(name)}") == [wanted]


def test_search_does_not_tell_emails_to_those_who_may_not_see_them():
    wanted = person(first_name="Артём")
    FreeLessonRegistrationFactory.create(telegram_user=who(wanted), email="secret@mail.example")

    assert ids("q=secret@", with_emails=True) == [wanted]
    assert ids("q=secret@", with_emails=False) == []


def test_a_search_with_more_than_it_lists_walks_and_finds_the_same(monkeypatch):
    expected = sorted(person(first_name=f"Анна {number}") for number in range(12))
    person(first_name="Ольга")
    FreeLessonRegistrationFactory.create(telegram_user=who(by_email := person(first_name="Ян")), email="анна@x.y")
    monkeypatch.setattr("users.people.search.RARE", 5)
    monkeypatch.setattr("users.people.listing.RARE", 5)

    people = people_list(query("q=анна&sort=id"), with_emails=True)

    assert people.common
    assert [row.pk for row in people.sorted_people()] == [*expected, by_email]
    page, count = people.page(query(""))
    assert (len(page.rows), count.number, count.more) == (13, 5, True)


# Filters -------------------------------------------------------------------------------------------------------------


def test_filters_by_stream_status_and_booking():
    cancelled, unknown, nobody = person(), person(), person()
    BookingFactory.create(telegram_user=who(cancelled), confirmed=-1, course_stream="7th_stream")
    BookingFactory.create(telegram_user=who(unknown), confirmed=77, course_stream=None)

    assert ids("stream=7th_stream") == [cancelled]
    assert ids("stream=none") == [unknown]
    assert ids("status=1") == [cancelled]
    assert ids("status=2") == [unknown]
    assert ids("status=0") == [nobody]
    assert set(ids("status=1&status=2")) == {cancelled, unknown}
    assert ids("booking=active") == [unknown]
    assert set(ids("booking=yes")) == {cancelled, unknown}
    assert ids("booking=no") == [nobody]


def test_only_the_newest_booking_says_stream_and_status():
    someone = person()
    BookingFactory.create(telegram_user=who(someone), created_at=datetime(2026, 3, 1, tzinfo=UTC), confirmed=2)
    BookingFactory.create(
        telegram_user=who(someone), created_at=datetime(2026, 1, 1, tzinfo=UTC), confirmed=1, course_stream="3rd_stream"
    )

    assert ids("stream=3rd_stream") == []
    assert ids("stream=8th_stream&status=5") == [someone]


def test_filters_by_lead_block_and_language():
    cool, blocked, silent = person(language_code="kk"), person(language_code="ru"), person(language_code=None)
    EventFactory.create_batch(5, telegram_user=who(cool))
    BlockedUser.objects.create(telegram_user_id=blocked)

    assert ids("lead=1") == [cool]
    assert set(ids("lead=0&lead=1")) == {cool, blocked, silent}
    assert ids("blocked=yes") == [blocked]
    assert set(ids("blocked=no")) == {cool, silent}
    assert ids("language=kk") == [cool]
    assert ids("language=none") == [silent]


def test_lesson_and_its_date_are_asked_of_one_registration():
    both, other = person(), person()
    for someone, kind, day in (
        (both, "ai", "2026-05-01"),
        (other, "ai", "2026-05-02"),
        (other, "cursor", "2026-05-01"),
    ):
        FreeLessonRegistrationFactory.create(telegram_user=who(someone), lesson_type=kind, lesson_date=day)

    assert set(ids("lesson=ai")) == {both, other}
    assert set(ids("lesson_on=2026-05-01")) == {both, other}
    assert ids("lesson=ai&lesson_on=2026-05-01") == [both]


def test_first_seen_counts_moscow_days():
    # 23:59:59 and 00:00:00 in Moscow.
    early = person(first_seen_at=datetime(2026, 5, 1, 20, 59, 59, tzinfo=UTC))
    late = person(first_seen_at=datetime(2026, 5, 1, 21, 0, 0, tzinfo=UTC))
    person(first_seen_at=None)

    assert ids("until=2026-05-01") == [early]
    assert ids("since=2026-05-02") == [late]
    assert ids("since=2026-05-01&until=2026-05-02&sort=seen") == [early, late]


def test_filters_stand_in_the_address_and_can_be_taken_away_one_by_one(staff_client):
    BookingFactory.create(confirmed=2)

    response = staff_client.get(LIST + "?q=анна&status=5&status=4&stream=8th_stream&sort=-name")

    words = {(f.label, f.value): f.address for f in response.context["active_filters"]}
    assert set(words) == {
        ("Поиск", "анна"), ("Статус", "Подтверждено"), ("Статус", "В ожидании"), ("Поток", "8-й поток"),
    }  # fmt: skip
    assert "status=5" not in words["Статус", "Подтверждено"]
    assert "status=4" in words["Статус", "Подтверждено"]
    assertContains(response, "?q=", html=False)


# The page ------------------------------------------------------------------------------------------------------------


def test_htmx_gets_only_the_table_and_the_tidy_address(staff_client):
    person()

    response = staff_client.get(LIST + "?q=&stream=&sort=-name", headers={"HX-Request": "true"})

    assertNotContains(response, "<h1>")
    assert response["HX-Push-Url"] == LIST + "?sort=-name"


def test_the_newest_keystroke_wins(staff_client):
    assertContains(staff_client.get(LIST), 'hx-sync="this:replace"')


def test_an_empty_school_says_why(staff_client):
    assertContains(staff_client.get(LIST), "Пользователей пока нет")


def test_a_search_that_finds_nobody_offers_to_clear_the_filter(staff_client):
    person()

    response = staff_client.get(LIST + "?q=zzz")

    assertContains(response, "Пользователи не найдены")
    assertContains(response, "Сбросить фильтр")


def test_the_list_asks_for_its_permission(client):
    client.force_login(UserFactory.create())

    assert client.get(LIST).status_code == 403
    client.force_login(UserFactory.create(permissions=["users.view_telegramuser"]))
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("people", [1, 49])
def test_the_list_takes_the_same_few_queries_for_any_number_of_people(client, django_assert_max_num_queries, people):
    client.force_login(UserFactory.create(permissions=["users.view_telegramuser", "users.view_email"]))
    BookingFactory.create_batch(people)
    client.get(LIST)  # the session's first request is written down

    with django_assert_max_num_queries(12):
        client.get(LIST + "?q=ан&stream=8th_stream&lesson=cursor_lesson&sort=-events")


def test_leads_that_nobody_cooled_are_said_to_be_old(staff_client):
    EventFactory.create_batch(5, telegram_user=who(someone := person()))
    assertNotContains(staff_client.get(LIST), "фоновый процесс")

    PersonTotals.objects.filter(pk=someone).update(cools_on=timezone.localdate() - timedelta(days=1))

    assertContains(staff_client.get(LIST), "фоновый процесс не работает")


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "\u202e\u202eabc",
        "я" * 64,
        "a\nb",
        '=HYPERLINK("http://x")',
        "'; --",
        "{{ 7|add:7 }}",
    ],
)
def test_hostile_names_are_shown_and_not_obeyed(staff_client, name):
    someone = person(user_id=2**52, first_name=name, last_name=name, username=None)

    for address in (LIST, reverse("users:person_detail", args=[someone])):
        response = staff_client.get(address)
        assertContains(response, "без @username")
        assertNotContains(response, "<script>alert")


PARAMETERS = [
    "q", "stream", "status", "lead", "booking", "blocked", "language", "lesson", "lesson_on", "since", "until", "sort",
    "before", "after", "page", "unknown",
]  # fmt: skip
HOSTILE = [
    "", " ", "abc", "-1", "0", "1e9", "9" * 30, "9223372036854775808", "NaN", "\x00", "a\x00b", "🦊" * 300, "\u202e",
    "null", "[]", "none", "W10", "WzEsMSwxXQ", "WyJcdTAwMDAiLDEsMV0", "WyJcdWQ4MDAiLDEsMV0", "W251bGwsMSwxXQ", "end",
    "2026-13-45", "0001-01-01", "9999-12-31", "'; DROP TABLE users; --", "%", "_", "\\", "=1+1", "sort", "-sort",
    "{{7}}",
]  # fmt: skip


@settings(max_examples=sample(60, 600), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(PARAMETERS), st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))), max_size=5
    )
)
def test_no_input_breaks_the_list(staff_client, pairs):
    address = LIST + "?" + "&".join(f"{name}={quote(value, errors='replace')}" for name, value in pairs)

    response = staff_client.get(address)

    assert response.status_code in {200, 422}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("?since=2026-05-02&until=2026-05-01", "Период"),
        ("?status=99", "99"),
        ("?stream=nowhere", "nowhere"),
        ("?since=tomorrow", "Введите правильную дату"),
    ],
)
def test_a_filter_that_means_nothing_is_named_and_shows_nobody(staff_client, address, said):
    person()

    response = staff_client.get(LIST + address)

    assert response.status_code == 422
    assertContains(response, said, status_code=422)
    assertContains(response, "Не удалось применить фильтр", status_code=422)
    assert response.context["page"].rows == []
