"""How long a server may be silent: one that is frozen takes every question, and does not watch its own limits."""

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

from hsl_dashboard.availability.limits import current

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]
else:
    Connection = psycopg.Connection

CHECK = 1.0  # seconds for the pool's question whether a connection lives


class PatientConnection(Connection):
    """A connection that is closed when no answer comes; what the server did, nobody knows then."""

    # Seconds instead of those of the work: of a transaction that outlasts its page (an export), or of a check.
    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for what psycopg asked, for ``timeout`` seconds or as long as the work may take.

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
        """Execute a statement; the empty one is asked by the pool before it gives the connection to somebody."""
        if query:
            return super().execute(query, *args, **options)
        self.patience = CHECK
        try:
            return super().execute(query, *args, **options)
        finally:
            self.patience = None
