"""People's totals while very many rows are written at once: one count, in linear time."""

import pytest
from django.db import connection, transaction

from tests.users.recount import read
from users.models import CountingMark, PersonTotals
from users.totals import fold_marked_people


def execute(query: str, params=None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, params)


@pytest.mark.django_db
def test_ten_thousand_rows_are_one_count():
    execute("INSERT INTO users (user_id) SELECT generate_series(1, 2000)")

    execute("INSERT INTO events (user_id, event_type) SELECT 1 + i % 2000, 'x' FROM generate_series(1, 10000) AS i")

    assert fold_marked_people() == 0
    assert not CountingMark.objects.exists()
    assert set(PersonTotals.objects.values_list("events", flat=True)) == {5}


MADE = """
INSERT INTO users (user_id) SELECT generate_series(1, %(people)s);
INSERT INTO bookings (user_id, confirmed) SELECT i, 2 FROM generate_series(1, %(people)s) AS i;
INSERT INTO events (user_id, event_type) SELECT i, 'x' FROM generate_series(1, %(people)s) AS i;
INSERT INTO free_lesson_registrations (user_id, email) SELECT i, 'a@b.c' FROM generate_series(1, %(people)s) AS i;
"""
READ = """
SELECT sum(seq_tup_read + COALESCE(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
WHERE relname IN ('users', 'bookings', 'events', 'free_lesson_registrations', 'person_totals')
"""


def rows_read(function: str, people: int) -> float:
    """How many rows are read to count so many people, in the transaction that made them."""
    with transaction.atomic():
        # Tables that autovacuum saw between two tests, empty but for dead rows, pass for empty whatever they hold.
        execute("TRUNCATE users, bookings, events, free_lesson_registrations, person_totals CASCADE")
        execute(MADE, {"people": people})
        execute("SELECT person_totals_fold(ARRAY(SELECT generate_series(1, %s)::bigint))", [people])
        # Nobody has counted these rows for the planner; where looks into an index are dear, it prefers whole tables. At
        # the usual price it takes 40,000 people: one INSERT of their bookings did not end in ten minutes.
        execute("SET LOCAL random_page_cost = 1000")
        [(before,)] = read(READ)
        execute(f"SELECT {function}(ARRAY(SELECT generate_series(1, %s)::bigint))", [people])
        [(after,)] = read(READ)
        transaction.set_rollback(True)
    return float(after - before)


@pytest.mark.owner
@pytest.mark.django_db
@pytest.mark.parametrize("function", ["person_totals_recount", "person_totals_fold"])
def test_people_are_counted_in_linear_time_in_the_transaction_that_made_them(function):
    growth = rows_read(function, 2_000) / rows_read(function, 500)

    assert growth == pytest.approx(4, rel=0.2)
