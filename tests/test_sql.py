"""The SQL functions and views of ours: what stands in ``<app>/sql`` is what the migrated database runs."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from django.conf import settings

from hsl_dashboard.db import run_sql

ROOT = Path(__file__).resolve().parent.parent
FILES = {path.stem: path for path in sorted(ROOT.glob("*/sql/*.sql"))}

pytestmark = [pytest.mark.django_db, pytest.mark.owner]


def ours() -> set[str]:
    """Functions and views of the schema that no library and no trigger made; triggers have theirs in the models."""
    functions = run_sql(
        "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
        r" AND proname NOT LIKE 'pgtrigger\_%' AND proname NOT LIKE '\_pg%'"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')"
    )
    views = run_sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    )
    return {name for (name,) in (*functions, *views)}


def definitions(name: str, schema: str) -> list[str]:
    """Every function and view of this name in a schema, in PostgreSQL's own words."""
    functions = run_sql(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s AND pronamespace = %s::regnamespace",
        [name, schema],
    )
    views = run_sql(
        "SELECT pg_get_viewdef(oid) FROM pg_class"
        " WHERE relname = %s AND relnamespace = %s::regnamespace AND relkind = 'v'",
        [name, schema],
    )
    return [text.replace(f" {schema}.{name}(", f" {name}(") for (text,) in (*functions, *views)]


def test_every_function_and_view_of_ours_has_one_file() -> None:
    assert set(FILES) == ours()
    assert len(FILES) == len(list(ROOT.glob("*/sql/*.sql")))


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_the_migrated_database_runs(name: str) -> None:
    text = FILES[name].read_text().replace("'Europe/Moscow'", f"'{settings.TIME_ZONE}'")
    # What is created lands in the first schema; what it calls is found in the second.
    run_sql("CREATE SCHEMA scratch")
    run_sql("SET LOCAL search_path = scratch, public")
    run_sql(text)

    written = definitions(name, "scratch")

    assert written == definitions(name, "public")
    assert len(written) == 1


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_in_words_what_it_is_for(name: str) -> None:
    assert FILES[name].read_text().startswith("-- ")


def test_the_files_go_with_the_package() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]

    left_out = [path for path in FILES.values() if not any(fnmatch(f"sql/{path.name}", one) for one in patterns)]

    assert left_out == []
