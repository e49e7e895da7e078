"""Steps that bring tables, columns, types, defaults and numbering to what the models say."""

import re
import time
from collections.abc import Iterator
from enum import Enum

from django.db.backends.utils import CursorWrapper

from hsl_dashboard.adoption.catalog import LiveColumn, same_default
from hsl_dashboard.adoption.locks import AdoptionFailed, briefly
from hsl_dashboard.adoption.step import BRIEF_LOCK, NO_LOCK, Step, Takeover
from hsl_dashboard.adoption.target import Column, Table
from hsl_dashboard.db import sql_value

NAIVE = "timestamp without time zone"
AWARE = "timestamp with time zone"
# PostgreSQL 12 and newer change the type without touching the rows while the session's zone is UTC.
UTC_NAMES = {"utc", "etc/utc", "gmt", "etc/gmt", "uct", "etc/uct", "zulu", "etc/zulu"}


class Fit(Enum):
    """How a column's type stands to what the models say."""

    SAME = "same"
    WIDER = "wider"  # holds all that the models can say: left alone
    ALIGN = "align"
    FOREIGN = "foreign"  # nothing that we would change behind the bot's back


def fit(live: str, wanted: str) -> Fit:
    """Judge a live type against the wanted one, both as PostgreSQL's format_type prints them."""
    if live == wanted:
        return Fit.SAME
    if (live, wanted) == (NAIVE, AWARE):
        return Fit.ALIGN
    if (live, wanted) == ("bigint", "integer"):
        return Fit.WIDER
    live_length, wanted_length = _text_length(live), _text_length(wanted)
    if live_length and wanted_length:
        return Fit.WIDER if live_length > wanted_length else Fit.ALIGN
    return Fit.FOREIGN


def _text_length(type_: str) -> float:
    """How many letters a text type holds; 0 for every other type."""
    if type_ in {"text", "character varying"}:
        return float("inf")
    match = re.fullmatch(r"character varying\((\d+)\)", type_)
    return float(match[1]) if match else 0


def table_steps(table: Table) -> Iterator[Step]:
    """Make the table if it is missing, then its columns."""
    yield Step(
        f"create table {table.name}",
        "the bot has not made it yet",
        NO_LOCK,
        lambda takeover: table.name not in takeover.catalog.tables,
        lambda takeover: takeover.briefly(f"create table {table.name}", table.create),
    )
    for column in table.columns:
        yield _add_column(table, column)


def _add_column(table: Table, column: Column) -> Step:
    name = f"add column {table.name}.{column.name}"
    sql = f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {column.definition}'
    return Step(
        name,
        "the bot's table lacks it",
        BRIEF_LOCK,
        # A table that is still to be made comes with all its columns.
        lambda takeover: (
            table.name in takeover.catalog.tables and (table.name, column.name) not in takeover.catalog.columns
        ),
        lambda takeover: takeover.briefly(name, sql),
        table=table.name,
    )


def alignment_steps(table: Table, *, naive_timezone: str) -> Iterator[Step]:
    """Types, then what depends on them: defaults, NULLs and numbering."""
    rewrites = naive_timezone.lower() not in UTC_NAMES
    yield Step(
        f"align types of {table.name}",
        f"dates without a zone become dates with one (they are {naive_timezone}); short texts get room",
        "table rewritten while locked" if rewrites else BRIEF_LOCK + ", no row is rewritten",
        lambda takeover: bool(_misfits(takeover, table)),
        lambda takeover: _align_types(takeover, table),
        table=table.name,
    )
    for column in table.columns:
        if column.default is not None:
            yield _set_default(table, column)
        if column.counts_by_itself:
            yield from _numbering_steps(table, column)
        elif column.nullable:
            yield _allow_null(table, column)
        else:
            yield _forbid_null(table, column)


def _misfits(takeover: Takeover, table: Table) -> list[Column]:
    live = takeover.catalog.columns
    return [
        column
        for column in table.columns
        if (found := live.get((table.name, column.name))) and fit(found.type, column.type) is Fit.ALIGN
    ]


