"""A line in the log for each change of a booking that the dashboard makes: numbers alone, no names and no texts.

What the bot writes by itself stands in the audit.
"""

import logging

from django.db import transaction

logger = logging.getLogger(__name__)


def log_change(booking: int, what: str, *, by: int | None) -> None:
    """Say it once the transaction is committed; ``what`` names columns and statuses, never what staff typed."""
    fields = {"booking": booking, "by": by}
    transaction.on_commit(lambda: logger.info("Booking %s: %s, by %s", booking, what, by, extra=fields))
