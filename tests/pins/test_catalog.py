"""The catalog of the migrated database, whole: whatever a new chain of migrations makes differently shows here.

Numbers that pgtrigger hangs on the names of its triggers and functions are left out, since they change with every
comma; so does the order of columns, which nobody may rely on. Triggers of a table stand in the order in which they
fire. The text is that of PostgreSQL 18, which is what the embedded server is.
"""

import re
from collections.abc import Iterator
from hashlib import md5

import pytest
from django.apps import apps

from hsl_dashboard.db import run_sql
from tests.pins.golden import assert_golden

OURS = {"users", "bookings", "messaging", "analytics"}

pytestmark = pytest.mark.django_db


def test_the_migrated_database_is_what_it_was():
    assert_golden("catalog.txt", "\n".join(_catalog()))


def _catalog() -> Iterator[str]:
    for name, kind in run_sql(
        "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname"
    ):
        if name not in _tables_of_libraries():
            yield from (_table(name) if kind in "rp" else _view(name, kind))
            yield ""
    yield "# extensions"
    yield from (f"  {name}" for (name,) in run_sql("SELECT extname FROM pg_extension ORDER BY 1"))
    yield ""
    yield "# triggers on tables of libraries"
    for (table,) in run_sql(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    ):
        if table in _tables_of_libraries():
            yield from (f"  {table}: {line}" for line in _triggers(table))
    yield ""
    yield "# sequences that no column counts with"
    yield from _sequences()
    yield ""
    functions = _functions()
    yield "# functions, and the hashes of their texts"
    yield from (f"  {name} {_hash(text)}" for name, text in functions)
    # Triggers of many tables share a text; it stands here once.
    names: dict[str, list[str]] = {}
    for name, text in functions:
        names.setdefault(text, []).append(name)
    for text in names:
        yield f"\n# function {_hash(text)}"
        yield from text.rstrip().splitlines()


def _tables_of_libraries() -> set[str]:
    models = apps.get_models(include_auto_created=True)
    ours = {model._meta.db_table for model in models if model._meta.app_label in OURS}
    return {model._meta.db_table for model in models} - ours | {"django_migrations"}


def _table(name: str) -> Iterator[str]:
    yield f"table {name}"
    for facts in (_columns, _constraints, _indexes, _statistics, _options, _triggers):
        yield from (f"  {line}" for line in facts(name))


def _view(name: str, kind: str) -> Iterator[str]:
    yield f"{'view' if kind == 'v' else 'materialized view'} {name}"
    yield from (f"  {line}" for line in _columns(name))
    [(text,)] = run_sql("SELECT pg_get_viewdef(%s::regclass, true)", [name])
    yield from (f"  {line}" for line in text.splitlines())
    yield from (f"  {line}" for line in (*_indexes(name), *_triggers(name)))


def _columns(table: str) -> Iterator[str]:
    for name, kind, required, default, identity, generated, collation in run_sql(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),"
        " a.attidentity, a.attgenerated,"
        " (SELECT collname FROM pg_collation c WHERE c.oid = a.attcollation AND c.collname <> 'default')"
        " FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
        " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1",
        [table],
    ):
        parts = [f"column {name}", kind]
        parts += [f"COLLATE {collation}"] if collation else []
        parts += ["NOT NULL"] if required else []
        parts += [f"GENERATED {default}" if generated else f"DEFAULT {default}"] if default else []
        parts += [{"a": "ALWAYS", "d": "BY DEFAULT"}[identity] + " AS IDENTITY"] if identity else []
        yield " ".join(parts)


def _constraints(table: str) -> Iterator[str]:
    # From 18 on NOT NULL is a constraint too; the columns say it already.
    for name, text, validated in run_sql(
        "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype NOT IN ('n', 't') ORDER BY 1",
        [table],
    ):
        yield f"constraint {name} {text}" + ("" if validated else " NOT VALID")


def _indexes(table: str) -> Iterator[str]:
    for text, valid in run_sql(
        "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indrelid = %s::regclass"
        ' ORDER BY indexrelid::regclass::text COLLATE "C"',
        [table],
    ):
        yield f"index {text.removeprefix('CREATE ')}" + ("" if valid else " INVALID")


def _statistics(table: str) -> Iterator[str]:
    """What the planner is told to count: of columns together, and of one column in more detail."""
    for (text,) in run_sql(
        "SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = %s::regclass ORDER BY stxname",
        [table],
    ):
        yield text.removeprefix("CREATE ")
    for column, target in run_sql(
        "SELECT attname, attstattarget FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attstattarget >= 0 ORDER BY 1",
        [table],
    ):
        yield f"column {column} SET STATISTICS {target}"


def _options(table: str) -> Iterator[str]:
    for (option,) in run_sql("SELECT unnest(reloptions) FROM pg_class WHERE oid = %s::regclass ORDER BY 1", [table]):
        yield f"SET {option}"


def _triggers(table: str) -> Iterator[str]:
    for text, enabled in run_sql(
        "SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
        " ORDER BY tgname",
        [table],
    ):
        yield _without_numbers(text).removeprefix("CREATE ") + ("" if enabled == "O" else f" ENABLED {enabled}")


def _sequences() -> Iterator[str]:
    for name, kind, start, increment in run_sql(
        "SELECT c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement FROM pg_sequence s"
        " JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS"
        " (SELECT FROM pg_depend WHERE objid = c.oid AND deptype IN ('a', 'i')) ORDER BY 1"
    ):
        yield f"  {name} {kind} START {start} INCREMENT {increment}"


def _functions() -> list[tuple[str, str]]:
    """Give our functions: their names, those of triggers after their tables, and their texts."""
    found = run_sql(
        "SELECT p.oid::regprocedure::text, t.tgrelid::regclass::text, pg_get_functiondef(p.oid) FROM pg_proc p"
        " LEFT JOIN pg_trigger t ON t.tgfoid = p.oid"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')"
        r" AND p.proname NOT LIKE '\_pg%' AND NOT EXISTS"
        " (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')"
    )
    return sorted(
        (_without_numbers(f"{table}: {name}" if table else name), _without_numbers(text)) for name, table, text in found
    )


def _hash(text: str) -> str:
    return md5(text.encode()).hexdigest()[:12]


def _without_numbers(text: str) -> str:
    """``pgtrigger_totals_of_bookings_3f2a1`` is the same trigger whatever its number."""
    return re.sub(r"\b(pgtrigger_\w+?)_[0-9a-f]{5}\b", r"\1", text)
