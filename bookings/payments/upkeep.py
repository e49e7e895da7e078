"""Upkeep of the waiting payments: look at marked people again, rebuild the queue, compare it with its sources."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.core.cache import cache

from bookings.models import WaitingPayment
from bookings.models.waiting import PROOF_EVENTS
from hsl_dashboard.db import batches_of, run_sql, sql_value
from users.models import User

PEOPLE_AT_ONCE = 500  # people: looked at in well under a second
# Whom a page looks at before it is drawn, in some 10 ms; the rest waits for beat.
PEOPLE_OF_A_PAGE = 20
# Since when a payment waits whose waiting began at an unknown moment: the latest that waiting_payments_of gives.
UNDATED = datetime(2100, 1, 1, tzinfo=UTC)

DECIDE = "bookings.decide_payment"
BADGE = "payments-waiting"
BADGE_MOST = 1_000  # the navigation says «999+» beyond
BADGE_KEPT_FOR = 60 * 60  # seconds; beat counts every few seconds

EVERYBODY = f"""
    SELECT user_id FROM bookings WHERE confirmed = 1
    UNION SELECT user_id FROM events WHERE event_type IN {PROOF_EVENTS}
    UNION SELECT user_id FROM bookings_waitingpayment
"""  # noqa: S608 - names of ours
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
    FULL JOIN waiting_payments_of(%(people)s) AS found USING (booking_id)
    WHERE to_jsonb(kept) IS DISTINCT FROM to_jsonb(found) AND NOT EXISTS (
        SELECT FROM bookings_paymentmark AS p WHERE p.user_id IN (kept.user_id, found.user_id)
    ) AND NOT EXISTS (
        SELECT FROM counting_marks AS m WHERE m.user_id IN (kept.user_id, found.user_id) AND marks_of_payments(about)
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
    return int(sql_value("SELECT waiting_payments_fold(%s)", [at_most]))


def rebuild_payments(*, at: datetime) -> int:
    """Look at everybody again, batch by batch, while the bot keeps writing; return the number of people."""
    marked = f"INSERT INTO bookings_paymentmark (user_id) {EVERYBODY} RETURNING user_id"
    people = int(sql_value(f"WITH marked AS ({marked}) SELECT count(*) FROM marked"))  # noqa: S608 - the query above
    fold_payments(at=at)
    return people


def payments_differences() -> Iterator[tuple[int, str | None, str | None]]:
    """Give the bookings that the queue has wrong, with both versions; people who are marked are due, not wrong."""
    for people in batches_of(EVERYBODY, size=PEOPLE_AT_ONCE):
        yield from run_sql(DIFFERENCES, {"people": people})


def waiting_now() -> tuple[int, datetime | None]:
    """Count the payments that wait for somebody now, up to what the navigation says; and since when (one query)."""
    [(count, oldest)] = run_sql(WAITS_NOW, {"most": BADGE_MOST, "undated": UNDATED})
    return count, oldest if count else None


def remember_waiting() -> int:
    """Count what waits for the navigation, which never counts itself."""
    count, _oldest = waiting_now()
    cache.set(BADGE, count, BADGE_KEPT_FOR)
    return count


def known_waiting(user: User) -> int:
    """Give what was counted last; 0 for who may not decide."""
    return int(cache.get(BADGE) or 0) if user.has_perm(DECIDE) else 0
