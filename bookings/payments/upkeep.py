"""Upkeep of the waiting payments: look at marked people again, rebuild the queue, compare it with its sources."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.core.cache import cache
from django.db import connection, transaction

from bookings.models import WaitingPayment
from bookings.models.waiting import PROOF_EVENTS
from users.models import User

PEOPLE_AT_ONCE = 500  # people: looked at in well under a second
# Whom a page looks at before it is drawn, in some 10 ms; the rest waits for beat.
PEOPLE_OF_A_PAGE = 20
# The bot writes a proof a moment before or after the status change that goes with it.
AROUND = "interval '10 minutes'"
# A payment whose waiting began at an unknown moment stands behind all others: nobody can say that it waits longest.
UNDATED = datetime(2100, 1, 1, tzinfo=UTC)
# The bot's dates can be anything: one outside these limits counts as unknown.
EARLIEST, LATEST = "timestamptz '2000-01-01 00:00+00'", f"timestamptz '{UNDATED:%Y-%m-%d %H:%M}+00'"

DECIDE = "bookings.decide_payment"
BADGE = "payments-waiting"
BADGE_MOST = 1_000  # the navigation says «999+» beyond
BADGE_KEPT_FOR = 60 * 60  # seconds; beat counts every few seconds

# Which bookings of %(people)s wait, and since when. One that is pending waits since it became so; what staff took back
# goes on as if nobody had decided. Another waits since the first proof after its last change; a cancelled one only
# where its person has nothing newer, and the moment of the cancelling is known.
WAITING = f"""
    SELECT b.id AS booking_id, b.user_id, b.confirmed AS status,
        CASE WHEN found.since > {EARLIEST} AND found.since < {LATEST} THEN found.since ELSE {LATEST} END AS since,
        LEAST(GREATEST(found.proof_at, {EARLIEST}), {LATEST}) AS proof_at
    FROM bookings AS b
    LEFT JOIN LATERAL (
        SELECT c.changed_at, c.is_new FROM bookings_bookingchange AS c
        WHERE c.booking_id = b.id AND c.undone_at IS NULL ORDER BY c.id DESC LIMIT 1
    ) AS last ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.confirmed = 1 THEN COALESCE(
            (
                SELECT CASE WHEN c.is_new THEN COALESCE(b.created_at, c.changed_at) ELSE c.changed_at END
                FROM bookings_bookingchange AS c
                WHERE c.booking_id = b.id AND c.status = 1 AND c.undone_at IS NULL
                    AND NOT (COALESCE(c.was IN (2, -1), false) AND c.changed_by_id IS NOT NULL)
                ORDER BY c.id DESC LIMIT 1
            ),
            (
                SELECT max(e.created_at) FROM events AS e
                WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = b.id::text
                    AND e.details->>'new_status' = '1'
            ),
            b.created_at
        ) WHEN last.is_new IS FALSE THEN last.changed_at
        WHEN b.confirmed = -1 THEN (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = b.id::text
        ) ELSE b.created_at END AS at
        OFFSET 0  -- or it would be worked out anew wherever it is named
    ) AS moved
    CROSS JOIN LATERAL (
        SELECT min(e.created_at) AS first_at, max(e.created_at) AS last_at FROM events AS e
        WHERE e.user_id = b.user_id AND e.event_type IN {PROOF_EVENTS}
            AND e.created_at > CASE WHEN b.confirmed = 1 THEN moved.at - {AROUND} ELSE moved.at END
    ) AS proof
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.confirmed = 1 THEN moved.at ELSE proof.first_at END AS since, proof.last_at AS proof_at
    ) AS found
    WHERE b.user_id = ANY (%(people)s) AND b.confirmed IS DISTINCT FROM 2
        AND (b.confirmed = 1 OR proof.first_at IS NOT NULL)
        AND (b.confirmed IS DISTINCT FROM -1 OR NOT EXISTS (
            SELECT FROM bookings AS o
            WHERE o.user_id = b.user_id AND o.id <> b.id AND (o.id > b.id OR o.confirmed IS DISTINCT FROM -1)
        ))
"""  # noqa: S608 - expressions of ours
# A new proof brings a payment back that somebody has put off, or asked about. One whose decision was undone is no news.
# One statement sees the marks and what they stand for at one moment: a mark that arrives later stays for the next look.
# It begins when the one before it has the lock: what the last holder wrote is seen.
FOLD = f"""
    SELECT set_config('bookings.folds_payments',
        pg_try_advisory_xact_lock(hashtextextended('fold_payments', 0))::text, true);
    WITH taken AS (
        DELETE FROM bookings_paymentmark
        WHERE current_setting('bookings.folds_payments') = 'true'
            AND user_id IN (SELECT DISTINCT user_id FROM bookings_paymentmark LIMIT %(most)s)
        RETURNING user_id
    ), marked AS MATERIALIZED (
        SELECT array_agg(DISTINCT user_id) AS people FROM taken
    ), found AS MATERIALIZED (
        {WAITING.replace("%(people)s", "(SELECT people FROM marked)::bigint[]")}
    ), forgotten AS (
        DELETE FROM bookings_waitingpayment AS w
        WHERE w.user_id = ANY ((SELECT people FROM marked)::bigint[])
            AND NOT EXISTS (SELECT FROM found WHERE found.booking_id = w.booking_id)
    ), kept AS (
        INSERT INTO bookings_waitingpayment AS w (booking_id, user_id, status, since, proof_at, came_at)
        SELECT found.*, CASE WHEN last.undone_at IS NULL THEN statement_timestamp()
            ELSE LEAST(found.since, statement_timestamp()) END
        FROM found
        LEFT JOIN LATERAL (
            SELECT c.undone_at FROM bookings_bookingchange AS c
            WHERE c.booking_id = found.booking_id ORDER BY c.id DESC LIMIT 1
        ) AS last ON true
        ON CONFLICT (booking_id) DO UPDATE SET
            user_id = EXCLUDED.user_id, status = EXCLUDED.status, since = EXCLUDED.since, proof_at = EXCLUDED.proof_at,
            put_off_until = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.put_off_until END,
            answered_at = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.answered_at END,
            came_at = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.came_at
                ELSE statement_timestamp() END
        WHERE (w.user_id, w.status, w.since, w.proof_at)
            IS DISTINCT FROM (EXCLUDED.user_id, EXCLUDED.status, EXCLUDED.since, EXCLUDED.proof_at)
    )
    SELECT CASE WHEN current_setting('bookings.folds_payments') = 'true' THEN COALESCE(cardinality(people), 0)
        ELSE -1 END
    FROM marked
