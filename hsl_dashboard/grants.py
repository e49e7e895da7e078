"""Who may what in the database: the application adds to history and audit, and cannot change them.

The owner of the tables runs migrations and adoption. ``migrate`` keeps the grants of the application's role whenever
OWNER_DATABASE_URL says that there are two; ``check_grants`` proves them.
"""

from collections.abc import Iterator
from typing import Any

import pghistory.models
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Model
from psycopg import sql

from hsl_dashboard.db import run_sql

# Functions of the owner that may change history, and that nobody else may call.
OWNERS_FUNCTIONS = (
    "audit_erase_person(bigint, bigint, jsonb)",
    "audit_forget(timestamptz, integer)",
    "audit_retention(bigint, text, bigint, jsonb)",
)
EVERYTHING = {"SELECT", "INSERT", "UPDATE", "DELETE"}
# What writes into tables of ours on behalf of a role that may not: triggers, and pghistory's context.
WRITERS = """
    SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND (prorettype = 'trigger'::regtype OR proname = '_pgh_attach_context')
      AND NOT (prosecdef AND proconfig @> ARRAY['search_path=pg_catalog, public, pg_temp'])
    ORDER BY 1
"""


def is_protected(model: type[Model]) -> bool:
    """Whether the application only adds rows: history, its contexts, the audit."""
    return (
        issubclass(model, pghistory.models.Event | pghistory.models.Context) or model._meta.label == "users.AuditEntry"
    )


def keep_grants(**_kwargs: Any) -> None:
    """After ``migrate``: let triggers write as the owner, and give the application's role what it needs, no more."""
    for statement in writer_statements():
        run_sql(statement)
    role = settings.DATABASES["default"]["USER"]
    if settings.OWNER_DATABASE and role != connection.settings_dict["USER"]:
        if not run_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]):
            password = sql.Literal(settings.DATABASES["default"]["PASSWORD"])
            run_sql(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), password))
        for statement in grant_statements(role):
            run_sql(statement)


def writer_statements() -> list[str]:
    """What lets triggers write as the owner, whoever wrote the row."""
    return [
        f"ALTER FUNCTION {name} SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
        for (name,) in run_sql(WRITERS)
    ]


def grant_statements(role: str) -> list[str]:
    """What gives a role all that the application needs, and takes from it what it must not have."""
    quote = connection.ops.quote_name
    to, database = quote(role), quote(connection.settings_dict["NAME"])
    rights = _rights()
    tables, protected = (", ".join(map(quote, names)) for names in (rights, _protected(rights)))
    sequences = ", ".join(name for (name,) in run_sql(SEQUENCES, [list(rights)]))
    functions = ", ".join(_functions())
    return [
        f"GRANT CONNECT ON DATABASE {database} TO {to}",
        f"GRANT USAGE ON SCHEMA public TO {to}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {to}",
        f"REVOKE UPDATE, DELETE ON {protected} FROM {to}",
        f"REVOKE INSERT ON django_migrations FROM {to}",
        f"REVOKE TRUNCATE, TRIGGER, REFERENCES ON {tables} FROM {to}",
        f"GRANT USAGE, SELECT ON SEQUENCE {sequences} TO {to}",
        f"REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {functions} TO {to}",
    ]


def unprotected(role: str) -> list[str]:
    """Say in sentences what a role may that it should not, and what it lacks."""
    found = run_sql("SELECT rolsuper, rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = %s", [role])
    match found:
        case []:
            return [f"The role {role} does not exist."]
        case [(True, _)]:
            return [f"{role} is a superuser: it may change and delete everything, history and audit too."]
    powers = [f"{role} may make roles or databases."] if found[0][1] else []
    return [*powers, *_of_the_schema(role), *_of_tables(role), *_of_functions(role)]


def _of_the_schema(role: str) -> Iterator[str]:
    if owned := [name for (name,) in run_sql(OWNED, [role])]:
        yield f"{role} owns tables, or is a member of their owner: it may change and delete all of {', '.join(owned)}."
    if run_sql("SELECT 1 WHERE has_schema_privilege(%s, 'public', 'CREATE')", [role]):
        yield f"{role} may make tables and functions in the schema public: REVOKE CREATE ON SCHEMA public FROM PUBLIC."


def _of_tables(role: str) -> Iterator[str]:
    rights = _rights()
    for table, wanted in rights.items():
        has = {right for (right,) in run_sql(HAS, [role, table])}
        if has - wanted:
            yield f"{role} may {', '.join(sorted(has - wanted))} on {table}."
        if wanted - has:
            yield f"{role} lacks {', '.join(sorted(wanted - has))} on {table}."
    for (name,) in run_sql(SEQUENCES, [list(rights)]):
        if not run_sql("SELECT 1 WHERE has_sequence_privilege(%s, %s, 'USAGE')", [role, name]):
            yield f"{role} lacks USAGE on the sequence {name}."


def _of_functions(role: str) -> Iterator[str]:
    for name in _functions():
        if not run_sql("SELECT 1 WHERE has_function_privilege(%s, %s, 'EXECUTE')", [role, name]):
            yield f"{role} may not call {name}."
    for (name,) in run_sql(WRITERS):
        yield f"{name} does not write as the owner: a role without rights on our tables cannot write the bot's rows."


SEQUENCES = """
    SELECT s.oid::regclass::text
    FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
    JOIN pg_class t ON t.oid = d.refobjid
    WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i') AND t.relnamespace = 'public'::regnamespace
      AND t.relname = ANY (%s)
    ORDER BY 1
"""
OWNED = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND pg_has_role(%s, relowner, 'USAGE')
    ORDER BY 1
"""
HAS = """
    SELECT name FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS name
    WHERE has_table_privilege(%s, format('public.%%I', %s::text), name)
"""


def _rights() -> dict[str, set[str]]:
    """What the application needs on each table that is there."""
    models = apps.get_models(include_auto_created=True)
    rights = {
        model._meta.db_table: {"SELECT", "INSERT"} if is_protected(model) else EVERYTHING
        for model in models
        if not (issubclass(model, pghistory.models.Events) or model._meta.proxy)
    }
    there = {name for (name,) in run_sql("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")}
    return {name: rights[name] for name in sorted(rights) if name in there} | {"django_migrations": {"SELECT"}}


def _protected(rights: dict[str, set[str]]) -> list[str]:
    return [name for name, wanted in rights.items() if wanted != EVERYTHING]


def _functions() -> list[str]:
    return [name for name in OWNERS_FUNCTIONS if run_sql("SELECT 1 WHERE to_regprocedure(%s) IS NOT NULL", [name])]
