"""Upkeep of the moments of confirmation: fill them anew, and compare them with the record they come from."""

from collections.abc import Iterator

from django.db import connection

BOOKINGS_AT_ONCE = 5_000  # bookings: a batch is written in well under a second


def rebuild_confirmations() -> int:
    """Find every moment anew, batch by batch, while the bot keeps writing; return the number of confirmed bookings."""
    last = 0
    while numbers := _next(last):
        with connection.cursor() as cursor:
            cursor.execute("SELECT confirmation_keep(b) FROM unnest(%s::integer[]) AS b", [numbers])
        last = numbers[-1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bookings_confirmation")
        return int(cursor.fetchone()[0])


def confirmation_differences() -> Iterator[tuple[int, str, str]]:
    """Yield booking, kept and found moment wherever they differ; one statement, so both sides see the same rows."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT COALESCE(k.booking_id, f.id), k.confirmed_at::text, f.moment::text
            FROM bookings_confirmation AS k FULL JOIN (
                SELECT b.id, confirmation_moment(b.id, b.created_at) AS moment FROM bookings AS b WHERE b.confirmed = 2
            ) AS f ON f.id = k.booking_id
            WHERE k.booking_id IS NULL OR f.id IS NULL OR k.confirmed_at IS DISTINCT FROM f.moment
            ORDER BY 1
        """)
        for number, kept, found in cursor.fetchall():
            yield number, str(kept), str(found)


def _next(last: int) -> list[int]:
    """Give the next numbers of bookings that are confirmed, or that have a moment and no right to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM ("
            " SELECT id FROM bookings WHERE confirmed = 2 AND id > %(last)s"
            " UNION SELECT booking_id FROM bookings_confirmation WHERE booking_id > %(last)s"
            ") AS both_sides (id) ORDER BY id LIMIT %(size)s) AS batch",
            {"last": last, "size": BOOKINGS_AT_ONCE},
        )
        return cursor.fetchone()[0] or []
