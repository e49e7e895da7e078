"""An embedded database that another chain of migrations has made: recognised, and begun anew."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def begin_anew_if_outdated(url: str) -> str:
    """Drop and create the embedded database at ``url`` if it was migrated by files that are gone; say so.

    Only for the servers of this clone: what is in them are demo and test data. Gives "" when nothing was done.
    """
    gone = migrations_that_are_gone(url)
    if not gone:
        return ""
    address = urlsplit(url)
    name = address.path.removeprefix("/")
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return (
        f"The database {name} in .local was made by migrations that are no longer there ({gone[0]}, for one): "
        "it has been dropped and begins anew."
    )


def migrations_that_are_gone(url: str) -> list[str]:
    """Migrations that the database at ``url`` has and this clone has not, as ``app.name``."""
    on_disk = {(path.parts[-3], path.stem) for path in PROJECT_ROOT.glob("*/migrations/[0-9]*.py")}
    ours = {app for app, _ in on_disk}
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
            return []
        applied = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return [f"{app}.{name}" for app, name in applied if app in ours and (app, name) not in on_disk]
