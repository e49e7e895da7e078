"""Upkeep of the counts of bookings: rows of one count put together, filled anew, and compared with the bookings."""

from collections.abc import Iterator

from django.db import transaction

from bookings.models.triggers import COUNT_INTO, counted_parts
from hsl_dashboard.db import run_sql, sql_value

LOCK = 0x636F756E74  # among the advisory locks: one process puts together at a time
OF_BOOKINGS = counted_parts((1, "bookings"))
# One statement: it takes the rows that it sees and writes their sum, and what others add meanwhile stays beside it.
FOLD = f"""
    WITH several AS (
        SELECT part, course_id, key, status FROM bookings_bookingcount GROUP BY 1, 2, 3, 4
        HAVING count(*) > 1 OR sum(number) = 0
    ), taken AS (
        DELETE FROM bookings_bookingcount AS c USING several AS s
        WHERE c.part = s.part AND c.key = s.key
            AND c.course_id IS NOT DISTINCT FROM s.course_id AND c.status IS NOT DISTINCT FROM s.status
        RETURNING c.part, c.course_id, c.key, c.status, c.number
    )
    {COUNT_INTO} SELECT part, course_id, key, status, sum(number) FROM taken GROUP BY 1, 2, 3, 4
    HAVING sum(number) <> 0
"""  # noqa: S608 - texts of ours
# One statement again: a booking that it does not see has added nothing that it deletes.
REBUILD = f"WITH gone AS (DELETE FROM bookings_bookingcount) {COUNT_INTO} {OF_BOOKINGS}"  # noqa: S608 - as above
DIFFERENCES = f"""
    WITH counted (part, course_id, key, status, number) AS ({OF_BOOKINGS}),
    kept AS (
        SELECT part, course_id, key, status, sum(number) AS number FROM bookings_bookingcount GROUP BY 1, 2, 3, 4
        HAVING sum(number) <> 0
    )
    SELECT 'kept', wrong.* FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS wrong
    UNION ALL
    SELECT 'counted', wrong.* FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS wrong
"""  # noqa: S608 - texts of ours


def fold_booking_counts() -> None:
    """Put the rows of each count together, unless somebody else is at it."""
    _alone(FOLD)


def rebuild_booking_counts() -> int:
    """Count all bookings anew while the bot keeps writing; return how many counts there are."""
    _alone(REBUILD, wait=True)
    return int(sql_value("SELECT count(*) FROM bookings_bookingcount"))


def booking_count_differences() -> Iterator[str]:
    """Say which counts differ from the bookings, a sentence each; one statement, so both sides see the same rows."""
    for side, part, course_id, key, status, number in run_sql(DIFFERENCES):
        yield f"bookings_bookingcount: {part} {course_id} “{key}” status {status} {side}: {number}"


def _alone(query: str, *, wait: bool = False) -> None:
    with transaction.atomic():
        if wait:
            run_sql("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        elif not sql_value("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]):
            return
        run_sql(query)
