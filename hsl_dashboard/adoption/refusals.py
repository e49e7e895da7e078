"""What is looked at before anything is changed: whose database this is, our rights, and rows in the way."""

from collections.abc import Iterator

from hsl_dashboard.adoption.columns import Fit, fit
from hsl_dashboard.adoption.keys import is_held_unique
from hsl_dashboard.adoption.locks import AdoptionFailed
from hsl_dashboard.adoption.step import Takeover
from hsl_dashboard.adoption.target import ForeignKey, Table, Unique
from hsl_dashboard.db import run_sql, sql_value

OLDEST_SERVER = 14
# Without these it is not the bot's database; the other tables can be missing on an old one.
SURELY_THE_BOTS = {
    "courses": {"id", "name"},
    "bookings": {"id", "user_id", "course_id", "confirmed", "course_stream", "created_at"},
    "events": {"id", "user_id", "event_type", "details", "created_at"},
}
# The public bot makes no table of people: then it is made here, from those whom the other tables name. But where there
# is one, it must be the bot's.
IF_THERE = {"users": {"user_id", "username", "first_name"}}


def refuse_strangers(takeover: Takeover) -> None:
    """Stop if this is not a database that can be taken over at all.

    Raises:
        AdoptionFailed: says which of server, database, rights or time zone is wrong.
    """
    _refuse_server()
    _refuse_database(takeover)
    _refuse_rights(takeover)
    _refuse_timezone(takeover.naive_timezone)


def _refuse_server() -> None:
    [(version, recovering, schema)] = run_sql(
        "SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), current_schema()"
    )
    if version < OLDEST_SERVER:
        raise AdoptionFailed(f"This server is PostgreSQL {version}. The dashboard needs {OLDEST_SERVER} or newer.")
    if recovering:
        raise AdoptionFailed("This server is a read-only replica. Set DATABASE_URL to the primary.")
    if schema != "public":
        raise AdoptionFailed(f"This connection works in the schema {schema!r}. The bot's tables are in public.")


def _refuse_database(takeover: Takeover) -> None:
    catalog = takeover.catalog
    if not catalog.tables:
        raise AdoptionFailed(
            "This database has none of the bot's tables. For a new database run: manage.py migrate. "
            "To take over the bot's, set DATABASE_URL to it."
        )
    for table, columns in {**IF_THERE, **SURELY_THE_BOTS}.items():
        if table in IF_THERE and table not in catalog.tables:
            continue
        lacking = sorted(columns - {column.name for column in catalog.columns_of(table)})
        if table not in catalog.tables or lacking:
            what = f"{table} has no {', '.join(lacking)}" if table in catalog.tables else f"it has no table {table}"
            raise AdoptionFailed(f"This is not the bot's database: {what}. Set DATABASE_URL to the bot's.")
    for live in catalog.tables.values():
        if not live.is_plain:
            raise AdoptionFailed(f"{live.name} is not a plain table here, but a view or a foreign table.")


