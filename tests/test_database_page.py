"""docs/database.md and the migrated database: the same tables, triggers, functions and views, at the same costs."""

import re
from pathlib import Path

import pytest
from django.apps import apps

from benchmarks.writes import INSERTS
from hsl_dashboard.db import run_sql
from tests.factories import TelegramUserFactory

PAGE = Path(__file__).resolve().parent.parent / "docs" / "database.md"
OURS = {"users", "bookings", "messaging", "analytics"}
NAME = re.compile(r"`(\w+)`")

pytestmark = pytest.mark.django_db


def lines_of(*headings: str) -> list[list[str]]:
    """The cells of every line of the tables under these headings."""
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE.read_text(), re.MULTILINE))
    lines = [line for heading in headings for line in sections[heading].splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def name_in(cell: str) -> str:
    (name,) = NAME.findall(cell)
    return str(name)


def test_the_page_names_every_table() -> None:
    named = [name_in(cells[0]) for cells in lines_of("The bot's tables", "Our tables", "Derived tables", "The audit")]
    libraries = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in OURS
    }

    there = run_sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )

    assert sorted(named) == sorted({name for (name,) in there} - libraries - {"django_migrations"})


def test_the_page_names_the_table_of_each_audit() -> None:
    audited = {model._meta.db_table: model for model in apps.get_models() if hasattr(model, "pgh_obj")}

    for cells in lines_of("The audit"):
        assert NAME.findall(cells[1])[0] == audited[name_in(cells[0])].pgh_obj.field.related_model._meta.db_table


def test_the_page_names_every_trigger_with_its_tables() -> None:
    named = {(name_in(cells[0]), table) for cells in lines_of("Triggers") for table in NAME.findall(cells[1])}

    there = run_sql("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")

    short = re.compile(r"pgtrigger_(\w+)_[0-9a-f]{5}")
    assert named == {(match[1] if (match := short.fullmatch(name)) else name, table) for name, table in there}


def test_the_page_names_every_function_and_view() -> None:
    named = [name_in(cells[0]) for cells in lines_of("Functions and views")]

    functions = run_sql(
        "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
        r" AND proname NOT LIKE 'pgtrigger\_%'"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')"
    )
    views = run_sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    )
    assert sorted(named) == sorted(name for (name,) in (*functions, *views))


def written() -> dict[str, int]:
    """How many rows this transaction has inserted into or updated in each table."""
    return dict(
        run_sql("SELECT relname, n_tup_ins + n_tup_upd FROM pg_stat_xact_user_tables WHERE schemaname = 'public'")
    )


def entries_of_the_newest(table: str) -> int:
    """How many indexes hold an entry for the row that was inserted last."""
    indexes = run_sql("SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indrelid = %s::regclass", [table])
    conditions = [condition or "true" for (condition,) in indexes]
    holds = ", ".join(f"(({condition}) IS TRUE)::int" for condition in conditions)
    ((*held,),) = run_sql(f"SELECT {holds} FROM {table} ORDER BY ctid DESC LIMIT 1")
    return sum(held)


@pytest.mark.parametrize("table", INSERTS)
def test_the_page_says_what_a_row_of_the_bot_writes(table: str) -> None:
    person = 9_300_000_000 if table == "users" else TelegramUserFactory.create().user_id
    (cells,) = [cells for cells in lines_of("What a row of the bot costs") if name_in(cells[0]) == table]
    before = written()

    run_sql(INSERTS[table], [person])

    further = {name for name, count in written().items() if count > before.get(name, 0)} - {table}
    indexes = run_sql("SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass", [table])[0][0]
    assert cells[1:3] == [str(indexes), str(entries_of_the_newest(table))]
    assert set(NAME.findall(cells[3])) == further
