"""The demo school of one seed and one day: how many rows each table gets, and a digest of each of their columns."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models

from tests.database_roles import owner_role
from tests.pins.golden import assert_as_pinned

APPS = ("users", "bookings", "messaging")
DAY = date(2025, 11, 20)  # long past: none of its times is taken for now()
# Numbers that a table gives by itself, and so not the same twice; random ones; what is counted from the real day.
NUMBERS = {"pgh_id", "pgh_context_id"}
LEFT_OUT = {
    "users_auditentry": {"id", "object_id", "record_id"},
    "users_numbermark": {"id"},
    "bookings_bookingchange": {"id"},
    "bookings_moneymark": {"id"},
    "bookings_stream": {"id"},
    "bookings_streamevent": {"id", "pgh_obj_id"},
    "messaging_automation": {"id"},
    "messaging_automationevent": {"id", "pgh_obj_id"},
    "person_totals": {"temperature", "cools_on"},
    "messaging_draft": {"token"},
    "messaging_recipientcount": {"id"},
    "bookings_waitingpayment": {"came_at"},
}
# Written by one statement for many rows, in whatever order PostgreSQL has grouped them; else the key orders.
ORDERS = {
    "messaging_recipientcount": "message_id, state, reason, minute, number",
}
# What the migrations and the triggers wrote, in this run of the tests.
NOW = "CASE WHEN {0} BETWEEN now() - interval '3 hours' AND now() + interval '3 hours' THEN 'now' ELSE {0}::text END"


@pytest.fixture
def school(db: None) -> None:
    with owner_role():
        call_command("seed_demo", seed=1, people=300, today=DAY, verbosity=0)


def _tables() -> Iterator[type[models.Model]]:
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            if model._meta.managed and not model._meta.proxy:
                yield model


def _columns(model: type[models.Model]) -> list[models.Field]:  # type: ignore[type-arg]
    """Those that the seed and the day decide."""
    left_out = NUMBERS | LEFT_OUT.get(model._meta.db_table, set())
    return [field for field in model._meta.concrete_fields if field.column not in left_out]


def _digest(model: type[models.Model], order: str) -> dict[str, str]:
    parts = []
    for field in _columns(model):
        column = f'"{field.column}"'
        text = NOW.format(column) if isinstance(field, models.DateTimeField) else f"{column}::text"
        parts.append(f"left(md5(string_agg(coalesce({text}, '∅'), '|' ORDER BY {order})), 12)")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        cursor.execute(f'SELECT {", ".join(parts)} FROM "{model._meta.db_table}"')
        return dict(zip((str(field.column) for field in _columns(model)), cursor.fetchone(), strict=True))


def test_the_demo_school_of_a_seed_and_a_day_has_the_same_rows(school: None) -> None:
    measured = {}
    for model in _tables():
        rows = model._default_manager.count()
        if rows:
            order = ORDERS.get(model._meta.db_table, f'"{model._meta.pk.column}"')
            measured[model._meta.db_table] = {"rows": rows, "columns": _digest(model, order)}

    assert_as_pinned("seeded_demo", measured)
