"""The list of people while the totals of some of them wait to be counted: exact, and in its order."""

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils.timezone import localtime
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import BookingFactory, EventFactory, TelegramUserFactory
from users.models import BlockedUser, CountingMark, LivePersonTotals, PersonTotals, TelegramUser
from users.people.filters import SORTS
from users.people.listing import people_list
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db


def listed(address: str, place: str = ""):
    """Give the page at a place of the list that an address asks for, and the count of the list."""
    return people_list(QueryDict(address), with_emails=True).page(QueryDict(place))


def _person(**values) -> int:
    return TelegramUserFactory.create(**values).pk


def waits(*people: int) -> None:
    for pk in people:
        CountingMark.objects.create(user_id=pk)


def test_people_whose_count_waits_are_shown_with_exact_numbers(staff_client):
    someone = _person()
    EventFactory.create_batch(3, telegram_user=TelegramUser(pk=someone))
    PersonTotals.objects.update(events=0)
    waits(someone)

    [row] = staff_client.get("/users/?sort=-events").context["page"].rows

    assert row.events == 3


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("sort", SORTS)
def test_people_whose_count_waits_stand_where_the_order_puts_them(monkeypatch, sort, sign):
    names = ["Ян", "анна", "", "Ёжи", "Zoë", "🦊", "Ольга"]
    everybody = [_person(first_name=name or None, username=None) for name in names]
    for number, pk in enumerate(everybody[:4]):
        EventFactory.create_batch(number % 3, telegram_user=TelegramUser(pk=pk))
        BookingFactory.create_batch(number % 2, telegram_user=TelegramUser(pk=pk), course_stream=f"{number}th_stream")
    BlockedUser.objects.create(telegram_user=TelegramUser(pk=everybody[2]))
    TelegramUser.objects.filter(pk=everybody[4]).update(first_seen_at=None)
    address = f"sort={sign}{sort}"
    expected = [row.pk for row in people_list(QueryDict(address), with_emails=True, folded=True).sorted_people()]
    waiting = everybody[1:5]
    PersonTotals.objects.filter(pk__in=waiting).update(
        name_key="", events=9, bookings=9, latest_stream="9", last_activity_at=None, blocked=False, latest_status=5
    )
    waits(*waiting)
    monkeypatch.setattr("users.people.listing.PAGE_SIZE", 2)

    forwards, after = [], ""
    while True:
        page, count = listed(address, f"after={after}")
        forwards += [row.pk for row in page.rows]
        if not (after := page.after):
            break
    before, backwards = "end", list[int]()
    while before:
        page, _count = listed(address, f"before={before}")
        backwards = [row.pk for row in page.rows] + backwards
        before = page.before

    assert forwards == backwards == expected
    assert count.number == len(everybody)


def test_people_whose_count_waits_are_searched_and_filtered_by_what_they_are_now(monkeypatch):
    renamed, other = _person(first_name="Анна"), _person(first_name="Ольга")
    PersonTotals.objects.filter(pk=renamed).update(search_text="", blocked=True)
    waits(renamed)

    def found(address: str) -> list[int]:
        return [row.pk for row in listed(address)[0].rows]

    for rare in (3_000, 0):
        monkeypatch.setattr("users.people.listing.RARE", rare)
        assert found("q=анн") == [renamed]
    assert found("blocked=yes") == []
    assert found("blocked=no&sort=id") == [renamed, other]


def test_while_very_many_wait_the_list_is_quick_and_says_of_when_it_is(staff_client, monkeypatch):
    """The stored totals in their order, and since when the first of the marked waits."""
    monkeypatch.setattr("users.people.listing.COUNTED_NOW", 2)
    everybody = [_person() for _ in range(3)]
    fold_marked_people()
    for pk in everybody:
        EventFactory.create(telegram_user=TelegramUser(pk=pk))
    [moment] = set(CountingMark.objects.values_list("marked_at", flat=True))

    response = staff_client.get("/users/?sort=-events")

    assert [row.events for row in response.context["page"].rows] == [0, 0, 0]
    assert response.context["as_of"] == response.context["updated_at"] == moment
    assertContains(response, f"По состоянию на {localtime(moment):%d.%m.%Y %H:%M:%S}")

    fold_marked_people()
    response = staff_client.get("/users/?sort=-events")

    assert [row.events for row in response.context["page"].rows] == [1, 1, 1]
    assertNotContains(response, "По состоянию на")


def test_an_export_counts_the_marked_first():
    someone = _person()
    EventFactory.create_batch(3, telegram_user=TelegramUser(pk=someone))
    assert CountingMark.objects.exists()

    people = people_list(QueryDict(""), with_emails=True, folded=True)

    assert not CountingMark.objects.exists()
    assert [row.events for row in people.sorted_people()] == [3]


def test_who_asks_for_one_person_does_not_wait_for_all_who_are_marked():
    """Beat may be away, or a bulk change just done: a page of one person must not count thousands of others."""
    asked, *others = [_person() for _ in range(60)]
    fold_marked_people()
    EventFactory.create_batch(2, telegram_user=TelegramUser(pk=asked))
    waits(*others)

    with connection.cursor() as cursor:
        counted = "SELECT idx_scan + seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'free_lesson_registrations'"
        cursor.execute(counted)
        [(before,)] = cursor.fetchall()
        row = LivePersonTotals.objects.get(pk=asked)
        cursor.execute(counted)
        [(after,)] = cursor.fetchall()

    assert row.events == 2
    assert after - before < 10
