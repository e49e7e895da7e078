"""How a change is made to a table that the bot is writing to: never in its way for long."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from hsl_dashboard.db import run_sql, sql_value

T = TypeVar("T")

# While we wait for a lock, whoever comes after us waits too. PostgreSQL looks for deadlocks after 1 s
# (deadlock_timeout): giving up earlier makes us the one that yields, never the bot.
LOCK_TIMEOUT = 0.5  # seconds
PAUSE = 0.5  # seconds between two attempts, in which the bot's queue drains
# A number of our own, so that two takeovers of one database exclude each other.
ADVISORY_LOCK = 0x48534C41444F5054


class AdoptionFailed(Exception):
    """The takeover cannot go on; the text says why, and what to do."""


@dataclass(frozen=True)
class Patience:
    """``longest_lock``: seconds for which a step may keep the bot out; ``patience``: seconds to try for a lock."""

    longest_lock: float = 1.0
    patience: float = 600.0


class _TryAgain(Exception):
    """Somebody was in the way; nothing was written."""


def briefly(change: Callable[[CursorWrapper], None], *, what: str, limits: Patience) -> None:
    """Run ``change`` in one short transaction, again and again until the locks it needs are free.

    Raises:
        AdoptionFailed: the locks were not free within ``limits.patience``, or the change takes longer than
            ``limits.longest_lock``; nothing of it was written.
    """

    def attempt() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true),"
                " set_config('idle_in_transaction_session_timeout', %s, true)",
                # Should this machine freeze with a lock in hand, the server takes it back.
                [_ms(LOCK_TIMEOUT), _ms(LOCK_TIMEOUT + limits.longest_lock), _ms(1 + limits.longest_lock)],
            )
            change(cursor)

    again(attempt, what=what, limits=limits)


def patiently(sql: str, *, limits: Patience) -> None:
    """Run what takes long and blocks no writer: CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT."""
    with session_settings(lock_timeout=_ms(limits.patience), statement_timeout="0"), connection.cursor() as cursor:
        cursor.execute(sql)


def again(attempt: Callable[[], T], *, what: str, limits: Patience) -> T:
    """Repeat ``attempt`` while others hold the locks that it needs; give what it gives.

    Raises:
        AdoptionFailed: they still do after ``limits.patience`` seconds; names them.
    """
    give_up_at: float | None = None  # from the first refusal on: what an attempt works before it is no waiting
    while True:
        try:
            with _yielding(what, limits):
                return attempt()
        except _TryAgain:
            now = time.monotonic()
            give_up_at = now + limits.patience if give_up_at is None else give_up_at
            if now > give_up_at:
                raise AdoptionFailed(
                    f"{what}: other sessions held the table for {limits.patience:g} s ({_long_transactions()}). "
                    "End them, or wait until they are done, and run this command again: it goes on from here."
                ) from None
            _send_autovacuum_away()
            time.sleep(PAUSE)


def _send_autovacuum_away() -> None:
    """Have PostgreSQL cancel an autovacuum that holds a table of ours: we give up too early for it to notice us.

    It does so for whoever has waited for deadlock_timeout. The lock asked for here is the one that maintenance holds,
    so that waiting for it keeps no reader and no writer out.
    """
    busy = run_sql(
        "SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " WHERE l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid() AND c.relkind = 'r'"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND c.relnamespace = 'public'::regnamespace"
    )
    for (table,) in busy:
        # Not cancelled: it prevents wraparound, or somebody's own VACUUM. Then we just go on waiting.
        with contextlib.suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', (SELECT setting::int + 500 FROM pg_settings"
                " WHERE name = 'deadlock_timeout') || 'ms', true)"
            )
            cursor.execute(f'LOCK TABLE "{table}" IN SHARE UPDATE EXCLUSIVE MODE')


@contextmanager
def _yielding(what: str, limits: Patience) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise _TryAgain from error
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise AdoptionFailed(
                f"{what}: this takes longer than the {limits.longest_lock:g} s for which the bot may be kept waiting, "
                "so it was taken back. Stop the bot and run this command again with --longest-lock 60: "
                "it goes on from here."
            ) from error
        raise


@contextmanager
def session_settings(**settings: str) -> Iterator[None]:
    """Set PostgreSQL's settings of this session for what is run inside."""
    before = {name: sql_value("SELECT current_setting(%s)", [name]) for name in settings}
    _set_session(settings)
    try:
        yield
    finally:
        if connection.is_usable():
            _set_session(before)


def _set_session(settings: dict[str, str]) -> None:
    for name, value in settings.items():
        sql_value("SELECT set_config(%s, %s, false)", [name, value])


def _ms(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _concurrent_statements_wait(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    # CONCURRENTLY waits for old transactions without blocking writers: the short lock_timeout is not for it.
    if not re.match(r"\s*(CREATE|DROP)\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY", str(sql), re.IGNORECASE):
        return execute(sql, params, many, context)
    with session_settings(lock_timeout="0", statement_timeout="0"):
        return execute(sql, params, many, context)


@contextmanager
def short_waits() -> Iterator[None]:
    """Give up on any lock after LOCK_TIMEOUT inside, but for statements that block nobody."""
    with (
        session_settings(lock_timeout=_ms(LOCK_TIMEOUT), statement_timeout="0"),
        connection.execute_wrapper(_concurrent_statements_wait),
    ):
        yield


@contextmanager
def one_at_a_time(*, wait: float) -> Iterator[None]:
    """Keep a second takeover out, also the server's end of one that was killed a moment ago.

    Raises:
        AdoptionFailed: another one is at work, and was for ``wait`` seconds.
    """
    give_up_at = time.monotonic() + wait
    while not sql_value(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})"):
        if time.monotonic() > give_up_at:
            raise AdoptionFailed("Another adopt_database is at work on this database. Wait until it is done.")
        time.sleep(PAUSE)
    try:
        yield
    finally:
        if connection.is_usable():
            sql_value(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")


def _long_transactions() -> str:
    rows = run_sql(
        "SELECT pid, usename, coalesce(application_name, ''), round(extract(epoch FROM now() - xact_start))"
        " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND xact_start < now() - interval '1 second' ORDER BY xact_start LIMIT 3"
    )
    return "; ".join(f"process {pid} of {user} {name}, for {age} s" for pid, user, name, age in rows) or "now gone"