def _refuse_rights(takeover: Takeover) -> None:
    """One role must own all of it: we work as the owner of ``bookings``, and what it makes the bot must reach."""
    me = sql_value("SELECT current_user")
    tables = takeover.catalog.tables.values()
    foreign = sorted(table.name for table in tables if not table.may_alter)
    if foreign:
        owners = sorted({table.owner for table in tables if not table.may_alter})
        raise AdoptionFailed(
            f"{me} may not change {', '.join(foreign)}. Let the owner grant it: "
            + " ".join(f'GRANT "{owner}" TO "{me}";' for owner in owners)
        )
    owner = takeover.catalog.tables["bookings"].owner
    for table in tables:
        if not sql_value("SELECT pg_has_role(%s, %s, 'USAGE')", [owner, table.owner]):
            raise AdoptionFailed(
                f"bookings belongs to {owner}, and {table.name} to {table.owner}. One role must own all of the bot's "
                f'tables: ALTER TABLE "{table.name}" OWNER TO "{owner}";'
            )
    if not sql_value("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [owner]):
        raise AdoptionFailed(
            f"{owner}, who owns the bot's tables and will own ours, may not create any: "
            f'GRANT CREATE ON SCHEMA public TO "{owner}";'
        )
    _refuse_shut_out_writers(owner)


def _refuse_shut_out_writers(owner: str) -> None:
    """Our triggers write our tables as whoever writes the bot's: who may not, could write neither any more."""
    rows = run_sql(
        "SELECT rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper"
        " AND has_table_privilege(oid, 'public.bookings', 'INSERT') AND NOT pg_has_role(oid, %s, 'USAGE')"
        " ORDER BY rolname",
        [owner],
    )
    if rows:
        grants = " ".join(f'GRANT "{owner}" TO "{role}";' for (role,) in rows)
        raise AdoptionFailed(
            f"{', '.join(role for (role,) in rows)} writes the bot's tables without belonging to {owner}, who will own "
            f"the new ones. Its writes would fail, since triggers write both. First run: {grants}"
        )


def _refuse_timezone(name: str) -> None:
    if not run_sql("SELECT 1 FROM pg_timezone_names WHERE lower(name) = lower(%s)", [name]):
        raise AdoptionFailed(f"PostgreSQL knows no time zone {name!r}. Examples: UTC, Europe/Moscow.")


def obstacles(takeover: Takeover) -> list[str]:
    """Name every row or column that a step would stumble over, each with its cure; nothing is deleted for it."""
    found = []
    for table in takeover.tables:
        if table.name in takeover.catalog.tables:
            found += [*_column_obstacles(takeover, table), *_key_obstacles(takeover, table)]
    return found


def _column_obstacles(takeover: Takeover, table: Table) -> Iterator[str]:
    live = {column.name: column for column in takeover.catalog.columns_of(table.name)}
    for column in table.columns:
        found = live.get(column.name)
        if found is None:
            if not column.nullable and column.default is None and _count(f'SELECT 1 FROM "{table.name}" LIMIT 1'):
                yield (
                    f"{table.name} has no column {column.name}, and nobody can know it for the rows that are there. "
                    f'Add it and fill it: ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {column.type};'
                )
        elif fit(found.type, column.type) is Fit.FOREIGN:
            yield (
                f"{table.name}.{column.name} is {found.type}, not {column.type}. Changing that rewrites the table, so "
                f"choose a quiet moment: "
                f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}" TYPE {column.type} '
                f'USING "{column.name}"::{column.type};'
            )
        elif found.nullable and not column.nullable:
            empty = _count(f'SELECT 1 FROM "{table.name}" WHERE "{column.name}" IS NULL')
            if empty:
                yield f"{table.name}.{column.name} is NULL in {empty} rows. Fill them in, or delete those rows."


def _key_obstacles(takeover: Takeover, table: Table) -> Iterator[str]:
    if not any(c.table == table.name and c.kind == "p" for c in takeover.catalog.constraints):
        yield (f'{table.name} has no primary key: ALTER TABLE "{table.name}" ADD PRIMARY KEY ("{table.primary_key}");')
    columns = {column.name for column in takeover.catalog.columns_of(table.name)}
    for unique in table.uniques:
        if set(unique.columns) <= columns and not is_held_unique(takeover.catalog, unique):
            yield from _duplicates(unique)
    for key in table.foreign_keys:
        if not key.is_of_a_person and key.column in columns and key.refers_to in takeover.catalog.tables:
            yield from _orphans(key)


def _duplicates(unique: Unique) -> Iterator[str]:
    filled = " AND ".join(f'"{column}" IS NOT NULL' for column in unique.columns)
    groups = run_sql(
        f'SELECT ROW({unique.column_list})::text, array_agg(id ORDER BY id) FROM "{unique.table}"'
        f" WHERE {filled} GROUP BY {unique.column_list} HAVING count(*) > 1 ORDER BY 1 LIMIT 10"
    )
    for values, ids in groups:
        yield (
            f"{unique.table} has {len(ids)} rows with the same ({', '.join(unique.columns)}) = {values}: "
            f"id {', '.join(map(str, ids))}. Keep one: DELETE FROM {unique.table} WHERE id IN "
            f"({', '.join(map(str, ids[1:]))});"
        )


def _orphans(key: ForeignKey) -> Iterator[str]:
    orphans = (
        f'FROM "{key.table}" t WHERE "{key.column}" IS NOT NULL AND NOT EXISTS'
        f' (SELECT FROM "{key.refers_to}" r WHERE r."{key.referred_column}" = t."{key.column}")'
    )
    missing = run_sql(f'SELECT "{key.column}", count(*) {orphans} GROUP BY 1 ORDER BY 1 LIMIT 10')
    for value, count in missing:
        yield (
            f"{count} rows of {key.table} have {key.column} = {value}, which {key.refers_to} does not have. "
            f"Add that row to {key.refers_to}, or correct them: SELECT * FROM {key.table} WHERE {key.column} = {value};"
        )


def _count(sql: str) -> int:
    return int(sql_value(f"SELECT count(*) FROM ({sql}) found"))
