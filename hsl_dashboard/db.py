"""What Django cannot say to PostgreSQL: the largest numbers, keys that cascade, light triggers, the owner's role."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import pgtrigger
from django.conf import settings
from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models.expressions import RawSQL
from django.db.models.query import ModelIterable, QuerySet
from pgtrigger import compiler
from psycopg.sql import Composable

LARGEST_BIGINT = 2**63 - 1
LARGEST_INTEGER = 2**31 - 1


def run_sql(query: str | Composable, params: Any = None) -> list[tuple[Any, ...]]:
    """Run a statement, and give its rows if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall()) if cursor.description else []


def sql_value(query: str, params: Any = None) -> Any:
    """Give the first value of the first row; None without a row."""
    return next((row[0] for row in run_sql(query, params)), None)


def batches_of(query: str, *, size: int) -> Iterator[list[int]]:
    """Walk the numbers that a query of one column gives, in their order; each batch is a query, so never stale."""
    last = -LARGEST_BIGINT - 1
    batch = f"""
        SELECT array_agg(number ORDER BY number) FROM (
            SELECT number FROM ({query}) AS numbers (number) WHERE number > %s ORDER BY number LIMIT %s
        ) AS batch
    """  # noqa: S608 - queries of ours
    while numbers := sql_value(batch, [last, size]):
        yield numbers
        last = numbers[-1]


def among(numbers: Iterable[int]) -> RawSQL:
    """Give numbers for ``__in`` as one parameter: five thousand of them cost the driver more than the database."""
    return RawSQL("SELECT unnest(%s::bigint[])", [as_array(numbers)])


def as_array(numbers: Iterable[int | None]) -> str:
    """Write an array of numbers as PostgreSQL reads it."""
    return f"{{{','.join('NULL' if number is None else str(number) for number in numbers)}}}"


OnDelete = Literal["CASCADE", "SET NULL", "RESTRICT"]


class DatabaseForeignKey(models.BaseConstraint):
    """The foreign key of ``field`` as a constraint that PostgreSQL enforces and cascades.

    Django deletes the rows below a row by itself, and so writes foreign keys without ON DELETE; the bot
    deletes with raw SQL, which must do the same. The model's field says ``db_constraint=False`` and
    ``on_delete=models.DO_NOTHING``; this constraint says the rest.
    """

    violation_error_message: ClassVar[str] = "The row this refers to does not exist."  # type: ignore[misc]

    def __init__(self, *, field: str, on_delete: OnDelete, name: str) -> None:
        super().__init__(name=name)
        self.field = field
        self.on_delete = on_delete

    def definition(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        """Give the SQL behind ``CONSTRAINT <name>``."""
        field = model._meta.get_field(self.field)
        assert isinstance(field, models.ForeignKey)
        quote = schema_editor.quote_name
        target, column = field.target_field, field.target_field.column
        assert column is not None
        return (
            f"FOREIGN KEY ({quote(field.column)}) "
            f"REFERENCES {quote(target.model._meta.db_table)} ({quote(column)}) ON DELETE {self.on_delete}"
        )

    # The stubs say that these give str; Django itself gives and takes a Statement, or None for "later".
    def constraint_sql(  # type: ignore[override]
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str | None:
        assert model is not None and schema_editor is not None
        # After the table, not in it: the referred table may be made by a later operation.
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return None

    def create_sql(  # type: ignore[override]
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement | None:
        assert model is not None and schema_editor is not None
        return self._alter("ADD CONSTRAINT %(name)s %(definition)s", model, schema_editor)

    def remove_sql(  # type: ignore[override]
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement | None:
        assert model is not None and schema_editor is not None
        return self._alter("DROP CONSTRAINT %(name)s", model, schema_editor)

    def _alter(self, change: str, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> Statement:
        return Statement(
            f"ALTER TABLE %(table)s {change}",
            table=Table(model._meta.db_table, editor.quote_name),
            name=editor.quote_name(self.name),
            definition=self.definition(model, editor),
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave the check to the database and to the field's own validation."""

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"field": self.field, "on_delete": self.on_delete}
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DatabaseForeignKey):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    __hash__ = models.BaseConstraint.__hash__


class LightTriggerSql(compiler.UpsertTriggerSql):
    """The SQL of a ``LightTrigger``; migrations refer to it, so a change of the template is a new class."""

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}()
            RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    IF TG_NAME = ANY (NULLIF(current_setting('pgtrigger.ignore', true), '')::text[]) THEN
                        IF TG_OP = 'DELETE' THEN
                            RETURN OLD;
                        END IF;
                        RETURN NEW;
                    END IF;
                    {func}
                END;
            $$ LANGUAGE plpgsql;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class LightTrigger(pgtrigger.Trigger):
    """A trigger for what the bot writes often.

    pgtrigger's own functions ask whether they are to be ignored in a block that raises and catches an error at each
    call: 25 to 30 µs, more than the whole work of a trigger that appends a row (2 to 5). These read the same setting.
    """

    def compile(self, model: type[models.Model]) -> compiler.Trigger:  # type: ignore[override]
        compiled = super().compile(model)  # type: ignore[arg-type]
        _path, args, kwargs = compiled.sql.deconstruct()
        del kwargs["hash"]
        return compiler.Trigger(name=compiled.name, sql=LightTriggerSql(*args, **kwargs))


def is_storable(text: str) -> bool:
    """Whether PostgreSQL takes a text: it knows neither NUL nor half a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def loose_scan(name: str, *, column: str, table: str, where: str = "true") -> str:
    """Write the query of the values that occur in an indexed column, each beside ``name``.

    It jumps from each value to the next larger one: SELECT DISTINCT would read every entry of the index.
    ``where`` is the condition of a partial index.
    """
    return f"""
        WITH RECURSIVE step AS (
            SELECT min({column}) AS code FROM {table} WHERE {where}
            UNION ALL
            SELECT (SELECT min({column}) FROM {table} WHERE {where} AND {column} > step.code)
            FROM step WHERE code IS NOT NULL
        ) SELECT '{name}', code FROM step WHERE code IS NOT NULL
    """  # noqa: S608 - columns of ours


@contextmanager
def as_owner() -> Iterator[None]:
    """Connect as the owner of the tables, which alone may change them; without OWNER_DATABASE_URL one role does all.

    The database stays the one that is connected to: a test's must not become the real one.
    """
    if not settings.OWNER_DATABASE:
        yield
        return
    with connected_to(
        {**connection.settings_dict, **settings.OWNER_DATABASE, "NAME": connection.settings_dict["NAME"]}
    ):
        yield


@contextmanager
def connected_to(database: dict[str, Any]) -> Iterator[None]:
    """Connect with other settings, and with the former ones afterwards."""
    before = connection.settings_dict
    _connect_with(database)
    try:
        yield
    finally:
        _connect_with(before)


def _connect_with(database: dict[str, Any]) -> None:
    connection.close()
    if connection.pool:  # type: ignore[attr-defined]  # of PostgreSQL's wrapper
        connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict = database


def count_together(rows: "Sequence[QuerySet[Any, Any]]") -> list[int]:
    """Count the rows of several querysets, in their order (one query)."""
    counts, params = [], list[Any]()
    for some in rows:
        plain = some.order_by()
        # Whole objects are counted by their keys: no join to what was to be shown with them.
        keys = plain.values("pk") if issubclass(plain._iterable_class, ModelIterable) else plain
        sql, values = keys.query.sql_with_params()
        counts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608 - texts that Django wrote
        params += values
    if not counts:
        return []
    [row] = run_sql(f"SELECT {', '.join(counts)}", params)
    return list(row)
