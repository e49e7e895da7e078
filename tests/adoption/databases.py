"""Databases of the bot for tests: made from the dump, read in the raw, and taken over in this process."""

import contextlib
import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import OutputWrapper
from django.db import connections

from hsl_dashboard.adoption.locks import Patience
from hsl_dashboard.adoption.run import adopt
from hsl_dashboard.adoption.step import Step

DUMP = Path(__file__).parent.parent / "data" / "bot_database.sql.gz"
BOT_TABLES = [
    "users", "courses", "bookings", "referral_coupons", "referral_usage", "events", "free_lesson_registrations",
    "message_history", "message_recipients", "blocked_users", "hackathon_registrations",
]  # fmt: skip

LAST_OF_THE_TABLES = "check key message_recipients_user_id_fkey"
PATIENT = Patience(patience=20)


@dataclass
class Database:
    """A database of this test's own, reached as any program would reach it."""

    name: str
    user: str = ""  # who connects, if not the tests' own role; the password of such a role is "x"

    @property
    def settings(self) -> dict[str, Any]:
        server = {**connections.settings["default"], "NAME": self.name}
        return server | {"USER": self.user, "PASSWORD": "x"} if self.user else server

    @property
    def conninfo(self) -> str:
        keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
        return psycopg.conninfo.make_conninfo(**{key: self.settings[name] for key, name in keys.items()})

    @property
    def url(self) -> str:
        server = connections.settings["default"]
        return f"postgres://{server['USER']}:{server['PASSWORD']}@{server['HOST']}:{server['PORT']}/{self.name}"

    @contextmanager
    def connected(self, **options: Any) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Connect as the bot does: a driver, no Django, every statement by itself."""
        with psycopg.connect(self.conninfo, autocommit=True, **options) as connection:
            yield connection

    def run(self, *statements: str) -> None:
        with self.connected() as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, sql: str, params: Any = None) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            return connection.execute(sql, params).fetchall()

    def value(self, sql: str, params: Any = None) -> Any:
        return self.rows(sql, params)[0][0]

    def load_dump(self) -> None:
        self.run(gzip.decompress(DUMP.read_bytes()).decode())

    @contextmanager
    def as_default(self) -> Iterator[None]:
        """Let Django's default connection be one to this database."""
        before = connections["default"]
        connections["default"] = type(before)(before.settings_dict | self.settings, "default")
        try:
            yield
        finally:
            connections["default"].close()
            connections["default"] = before

    def adopt(
        self,
        *,
        dry_run: bool = False,
        naive_timezone: str = "UTC",
        limits: Patience = PATIENT,
        after_step: Callable[[Step], None] = lambda step: None,
    ) -> str:
        """Run the takeover in this process and give what it printed."""
        out = StringIO()
        with self.as_default():
            adopt(
                dry_run=dry_run,
                naive_timezone=naive_timezone,
                limits=limits,
                stdout=OutputWrapper(out),
                after_step=after_step,
            )
        return out.getvalue()

    def adopt_tables(self, *, naive_timezone: str = "UTC") -> None:
        """Bring the bot's tables to their target and leave the migrations alone, which take most of the time."""

        def stop(step: Step) -> None:
            if step.name == LAST_OF_THE_TABLES:
                raise TablesAreDone

        with contextlib.suppress(TablesAreDone):
            self.adopt(naive_timezone=naive_timezone, after_step=stop)


class TablesAreDone(Exception):
    pass


def contents(database: Database, *, before: "dict[str, list[str]] | None" = None) -> dict[str, tuple[int, str]]:
    """Count and checksum every table of the bot, by SQL that shares nothing with the command's own."""
    result = {}
    with database.connected() as connection:
        connection.execute("SET timezone = 'UTC'")
        for table in BOT_TABLES:
            names = before[table] if before else columns_of(database)[table]
            texts = ", ".join(f"to_jsonb({_as_text(name)})" for name in names)
            row = connection.execute(
                f"SELECT count(*), md5(coalesce(string_agg(line, '|' ORDER BY line), '')) FROM"
                f" (SELECT md5(jsonb_build_array({texts})::text) AS line FROM {table}) lines"
            ).fetchone()
            assert row is not None
            result[table] = (row[0], row[1])
    return result


def _as_text(name: str) -> str:
    # The dump's dates without a zone are UTC: the same moment must come out whatever the type.
    moments = {"first_seen_at", "updated_at"}
    return f"{name}::timestamptz" if name in moments else name


def columns_of(database: Database) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {table: [] for table in BOT_TABLES}
    for table, column in database.rows(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = ANY(%s) ORDER BY 1, ordinal_position",
        [BOT_TABLES],
    ):
        columns[table].append(column)
    return columns


def start(database: Database) -> "subprocess.Popen[str]":
    """Start the command as an operator does: a process of its own, with the production settings' connection pool."""
    environment = os.environ | {
        "DATABASE_POOL": "true",
        "DATABASE_URL": database.url,
        "DJANGO_SETTINGS_MODULE": "hsl_dashboard.settings",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "adopt_database"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
