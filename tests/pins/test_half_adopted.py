"""The bot on a half-adopted database: after each step of adoption and each migration, every statement works as before.

Adoption runs once. After each of its steps, and after each migration within them, the bot does all that it can do,
about people whom nobody knows, in a transaction that is rolled back; at the end it does so for good.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db.migrations.executor import MigrationExecutor
from django.db.transaction import on_commit
from psycopg import sql

from tests import bot
from tests.adoption.databases import BOT_TABLES, Database, columns_of

PERSON = 9_100_000_000
PEOPLE = 10  # from PERSON on, whom the bot's statements are about

# A whole takeover, on a machine that may have other things to do.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def live(django_db_blocker: Any) -> Iterator[Database]:
    """A database of the bot, as the dump has it."""
    name = f"pins_half_adopted_{os.getpid()}"
    with django_db_blocker.unblock(), psycopg.connect(Database("postgres").conninfo, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            Database(name).load_dump()
            yield Database(name)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class RecordingBot(psycopg.Connection[tuple[Any, ...]]):
    """A bot that notes how many rows each of its statements touched."""

    counts: list[tuple[str, int]]

    def execute(self, query: Any, params: Any = None, **options: Any) -> psycopg.Cursor[tuple[Any, ...]]:
        cursor = super().execute(query, params, **options)
        self.counts.append((query, cursor.rowcount))
        return cursor


@dataclass(frozen=True)
class Outcome:
    """What the bot sees of its work: the rows that its statements touched, and those it reads back."""

    counts: list[tuple[str, int]]
    written: dict[str, list[tuple[Any, ...]]]
    left: dict[str, list[tuple[Any, ...]]]


class Rollback(Exception):
    pass


@dataclass(frozen=True)
class Work:
    """Everything that the bot does, on one connection that stays open all the time, as the bot's does."""

    connection: RecordingBot
    columns: dict[str, list[str]]  # of the dump: what the bot knows

    def tried(self) -> tuple[Outcome, int]:
        """Do it all in a transaction that is rolled back; give the outcome, and how many people it had made."""
        try:
            with self.connection.transaction():
                done = self.done()
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                raise Rollback
        except Rollback:
            return done

    def done(self) -> tuple[Outcome, int]:
        counts: list[tuple[str, int]] = []
        self.connection.counts = counts
        for act in (*bot.everything(self.connection, PERSON), *bot.corrections(self.connection, PERSON)):
            act()
        written, people = self._read(), self._people()
        for act in bot.deletions(self.connection, PERSON):
            act()
        # How many people are deleted depends on how many a trigger has made.
        said = [(text, count) for text, count in counts if not text.startswith(("DELETE FROM users", "SELECT"))]
        return Outcome(said, written, self._read()), people

    def _people(self) -> int:
        row = self.connection.execute(
            "SELECT count(*) FROM users WHERE user_id >= %s AND user_id < %s", [PERSON, PERSON + PEOPLE]
        ).fetchone()
        assert row is not None
        return row[0]

    def _read(self) -> dict[str, list[tuple[Any, ...]]]:
        return {table: self._rows(table) for table in BOT_TABLES if table not in {"courses", "users"}}

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        """The rows of these people as the bot knows them; numbers and moments that differ each time by being there."""
        described = {
            column: f"{column} IS NOT NULL" if _differs(column) else f"{column}::text" for column in self.columns[table]
        }
        if table == "events":
            described["details"] = "(CASE jsonb_typeof(details) WHEN 'object' THEN details - 'booking_id' END)::text"
        theirs = {
            "referral_coupons": "created_by >= %s",
            "message_history": "id IN (SELECT message_id FROM message_recipients WHERE user_id >= %s)",
        }
        return self.connection.execute(
            f"SELECT {', '.join(described.values())} FROM {table} WHERE {theirs.get(table, 'user_id >= %s')}"
            f" ORDER BY {', '.join(str(place + 1) for place in range(len(described)))}",
            [PERSON],
        ).fetchall()


def _differs(column: str) -> bool:
    return column == "id" or column.endswith(("_at", "coupon_id", "booking_id", "message_id"))


@pytest.fixture
def after_each_migration(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], None]], None]:
    """Have something called after each migration, when it is committed."""

    def call(what: Callable[[str], None]) -> None:
        record: Any = MigrationExecutor.record_migration  # its stub takes no executor

        def record_and_call(executor: MigrationExecutor, migration: Any) -> None:
            record(executor, migration)
            on_commit(lambda: what(f"migration {migration}"))

        monkeypatch.setattr(MigrationExecutor, "record_migration", record_and_call)

    return call


def test_the_bot_does_all_it_can_after_each_step_of_adoption(live, after_each_migration):
    known = columns_of(live)
    after: dict[str, int] = {}
    with RecordingBot.connect(live.conninfo, autocommit=True) as connection:
        work = Work(connection, known)
        connection.counts = []
        before, people = work.tried()
        # Whoever upserts themselves; the dump's database makes nobody else.
        assert people == 3
        assert before.written["bookings"]
        assert not any(before.left.values())

        def try_again(step: str) -> None:
            try:
                outcome, after[step] = work.tried()
            except psycopg.Error as error:
                error.add_note(f"after {step}")
                raise
            assert outcome == before, f"after {step}"

        after_each_migration(try_again)
        live.adopt(after_step=lambda step: try_again(step.name))
        outcome, people = work.done()

    assert outcome == before
    assert people == PEOPLE
    # Once all of them are made, they always are.
    made = list(after.values())
    assert sorted(made) == made
    assert len(after) > 60  # some fifty steps, and the migrations
