"""Upkeep of the counts of recipients: rows of one message put together, filled anew, compared with the recipients."""

from collections.abc import Iterator

from django.db import transaction

from hsl_dashboard.db import run_sql, sql_value
from messaging.models.triggers import COUNT_INTO, counted_recipients

LOCK = "hashtextextended('recipient_counts', 0)"  # among the advisory locks: one process puts together at a time
OF_RECIPIENTS = counted_recipients((1, "message_recipients"))
FOLDED_INTO = COUNT_INTO.replace("number)", "number, is_folded)")
# One statement: it takes the rows that it sees and writes their sum, and what others add meanwhile stays beside it.
FOLD = f"""
    WITH taken AS (
        DELETE FROM messaging_recipientcount
        WHERE message_id IN (SELECT message_id FROM messaging_recipientcount WHERE NOT is_folded) RETURNING *
    )
    {FOLDED_INTO} SELECT message_id, state, reason, minute, sum(number), true FROM taken GROUP BY 1, 2, 3, 4
    HAVING sum(number) <> 0
"""  # noqa: S608 - texts of ours
# One statement again: a recipient that it does not see has added nothing that it deletes.
REBUILD = f"""
    WITH gone AS (DELETE FROM messaging_recipientcount)
    {FOLDED_INTO} SELECT counted.*, true FROM ({OF_RECIPIENTS}) AS counted
"""  # noqa: S608 - as above
DIFFERENCES = f"""
    WITH counted AS ({OF_RECIPIENTS}),
    kept AS (
        SELECT message_id, state, reason, minute, sum(number) AS number FROM messaging_recipientcount
        GROUP BY 1, 2, 3, 4 HAVING sum(number) <> 0
    )
    SELECT 'kept', wrong.* FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS wrong
    UNION ALL
    SELECT 'counted', wrong.* FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS wrong
"""  # noqa: S608 - as above


def fold_recipient_counts() -> None:
    """Put the rows of each message together that has new ones, unless somebody else is at it."""
    _alone(FOLD)


def rebuild_recipient_counts() -> int:
    """Count all recipients anew while messages are sent; return how many counts there are."""
    _alone(REBUILD, wait=True)
    return int(sql_value("SELECT count(*) FROM messaging_recipientcount"))


def recipient_count_differences() -> Iterator[str]:
    """Say which counts differ from the recipients, a sentence each; one statement, so both sides see the same rows."""
    for side, message, state, reason, minute, number in run_sql(DIFFERENCES):
        yield f"message {message}: {state} “{reason}” {minute or ''} {side}: {number}"


def _alone(query: str, *, wait: bool = False) -> None:
    with transaction.atomic():
        if wait:
            run_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        elif not sql_value(f"SELECT pg_try_advisory_xact_lock({LOCK})"):
            return
        run_sql(query)
