"""What the apps say they hold about people: no table with a place for somebody is forgotten."""

from typing import Any

import pytest
from django.apps import apps

from hsl_dashboard.db import run_sql
from users.models import CountingMark, TelegramUser
from users.person.extensions import Fate, person_tables, timeline_sources


def places_for_people() -> dict[Any, set[str]]:
    """Find every table with a key to a person or with a Telegram id, or with a key to such a table: and the lookups."""
    tables = [model for model in apps.get_models() if model is not TelegramUser]
    found = {model: paths for model in tables if (paths := direct_places(model))}
    while True:
        further = {model: further_places(model, found) for model in tables if model not in found}
        further = {model: paths for model, paths in further.items() if paths}
        if not further:
            return found
        found |= further


def direct_places(model: Any) -> set[str]:
    fields = model._meta.concrete_fields
    ids = {field.name for field in fields if field.column == "user_id" and not field.is_relation}
    return ids | {field.name for field in fields if field.related_model is TelegramUser}


def further_places(model: Any, found: dict[Any, set[str]]) -> set[str]:
    # The audit names its object, which may be gone; whose it was stands in a column of its own.
    keys = [field for field in model._meta.concrete_fields if field.name not in {"pgh_obj", "pgh_context"}]
    return {f"{key.name}__{path}" for key in keys for path in found.get(key.related_model, ())}


def test_every_table_that_can_hold_a_person_is_named_and_no_other():
    places = places_for_people()
    named = {table.model: table for table in person_tables()}

    # A column of another name with somebody's id cannot be seen here: the maker of a coupon.
    assert places.keys() - named.keys() == set()
    assert {table.label for model, table in named.items() if model not in places} == {
        "bookings.ReferralCoupon",
        "bookings.ReferralCouponEvent",
    }
    for model, paths in places.items():
        assert named[model].path in paths
        is_view = not model._meta.managed and model is not CountingMark
        assert is_view == (named[model].fate is Fate.NOTHING)


@pytest.mark.django_db
def test_every_column_with_a_persons_id_stands_in_a_table_that_is_named():
    tables = {
        table
        for (table,) in run_sql(
            "SELECT relname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relkind IN ('r', 'v', 'm') AND relnamespace = current_schema()::regnamespace AND attnum > 0"
            " AND attname IN ('user_id', 'telegram_user_id') AND NOT EXISTS ("
            "  SELECT FROM pg_constraint WHERE conrelid = attrelid AND attnum = ANY (conkey)"
            "  AND confrelid = 'staff_user'::regclass)"
        )
    }

    assert tables - {table.model._meta.db_table for table in person_tables()} == {"users"}


def test_no_table_is_named_twice():
    labels = [table.label for table in person_tables()]

    assert len(labels) == len(set(labels))


def test_every_source_of_the_timeline_has_a_rank_of_its_own():
    ranks = [source.rank for source in timeline_sources()]

    assert len(ranks) == len(set(ranks)) > 0