def _align_types(takeover: Takeover, table: Table) -> None:
    misfits = _misfits(takeover, table)
    what = f"align types of {table.name}"
    if takeover.naive_timezone.lower() in UTC_NAMES:
        takeover.briefly(what, "SET LOCAL timezone = 'UTC'", _alter_types(table, misfits, using=None))
        return
    briefly(lambda cursor: _rewrite(cursor, takeover, table), what=what, limits=takeover.limits)


def _rewrite(cursor: CursorWrapper, takeover: Takeover, table: Table) -> None:
    """Rewrite the table locked, within the longest lock as a whole, and prove here that the rows stay the same.

    Every row gets a new version, so the comparison at the end could not tell whose it is.
    """
    zone = takeover.naive_timezone
    columns = takeover.catalog.columns_of(table.name)
    cursor.execute(f'LOCK TABLE "{table.name}" IN ACCESS EXCLUSIVE MODE')
    give_up_at = time.monotonic() + takeover.limits.longest_lock
    before = _content(cursor, table, columns, zone)
    left = max(1, round((give_up_at - time.monotonic()) * 1000))
    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{left}ms"])
    cursor.execute(_alter_types(table, _misfits(takeover, table), using=zone))
    after = _content(cursor, table, takeover_columns(table, columns), zone)
    if before != after:
        raise AdoptionFailed(f"align types of {table.name}: the rows would not be the same, so nothing was changed.")


def takeover_columns(table: Table, before: list[LiveColumn]) -> list[LiveColumn]:
    """Give the live columns as they are once their types fit."""
    wanted = {column.name: column.type for column in table.columns}
    return [
        LiveColumn(c.table, c.name, wanted[c.name], c.nullable, c.default, c.counts_by_itself)
        if c.name in wanted and fit(c.type, wanted[c.name]) is Fit.ALIGN
        else c
        for c in before
    ]


def _content(cursor: CursorWrapper, table: Table, columns: list[LiveColumn], zone: str) -> tuple[int, int]:
    cursor.execute("SET LOCAL timezone = 'UTC'")
    cursor.execute(f'SELECT count(*), coalesce(sum({row_hash(columns, zone)}::numeric), 0) FROM "{table.name}"')
    count, checksum = cursor.fetchone()
    return int(count), int(checksum)


def row_hash(columns: list[LiveColumn], naive_timezone: str) -> str:
    """SQL of a row's checksum, 64 bits, the same before and after its types are aligned, in a session in UTC."""
    return f"hashtextextended(ROW({', '.join(_comparable(column, naive_timezone) for column in columns)})::text, 0)"


def _comparable(column: LiveColumn, naive_timezone: str) -> str:
    if column.type == NAIVE:
        return f"\"{column.name}\" AT TIME ZONE '{naive_timezone}'"
    return f'"{column.name}"'


def _alter_types(table: Table, columns: list[Column], *, using: str | None) -> str:
    changes = []
    for column in columns:
        change = f'ALTER COLUMN "{column.name}" TYPE {column.type}'
        if using and column.type == AWARE:
            change += f" USING \"{column.name}\" AT TIME ZONE '{using}'"
        changes.append(change)
    return f'ALTER TABLE "{table.name}" {", ".join(changes)}'


def _set_default(table: Table, column: Column) -> Step:
    name = f"set default of {table.name}.{column.name}"

    def needed(takeover: Takeover) -> bool:
        live = takeover.catalog.columns.get((table.name, column.name))
        return live is not None and not same_default(live.default, column.default)

    sql = f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}" SET DEFAULT {column.default}'
    why = f"new rows without it get {column.default}"
    return Step(name, why, BRIEF_LOCK, needed, lambda takeover: takeover.briefly(name, sql))


