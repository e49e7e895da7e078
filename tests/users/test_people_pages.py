"""The list of people in order: everybody once, page after page, forwards and back."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains

from hsl_dashboard.db import run_sql
from tests.factories import TelegramUserFactory
from tests.sizes import is_sampled
from users.models import LivePersonTotals
from users.people.filters import SORTS
from users.people.listing import PAGE_SIZE

pytestmark = pytest.mark.django_db
LIST = "/users/"


def walk(client: Client, text: str = "", *, backwards: bool = False) -> list[int]:
    """Go through all pages by their links, as a person does."""
    seen: list[int] = []
    address = f"{LIST}?{text}{'&before=end' if backwards else ''}"
    while address:
        response = client.get(address)
        page = response.context["page"]
        rows = [row.pk for row in page.rows]
        seen = rows + seen if backwards else seen + rows
        place, name = (page.before, "before") if backwards else (page.after, "after")
        address = f"{LIST}?{text}&{name}={place}" if place else ""
    return seen


CROWD = """
INSERT INTO users (user_id, first_name, last_name, language_code, first_seen_at)
    SELECT i, (ARRAY['Анна', 'ёж', NULL, '', E'a\nb'])[1 + i % 5], NULL, 'ru',
        CASE WHEN i % 7 > 0 THEN now() - i % 3 * interval '1 day' END
    FROM generate_series(1, 130) AS i;
INSERT INTO bookings (user_id, confirmed, course_stream)
    SELECT 1 + i * 3 % 130, i % 5 - 1, (ARRAY['8th_stream', '7th_stream', NULL])[1 + i % 3]
    FROM generate_series(1, 60) AS i;
INSERT INTO events (user_id, event_type) SELECT 1 + i * i % 130, 'start_command' FROM generate_series(1, 300) AS i;
INSERT INTO free_lesson_registrations (user_id, email, lesson_date)
    SELECT 1 + i % 50, 'a@b.c', date '2026-01-01' + i FROM generate_series(1, 70) AS i;
INSERT INTO blocked_users (user_id) SELECT 1 + i * 10 FROM generate_series(0, 12) AS i;
"""


@pytest.fixture
def crowd():
    """More than two pages of people, many of them equal in every column, some without a value."""
    run_sql(CROWD)


@pytest.mark.parametrize("counted", [10_000, 5], ids=["listed", "walked"])
@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
def test_every_order_shows_everybody_once_page_after_page_and_back(staff_client, crowd, monkeypatch, sort, counted):
    monkeypatch.setattr("users.people.listing.COUNTED", counted)
    column = SORTS[sort.removeprefix("-")]
    sign = "-" if sort.startswith("-") else ""
    expected = list(LivePersonTotals.objects.order_by(sign + column, sign + "pk").values_list("pk", flat=True))

    assert len(expected) == 130
    assert walk(staff_client, f"sort={sort}") == expected
    if is_sampled(sort, counted, one_in=2):
        assert walk(staff_client, f"sort={sort}", backwards=True) == expected


def test_names_are_in_russian_order_and_yo_stands_with_ye(staff_client):
    given = ["Ёлка", "Жанна", "елена", "Ежи", "Яна", "Анна"]
    people = {TelegramUserFactory.create(first_name=name, last_name="").pk: name for name in given}

    assert [people[pk] for pk in walk(staff_client, "sort=name")] == ["Анна", "Ежи", "елена", "Ёлка", "Жанна", "Яна"]


def test_pages_are_numbered_and_the_last_row_of_one_leads_to_the_next(staff_client):
    TelegramUserFactory.create_batch(PAGE_SIZE + 1)

    first = staff_client.get(LIST + "?sort=id").context["page"]
    second = staff_client.get(LIST + f"?sort=id&after={first.after}").context["page"]

    assert (first.number, len(first.rows), first.before) == (1, PAGE_SIZE, "")
    assert (second.number, len(second.rows), second.after) == (2, 1, "")
    back = staff_client.get(LIST + f"?sort=id&before={second.before}").context["page"]
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]
    assert back.number == 1


def test_a_place_of_another_order_gives_the_first_page(staff_client):
    TelegramUserFactory.create_batch(PAGE_SIZE + 1)
    place = staff_client.get(LIST + "?sort=name").context["page"].after

    page = staff_client.get(LIST + f"?sort=activity&after={place}").context["page"]

    assert page.before == ""


def test_a_long_list_is_not_counted_to_its_end(staff_client, monkeypatch):
    TelegramUserFactory.create_batch(6, language_code="kk")
    monkeypatch.setattr("users.people.listing.COUNTED", 5)

    assertContains(staff_client.get(LIST + "?language=kk"), "Больше 5 человек")
