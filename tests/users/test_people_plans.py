"""How the list of people is read when there are many: from the index that holds its order, in few queries."""

import re

import pytest
from django.http import QueryDict

from hsl_dashboard.db import run_sql
from tests.factories import EventFactory, TelegramUserFactory
from users.models import CountingMark
from users.people import listing as people_module
from users.people import search
from users.people.listing import people_list

pytestmark = [pytest.mark.django_db, pytest.mark.owner]  # of ANALYZE
LIST = "/users/"

# Totals alone: what they were counted from does not matter to the planner. Few have bookings and no stream.
MANY = """
INSERT INTO person_totals (
    user_id, name_key, bookings, latest_status, latest_stream, temperature, last_activity_at, events, first_seen_at
) SELECT i, 'n' || i % 500, i % 2, i % 2 * (1 + i % 5),
    CASE WHEN i % 2 = 1 AND i % 101 > 0 THEN 's' || i % 8 ELSE '' END,
    CASE WHEN i > 12000 THEN 2 ELSE 0 END,
    now() - (20000 - i) * interval '1 hour', i / 100, now() - i * interval '1 hour'
FROM generate_series(1, 20000) AS i;
ANALYZE person_totals;
"""


@pytest.fixture
def many():
    run_sql(MANY)
    yield
    # No rollback takes back what ANALYZE wrote about the size of a table.
    run_sql("DELETE FROM person_totals; ANALYZE person_totals")


def indexes_read(query: str, *, count: bool = False) -> set[str]:
    """Name the indexes from which PostgreSQL would read a list, or its count."""
    found = people_list(QueryDict(query), with_emails=True)
    rows = found.people.order_by()[:10_001] if count else found.people.order_by(*found.filter.sorting.order())[:51]
    return set(re.findall(r"person_totals_\w+", rows.explain()))


def test_bookings_without_a_stream_are_counted_from_an_index_of_the_booked(many):
    assert indexes_read("stream=none", count=True) == {"person_totals_booked"}


def test_a_stream_with_a_status_is_counted_from_one_index(many):
    assert indexes_read("stream=s3&status=5&booking=active", count=True) == {"person_totals_booked"}


@pytest.mark.parametrize(
    ("sort", "index"),
    [("activity", "lead_activity"), ("-activity", "lead_activity"), ("events", "lead_events"), ("seen", "lead_seen")],
)
def test_leads_are_never_sought_among_everybody(many, sort, index):
    assert indexes_read(f"lead=2&lead=3&sort={sort}") == {f"person_totals_{index}"}


@pytest.mark.parametrize("sort", ["name", "bookings", "events", "lessons", "stream", "status", "activity", "blocked"])
def test_every_order_of_everybody_is_read_from_its_index(many, sort):
    assert indexes_read(f"sort={sort}") == indexes_read(f"sort=-{sort}") == {f"person_totals_{sort}"}


@pytest.mark.parametrize(("others", "sort", "is_far"), [("Борис", "name", False), ("Борис", "-name", True)])
def test_a_common_name_is_listed_where_a_walk_in_the_order_of_names_would_pass_many(monkeypatch, others, sort, is_far):
    monkeypatch.setattr(people_module, "RARE", 1)
    monkeypatch.setattr(search, "RARE", 1)
    monkeypatch.setattr(search, "WALKED", 1)
    TelegramUserFactory.create_batch(3, first_name="Анна", last_name="")
    TelegramUserFactory.create_batch(3, first_name=others, last_name="")

    found = people_list(QueryDict(f"q=анна&sort={sort}"), with_emails=True)
    page, count = found.page(QueryDict())

    assert (found.common, found.far) == (True, is_far)
    assert [row.telegram_user.first_name for row in page.rows] == ["Анна"] * 3
    assert count.more


def test_a_common_name_is_met_on_a_walk_in_the_order_of_the_list(many, monkeypatch):
    monkeypatch.setattr(people_module, "RARE", -1)

    assert indexes_read("q=анна&sort=events") == {"person_totals_events"}


def test_a_list_with_somebody_marked_asks_one_question_more_and_writes_nothing(
    staff_client, django_assert_max_num_queries
):
    someone = EventFactory.create().telegram_user_id
    staff_client.get(LIST)  # the first page of a session also writes the session down
    CountingMark.objects.create(user_id=someone)

    with django_assert_max_num_queries(12):
        staff_client.get(LIST + "?q=а&lesson_on=2026-05-05")

    assert CountingMark.objects.exists()
