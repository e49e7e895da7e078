"""How long a connection waits for its server: one that is frozen takes every query and forgets its own limits."""

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

from hsl_dashboard.availability.limits import current

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]
else:
    Connection = psycopg.Connection

CHECK = 1.0  # seconds for the pool's check that a connection works


class PatientConnection(Connection):
    """A connection that closes itself when the server does not answer; whether the server did the work is unknown."""

    # Seconds that replace the limit of the current work: an export outlasts its page, a check has less time.
    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server's answer, for ``timeout`` seconds or as long as the work may take.

        Raises:
            OperationalError: the server was silent.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience or current().patience)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise errors.OperationalError("the server was silent, so the connection was closed") from None

    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        """Execute a statement; the empty one is the pool's check before it hands the connection out."""
        if query:
            return super().execute(query, *args, **options)
        self.patience = CHECK
        try:
            return super().execute(query, *args, **options)
        finally:
            self.patience = None
