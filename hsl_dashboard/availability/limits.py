"""How long a statement, a wait for a lock and an idle transaction may last: for a page, a worker, a command, an export.

The first statement of every transaction carries the limits (decision 16): settings of a session or a connection would
be lost, or reach somebody else, behind PgBouncer in transaction mode.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from hsl_dashboard.db import run_sql

if TYPE_CHECKING:
    from psycopg import ClientCursor

    Cursor = ClientCursor[Any]
else:
    from django.db.backends.postgresql.base import Cursor

# What can stand behind another statement in one message outside of a transaction; VACUUM, CREATE INDEX CONCURRENTLY and
# their like want to be alone.
_SHARES_A_MESSAGE = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|VALUES|TABLE|SHOW)\b", re.IGNORECASE)


GRACE = 2.0  # seconds


@dataclass(frozen=True)
class TimeLimits:
    """Seconds; 0 is without a limit."""

    statement: float
    lock: float
    idle: float  # between two statements of one transaction

    @cached_property
    def sql(self) -> str:
        """Three settings that end with the transaction; SET costs less than a SELECT of set_config."""
        return (
            f"SET LOCAL statement_timeout = {round(self.statement * 1000)}; "
            f"SET LOCAL lock_timeout = {round(self.lock * 1000)}; "
            f"SET LOCAL idle_in_transaction_session_timeout = {round(self.idle * 1000)}; "
        )

    @property
    def patience(self) -> float | None:
        """Seconds after which a silent server counts as gone: one that lives has ended the statement by then."""
        return self.statement + GRACE if self.statement else None


# A page says within five seconds that it cannot be had: a lock is waited for once, then the answer is 503.
PAGE = TimeLimits(statement=15, lock=3, idle=30)
WORKER = TimeLimits(statement=300, lock=15, idle=60)
# A browser may take its time over a long list, while the cursor stays open.
EXPORT = TimeLimits(statement=120, lock=3, idle=900)
# rebuild_statistics and migrations take what they need; adopt_database sets limits of its own.
COMMAND = TimeLimits(statement=0, lock=60, idle=600)
NONE = TimeLimits(statement=0, lock=0, idle=0)

_of_the_process = COMMAND
_of_the_work: ContextVar[TimeLimits | None] = ContextVar("limits", default=None)


def set_for_process(limits: TimeLimits) -> None:
    """What holds wherever nothing else is said."""
    global _of_the_process
    _of_the_process = limits


def current() -> TimeLimits:
    return _of_the_work.get() or _of_the_process


@contextmanager
def within(limits: TimeLimits) -> Iterator[None]:
    """Give the work inside limits of its own; NONE leaves the settings of the session alone."""
    token = _of_the_work.set(limits)
    try:
        yield
    finally:
        _of_the_work.reset(token)


@contextmanager
def transaction_within(limits: TimeLimits) -> Iterator[None]:
    """Open a transaction whose first statement may be one of a server-side cursor, which carries no limits.

    It may outlast the page that opened it: lines are read while a browser takes them.
    """
    with transaction.atomic():
        run_sql(limits.sql)
        server = connection.connection
        server.patience = limits.patience
        try:
            yield
        finally:
            server.patience = None


class LimitedCursor(Cursor):
    """Django's cursor, which sends the limits in one message with the first statement of a transaction."""

    def execute(self, query: Any, *args: Any, **options: Any) -> Self:
        limits = current()
        begins = limits is not NONE and self.connection.info.transaction_status is TransactionStatus.IDLE
        if begins and isinstance(query, str) and (not self.connection.autocommit or _SHARES_A_MESSAGE.match(query)):
            super().execute(limits.sql + query, *args, **options)
            # The answers to SET come first; pghistory and pgtrigger, which do the same, skip theirs alike.
            while self.nextset():
                pass
            return self
        super().execute(query, *args, **options)
        return self
