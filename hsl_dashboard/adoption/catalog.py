"""What the database has today, read from PostgreSQL's catalogs."""

import re
from dataclasses import dataclass

from hsl_dashboard.db import run_sql


@dataclass(frozen=True)
class LiveTable:
    name: str
    is_plain: bool
    owner: str
    may_alter: bool
    bytes: int
    rows: int  # about, as the planner takes them; 0 where nobody has counted yet


@dataclass(frozen=True)
class LiveColumn:
    table: str
    name: str
    type: str
    nullable: bool
    default: str | None
    counts_by_itself: bool


@dataclass(frozen=True)
class LiveConstraint:
    """``kind`` is PostgreSQL's letter: p primary key, u unique, f foreign key, c check."""

    table: str
    name: str
    kind: str
    columns: tuple[str, ...]
    refers_to: str | None
    on_delete: str
    validated: bool


@dataclass(frozen=True)
class LiveIndex:
    table: str
    name: str
    valid: bool
    unique: bool
    whole: bool  # plain columns, every row: neither an expression nor a WHERE
    columns: tuple[str, ...]
    definition: str  # CREATE INDEX …, as PostgreSQL writes it


@dataclass(frozen=True)
class LiveTrigger:
    table: str
    name: str
    hash: str | None


@dataclass(frozen=True)
class Catalog:
    """The bot's tables as they are at one moment."""

    tables: dict[str, LiveTable]
    columns: dict[tuple[str, str], LiveColumn]
    constraints: list[LiveConstraint]
    indexes: list[LiveIndex]
    triggers: list[LiveTrigger]

    def constraint(self, table: str, name: str) -> LiveConstraint | None:
        return next((c for c in self.constraints if (c.table, c.name) == (table, name)), None)

    def index(self, name: str) -> LiveIndex | None:
        return next((i for i in self.indexes if i.name == name), None)

    def trigger(self, table: str, name: str) -> LiveTrigger | None:
        return next((t for t in self.triggers if (t.table, t.name) == (table, name)), None)

    def columns_of(self, table: str) -> list[LiveColumn]:
        return [column for column in self.columns.values() if column.table == table]


_MINE = "n.nspname = current_schema() AND c.relname = ANY(%(tables)s)"

_TABLES = f"""
    SELECT c.relname, c.relkind IN ('r', 'p'), pg_get_userbyid(c.relowner),
           pg_has_role(c.relowner, 'USAGE'), pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_MINE} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_COLUMNS = f"""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid), a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%'
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE {_MINE} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
"""
_CONSTRAINTS = f"""
    SELECT c.relname, k.conname, k.contype,
           ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u(num, place)
                 JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.conrelid, u.num) ORDER BY u.place)::text[],
           r.relname, k.confdeltype, k.convalidated
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class r ON r.oid = k.confrelid
    WHERE {_MINE}
"""
_INDEXES = f"""
    SELECT c.relname, i.relname, x.indisvalid, x.indisunique, x.indpred IS NULL AND x.indexprs IS NULL,
           ARRAY(SELECT a.attname FROM unnest(x.indkey::int2[]) WITH ORDINALITY u(num, place)
                 JOIN pg_attribute a ON (a.attrelid, a.attnum) = (x.indrelid, u.num) ORDER BY u.place)::text[],
           pg_get_indexdef(x.indexrelid)
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class i ON i.oid = x.indexrelid
    WHERE {_MINE}
"""
_TRIGGERS = f"""
    SELECT c.relname, t.tgname, obj_description(t.oid, 'pg_trigger')
    FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_MINE} AND NOT t.tgisinternal AND t.tgenabled <> 'D'
"""
# Letters of pg_constraint.confdeltype.
_ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", " ": ""}


def read_catalog(tables: list[str]) -> Catalog:
    """Read what there is of ``tables`` in the schema that the connection works in."""
    asked = {"tables": tables}
    columns = [LiveColumn(*row) for row in run_sql(_COLUMNS, asked)]
    return Catalog(
        tables={row[0]: LiveTable(*row) for row in run_sql(_TABLES, asked)},
        columns={(column.table, column.name): column for column in columns},
        constraints=[
            LiveConstraint(table, name, kind, tuple(names), refers_to, _ON_DELETE[on_delete], validated)
            for table, name, kind, names, refers_to, on_delete, validated in run_sql(_CONSTRAINTS, asked)
        ],
        indexes=[
            LiveIndex(table, name, valid, unique, whole, tuple(names), definition)
            for table, name, valid, unique, whole, names, definition in run_sql(_INDEXES, asked)
        ],
        triggers=[LiveTrigger(*row) for row in run_sql(_TRIGGERS, asked)],
    )


def same_default(live: str | None, wanted: str | None) -> bool:
    """Whether two defaults mean the same: the bot says now() where Django says CURRENT_TIMESTAMP."""
    return _plain(live) == _plain(wanted)


def same_index(live: str, wanted: str) -> bool:
    """Whether two definitions make the same index, whatever its name and however each is written."""
    return _bare(live) == _bare(wanted)


def _bare(definition: str) -> str:
    """What an index is over, without its name and all that PostgreSQL and Django write differently."""
    kind, _on, what = definition.partition(" ON ")
    kind = "unique" if "UNIQUE" in kind else "plain"
    what = re.sub(r"::[a-z ]+(\(\d+\))?|\bpublic\.|\bUSING btree\b", "", what)
    return kind + re.sub(r'[\s"()]', "", what).lower()


def _plain(default: str | None) -> str | None:
    if default is None:
        return None
    without_casts = re.sub(r"::[a-z ]+(\(\d+\))?", "", default).strip()
    while without_casts.startswith("(") and without_casts.endswith(")"):
        without_casts = without_casts[1:-1]
    if without_casts.lower() in {"now()", "current_timestamp", "transaction_timestamp()"}:
        return "now()"
    return without_casts if without_casts.startswith("'") else without_casts.lower()
