"""People's totals while very many rows are written at once: one count, in linear time."""

import pytest
from django.db import transaction

from hsl_dashboard.db import run_sql
from users.models import CountingMark, PersonTotals
from users.totals import fold_marked_people


@pytest.mark.django_db
def test_ten_thousand_rows_are_one_count():
    run_sql("INSERT INTO users (user_id) SELECT generate_series(1, 2000)")

    run_sql("INSERT INTO events (user_id, event_type) SELECT 1 + i % 2000, 'x' FROM generate_series(1, 10000) AS i")

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
        run_sql("TRUNCATE users, bookings, events, free_lesson_registrations, person_totals CASCADE")
        run_sql(MADE, {"people": people})
        run_sql("SELECT person_totals_fold(ARRAY(SELECT generate_series(1, %s)::bigint))", [people])
        # Nobody has counted these rows for the planner; where looks into an index are dear, it prefers whole tables. At
        # the usual price it takes 40,000 people: one INSERT of their bookings did not end in ten minutes.
        run_sql("SET LOCAL random_page_cost = 1000")
        [(before,)] = run_sql(READ)
        run_sql(f"SELECT {function}(ARRAY(SELECT generate_series(1, %s)::bigint))", [people])
        [(after,)] = run_sql(READ)
        transaction.set_rollback(True)
    return float(after - before)


@pytest.mark.owner
@pytest.mark.django_db
@pytest.mark.parametrize("function", ["person_totals_recount", "person_totals_fold"])
def test_people_are_counted_in_linear_time_in_the_transaction_that_made_them(function):
    growth = rows_read(function, 2_000) / rows_read(function, 500)

    assert growth == pytest.approx(4, rel=0.2)
