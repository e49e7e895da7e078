"""How warm a lead is: by the events and days of a week, and cooler when a day leaves it."""

import pytest

from hsl_dashboard.db import run_sql
from users import totals
from users.models import LivePersonTotals


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("events", "days", "degree"),
    [(20, 5, 3), (19, 5, 2), (20, 4, 2), (10, 3, 2), (9, 3, 1), (10, 2, 1), (5, 1, 1), (4, 4, 0)],
)
def test_a_lead_is_as_warm_as_its_events_and_days_of_the_week(events, days, degree):
    run_sql(
        "INSERT INTO events (user_id, event_type, created_at)"
        " SELECT 1, 'x', now() - (i %% %s) * interval '1 day' FROM generate_series(1, %s) AS i",
        [days, events],
    )

    assert LivePersonTotals.objects.get().temperature == degree


@pytest.mark.django_db
def test_the_window_begins_at_moscow_midnight_six_days_ago():
    midnight = "(school_today() - 6)::timestamp AT TIME ZONE 'Europe/Moscow'"
    insert = "INSERT INTO events (user_id, event_type, created_at) SELECT {p}, 'x', {at} FROM generate_series(1, 5)"
    run_sql(insert.format(p=1, at=midnight))
    run_sql(insert.format(p=2, at=f"{midnight} - interval '1 microsecond'"))

    degrees = dict(LivePersonTotals.objects.values_list("pk", "temperature"))

    assert degrees == {1: 1, 2: 0}


@pytest.mark.owner
@pytest.mark.django_db
def test_a_lead_cools_when_its_days_leave_the_window():
    run_sql(
        "INSERT INTO events (user_id, event_type, created_at)"
        " SELECT 1, 'x', now() - interval '6 days' FROM generate_series(1, 5)"
    )
    totals.fold_marked_people()
    assert run_sql("SELECT temperature, cools_on - school_today() FROM person_totals") == [(1, 1)]
    # A day passes: the events are a day older, and no trigger has seen it.
    run_sql("SET LOCAL pgtrigger.ignore = '{}'")
    run_sql("ALTER TABLE events DISABLE TRIGGER USER")
    run_sql("UPDATE events SET created_at = created_at - interval '1 day'")
    run_sql("UPDATE person_totals SET cools_on = cools_on - 1")
    run_sql("ALTER TABLE events ENABLE TRIGGER USER")

    cooled = totals.cool_leads()

    assert cooled == 1
    assert run_sql("SELECT temperature, cools_on FROM person_totals") == [(0, None)]
