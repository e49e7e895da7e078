"""Upkeep of the moments of confirmation: fill them anew, and compare them with the record they come from."""

from collections.abc import Iterator

from hsl_dashboard.db import batches_of, run_sql, sql_value

BOOKINGS_AT_ONCE = 5_000  # bookings: a batch is written in well under a second


def rebuild_confirmations() -> int:
    """Find every moment anew, batch by batch, while the bot keeps writing; return the number of confirmed bookings."""
    # Those that are confirmed, and those that have a moment and no right to it.
    both_sides = "SELECT id FROM bookings WHERE confirmed = 2 UNION SELECT booking_id FROM bookings_confirmation"
    for numbers in batches_of(both_sides, size=BOOKINGS_AT_ONCE):
        run_sql("SELECT confirmation_keep(b) FROM unnest(%s::integer[]) AS b", [numbers])
    return int(sql_value("SELECT count(*) FROM bookings_confirmation"))


def confirmation_differences() -> Iterator[tuple[int, str, str]]:
    """Yield booking, kept and found moment wherever they differ; one statement, so both sides see the same rows."""
    differences = run_sql("""
        SELECT COALESCE(k.booking_id, f.id), k.confirmed_at::text, f.moment::text
        FROM bookings_confirmation AS k FULL JOIN (
            SELECT b.id, confirmation_moment(b.id, b.created_at) AS moment FROM bookings AS b WHERE b.confirmed = 2
        ) AS f ON f.id = k.booking_id
        WHERE k.booking_id IS NULL OR f.id IS NULL OR k.confirmed_at IS DISTINCT FROM f.moment
        ORDER BY 1
    """)
    for number, kept, found in differences:
        yield number, str(kept), str(found)