"""  # noqa: S608 - the query above
EVERYBODY = f"""
    SELECT user_id FROM bookings WHERE confirmed = 1
    UNION SELECT user_id FROM events WHERE event_type IN {PROOF_EVENTS}
    UNION SELECT user_id FROM bookings_waitingpayment
"""  # noqa: S608 - names of ours
NEXT_PEOPLE = f"""
    SELECT array_agg(user_id ORDER BY user_id) FROM (
        SELECT user_id FROM ({EVERYBODY}) AS everybody WHERE user_id > %s ORDER BY user_id LIMIT %s
    ) AS batch
"""  # noqa: S608 - the query above
# Each booking is looked up by its number: a join would read all of them for the first thousand.
COUNT = """(SELECT count(*) FROM (
        SELECT FROM bookings_waitingpayment AS w
        WHERE {} AND (SELECT b.confirmed IS NOT DISTINCT FROM w.status FROM bookings AS b WHERE b.id = w.booking_id)
        LIMIT %(most)s
    ) AS counted)"""
OPEN = "w.put_off_until IS NULL AND w.answered_at IS NULL"
WAITS_NOW = f"""
    SELECT {COUNT.format(OPEN)},
        (SELECT min(w.since) FROM bookings_waitingpayment AS w WHERE {OPEN} AND w.since < %(undated)s)
"""  # noqa: S608 - conditions of ours
COLUMNS = "booking_id, user_id, status, since, proof_at"
DIFFERENCES = f"""
    SELECT booking_id, kept::text, found::text
    FROM (SELECT {COLUMNS} FROM bookings_waitingpayment WHERE user_id = ANY (%(people)s)) AS kept
    FULL JOIN ({WAITING}) AS found USING (booking_id)
    WHERE to_jsonb(kept) IS DISTINCT FROM to_jsonb(found) AND NOT EXISTS (
        SELECT FROM bookings_paymentmark AS p WHERE p.user_id IN (kept.user_id, found.user_id)
    )
"""  # noqa: S608 - the query above


def fold_payments(*, at: datetime) -> None:
    """Look at everybody who is marked, unless somebody else is at it, and bring back what was put off until now."""
    while fold_some_payments(PEOPLE_AT_ONCE) > 0:
        pass
    WaitingPayment.objects.filter(put_off_until__lte=at).update(put_off_until=None)
    remember_waiting()


def fold_some_payments(at_most: int = PEOPLE_OF_A_PAGE) -> int:
    """Look at some of the marked people; return how many, or -1 while somebody else does it."""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(FOLD, {"most": at_most})
        while cursor.nextset():  # the lock's answer, and the time limits'
            pass
        return int(cursor.fetchone()[0])


def rebuild_payments(*, at: datetime) -> int:
    """Look at everybody again, batch by batch, while the bot keeps writing; return the number of people."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO bookings_paymentmark (user_id) {EVERYBODY}")
        people = int(cursor.rowcount)
    fold_payments(at=at)
    return people


def payments_differences() -> Iterator[tuple[int, str | None, str | None]]:
    """Give the bookings that the queue has wrong, with both versions; people who are marked are due, not wrong."""
    last = -(2**63)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(NEXT_PEOPLE, [last, PEOPLE_AT_ONCE])
            people = cursor.fetchone()[0]
            if not people:
                return
            cursor.execute(DIFFERENCES, {"people": people})
            yield from cursor.fetchall()
        last = people[-1]


def waiting_now() -> tuple[int, datetime | None]:
    """Count the payments that wait for somebody now, up to what the navigation says; and since when (one query)."""
    with connection.cursor() as cursor:
        cursor.execute(WAITS_NOW, {"most": BADGE_MOST, "undated": UNDATED})
        count, oldest = cursor.fetchone()
        return count, oldest if count else None


def remember_waiting() -> int:
    """Count what waits for the navigation, which never counts itself."""
    count, _oldest = waiting_now()
    cache.set(BADGE, count, BADGE_KEPT_FOR)
    return count


def known_waiting(user: User) -> int:
    """Give what was counted last; 0 for who may not decide."""
    return int(cache.get(BADGE) or 0) if user.has_perm(DECIDE) else 0
