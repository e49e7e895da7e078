"""A migrated database that stays on the server: the tests begin with a copy of it, and do not migrate."""

import hashlib
from importlib import metadata
from importlib.resources import files

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from hsl_dashboard import db

PREFIX = "migrated_for_tests_"
ONE_AT_A_TIME = 5_318_008  # the advisory lock's number
# What writes the SQL of the operations, besides the migrations themselves.
WRITERS = ("django", "django-pgtrigger", "django-pghistory", "psycopg")


def migrated_database() -> str:
    """Name a database with all migrations and nothing else, made if these migrations have none yet."""
    login = {key: connection.settings_dict[key.upper()] for key in ("host", "port", "user", "password")}
    name = PREFIX + _digest()
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as server:
        # Held until the connection ends: other processes of this run wait for the same database.
        server.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        known = [row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()]
        if name not in known:
            for former in known:
                if former.startswith(PREFIX):
                    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(former)))
            unfinished = f"{PREFIX}unfinished"
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            with db.connected_to(connection.settings_dict | {"NAME": unfinished}):
                call_command("migrate", verbosity=0)
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
            )
    return name


def _digest() -> str:
    """Tell one state of all migrations from another: ours, those of others, and what writes their SQL."""
    state = hashlib.sha256(settings.TIME_ZONE.encode())
    for app in apps.get_app_configs():
        folder = files(app.module).joinpath("migrations")
        for file in sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else ():
            if file.name.endswith(".py"):
                state.update(file.name.encode() + file.read_bytes())
    state.update(files(db.__package__).joinpath("db.py").read_bytes())
    for package in WRITERS:
        state.update(metadata.version(package).encode())
    return state.hexdigest()[:16]
