"""Counts and checksums of every row before and after, so that nobody has to believe that none was lost."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection, transaction

from hsl_dashboard.adoption.catalog import LiveColumn
from hsl_dashboard.adoption.columns import row_hash, takeover_columns
from hsl_dashboard.adoption.step import Takeover
from hsl_dashboard.adoption.target import Table
from hsl_dashboard.db import run_sql

MODULO = 1 << 64
CHUNK = 5000  # rows a fetch


@dataclass
class Rows:
    """A table's rows by primary key: three numbers a row, 24 bytes, also for a million events."""

    keys: "array[int]" = field(default_factory=lambda: array("q"))
    hashes: "array[int]" = field(default_factory=lambda: array("q"))
    # The transaction that wrote the row's version: no step of ours changes it without its own proof.
    writers: "array[int]" = field(default_factory=lambda: array("q"))

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return zip(self.keys, self.hashes, self.writers, strict=True)


@dataclass(frozen=True)
class Snapshot:
    """What one table held at one moment, over the columns that it had when the run began."""

    columns: list[LiveColumn]
    rows: Rows


@dataclass
class Comparison:
    """One table, before and after. ``checksum_*`` run over the rows that were there and that nobody else changed."""

    table: str
    before: int = 0
    kept: int = 0
    changed_by_others: int = 0
    added: int = 0
    lost: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    checksum_before: int = 0
    checksum_after: int = 0

    @property
    def is_whole(self) -> bool:
        return not self.lost and not self.damaged and self.checksum_before == self.checksum_after


def take_snapshots(takeover: Takeover) -> dict[str, Snapshot]:
    """Read every table that is there."""
    present = [table for table in takeover.tables if table.name in takeover.catalog.tables]
    return {table.name: _snapshot(takeover, table, takeover.catalog.columns_of(table.name)) for table in present}


def compare(takeover: Takeover, before: dict[str, Snapshot]) -> list[Comparison]:
    """Read every table again and compare row by row."""
    return [_compare(takeover, table, before.get(table.name)) for table in takeover.tables]


def _snapshot(takeover: Takeover, table: Table, columns: list[LiveColumn]) -> Snapshot:
    rows = Rows()
    key = table.primary_key
    sql = (
        f'SELECT "{key}", {row_hash(columns, takeover.naive_timezone)}, xmin::text::bigint '
        f'FROM "{table.name}" ORDER BY "{key}"'
    )
    with transaction.atomic():
        run_sql("SET LOCAL timezone = 'UTC'")
        with connection.chunked_cursor() as cursor:
            cursor.execute(sql)
            while chunk := cursor.fetchmany(CHUNK):
                for number, row_checksum, writer in chunk:
                    rows.keys.append(number)
                    rows.hashes.append(row_checksum)
                    rows.writers.append(writer)
    return Snapshot(columns, rows)


def _compare(takeover: Takeover, table: Table, before: Snapshot | None) -> Comparison:
    result = Comparison(table.name)
    # Columns that came later are not compared; types that were aligned give the same text.
    columns = takeover_columns(table, before.columns) if before else takeover.catalog.columns_of(table.name)
    after = iter(_snapshot(takeover, table, columns).rows)
    found = next(after, None)
    for key, hash_before, writer_before in before.rows if before else ():
        result.before += 1
        while found and found[0] < key:
            result.added += 1
            found = next(after, None)
        if found and found[0] == key:
            _judge(result, key, (hash_before, writer_before), found[1:])
            found = next(after, None)
        else:
            result.lost.append(key)
    result.added += (found is not None) + sum(1 for _ in after)
    return result


def _judge(result: Comparison, key: int, before: tuple[int, int], after: tuple[int, ...]) -> None:
    (hash_before, writer_before), (hash_after, writer_after) = before, after
    if hash_before != hash_after and writer_before != writer_after:
        result.changed_by_others += 1
        return
    if hash_before != hash_after:
        result.damaged.append(key)
    else:
        result.kept += 1
    result.checksum_before = (result.checksum_before + hash_before) % MODULO
    result.checksum_after = (result.checksum_after + hash_after) % MODULO


def as_table(comparisons: list[Comparison]) -> str:
    """Print the comparison, a line a table."""
    head = f"{'table':28}{'before':>9}{'kept':>9}{'changed':>9}{'lost':>6}{'new':>7}  {'checksum before':18}after"
    lines = [
        f"{c.table:28}{c.before:9}{c.kept:9}{c.changed_by_others:9}{len(c.lost) + len(c.damaged):6}{c.added:7}"
        f"  {c.checksum_before:016x}  {c.checksum_after:016x}"
        for c in comparisons
    ]
    return "\n".join([head, *lines])