def _allow_null(table: Table, column: Column) -> Step:
    name = f"allow NULL in {table.name}.{column.name}"

    def needed(takeover: Takeover) -> bool:
        live = takeover.catalog.columns.get((table.name, column.name))
        return live is not None and not live.nullable

    sql = f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}" DROP NOT NULL'
    return Step(name, "the models allow it", BRIEF_LOCK, needed, lambda takeover: takeover.briefly(name, sql))


def _forbid_null(table: Table, column: Column) -> Step:
    name = f"forbid NULL in {table.name}.{column.name}"
    check = f"{table.name}_{column.name}_filled"[:63]
    alter = f'ALTER TABLE "{table.name}"'

    def needed(takeover: Takeover) -> bool:
        live = takeover.catalog.columns.get((table.name, column.name))
        return live is not None and (live.nullable or takeover.catalog.constraint(table.name, check) is not None)

    def run(takeover: Takeover) -> None:
        # SET NOT NULL alone reads the whole table under its lock; with a valid CHECK it believes that.
        if takeover.catalog.constraint(table.name, check) is None:
            takeover.briefly(name, f'{alter} ADD CONSTRAINT "{check}" CHECK ("{column.name}" IS NOT NULL) NOT VALID')
        takeover.patiently(f'{alter} VALIDATE CONSTRAINT "{check}"')
        takeover.briefly(
            name, f'{alter} ALTER COLUMN "{column.name}" SET NOT NULL', f'{alter} DROP CONSTRAINT "{check}"'
        )

    return Step(name, "the models forbid it", BRIEF_LOCK + ", then read unlocked", needed, run, table=table.name)


def _numbering_steps(table: Table, column: Column) -> Iterator[Step]:
    number = f"number {table.name}.{column.name}"

    def has_no_counter(takeover: Takeover) -> bool:
        live = takeover.catalog.columns.get((table.name, column.name))
        return live is not None and not live.counts_by_itself

    def give_counter(takeover: Takeover) -> None:
        # A counter that belongs to the column and lost its DEFAULT is taken up again; a second one would confuse.
        counter = _counter(table, column)
        alter = f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}"'
        how = f"SET DEFAULT nextval('{counter}')" if counter else "ADD GENERATED BY DEFAULT AS IDENTITY"
        takeover.briefly(number, f"{alter} SET NOT NULL", f"{alter} {how}")

    yield Step(number, "the column does not count by itself", BRIEF_LOCK, has_no_counter, give_counter)

    advance = f"advance the numbering of {table.name}"

    def run_advance(takeover: Takeover) -> None:
        takeover.briefly(
            advance,
            # An INSERT locks the table before it draws a number, so nobody draws one meanwhile.
            f'LOCK TABLE "{table.name}" IN SHARE ROW EXCLUSIVE MODE',
            f'SELECT setval(\'{_counter(table, column)}\', (SELECT max("{column.name}") FROM "{table.name}"))',
        )

    def is_behind(takeover: Takeover) -> bool:
        return table.name in takeover.catalog.tables and _is_behind(table, column)

    yield Step(advance, "its next number is taken already", BRIEF_LOCK, is_behind, run_advance)


_COUNTER = r"""
    SELECT coalesce(pg_get_serial_sequence(%(table)s, %(column)s),
                    substring(pg_get_expr(d.adbin, d.adrelid) FROM 'nextval\(''([^'']+)'''))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE a.attrelid = %(table)s::regclass AND a.attname = %(column)s
"""


def _counter(table: Table, column: Column) -> str | None:
    """Name the sequence that numbers the column: its own, or the one that its DEFAULT draws from."""
    counter: str | None = sql_value(_COUNTER, {"table": f'"{table.name}"', "column": column.name})
    return counter or None


def _is_behind(table: Table, column: Column) -> bool:
    counter = _counter(table, column)
    if counter is None:
        return False
    return bool(
        sql_value(
            f'SELECT coalesce(max("{column.name}"), 0) > '
            f'(SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM {counter}) FROM "{table.name}"'
        )
    )
