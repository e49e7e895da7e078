"""The sums of money by day: kept in ``bookings_moneyday``, exact at every moment, compared with their sources.

Triggers mark the days whose money has changed. A page sums the marked days itself and takes the rest from the table;
beat sums them for everybody. A changed price marks all days.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from bookings.models import MoneyDay, MoneyMark
from bookings.money.statistics import Key, Sums
from hsl_dashboard.db import run_sql, sql_value
from hsl_dashboard.web.days import Days
from hsl_dashboard.web.side_writes import SideWrite, write_beside

DAYS_AT_ONCE = 50
DAYS_OF_A_PAGE = 3  # marked days that a page sums for all that follow, most often one: today
LIVE_DAYS = 40  # marked days that a page sums itself: some 1 ms each in a large school
COLUMNS = """
    day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced, confirmed, discount
"""
ALL_DAYS = """
    SELECT money_day(received_at) FROM bookings_payment UNION SELECT money_day(confirmed_at) FROM bookings_confirmation
    UNION SELECT day FROM bookings_moneyday
"""
# Whole months from their own rows, less the marked days in them; other days one by one; marked days as they are now.
SUMS = """
    WITH marked AS MATERIALIZED (
        SELECT DISTINCT day FROM bookings_moneymark WHERE NOT everything LIMIT %(live)s
    )
    SELECT money.course_id, money.key, money.currency, sum(money.received), sum(money.refunded), sum(money.payments),
        sum(money.expected), sum(money.bookings), sum(money.unpriced), sum(money.discount)
    FROM (
        SELECT day, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced, discount,
            payments + confirmed AS rows
        FROM bookings_moneyday
        WHERE part = %(month_part)s AND day >= %(months)s AND day < %(months_end)s
        UNION ALL
        SELECT day, course_id, key, currency, -received, -refunded, -payments, -expected, -bookings, -unpriced,
            -discount, -payments - confirmed
        FROM bookings_moneyday
        WHERE part = %(part)s AND day IN (SELECT day FROM marked) AND day >= %(months)s AND day < %(months_end)s
        UNION ALL
        SELECT day, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced, discount,
            payments + confirmed
        FROM bookings_moneyday
        WHERE part = %(part)s AND COALESCE(day, 'infinity') NOT IN (SELECT COALESCE(day, 'infinity') FROM marked)
            AND (day < %(months)s OR day >= %(months_end)s OR day IS NULL)
        UNION ALL
        SELECT marked.day, m.course_id, m.key, m.currency, m.received, m.refunded, m.payments, m.expected, m.bookings,
            m.unpriced, m.discount, m.payments + m.confirmed
        FROM marked CROSS JOIN LATERAL money_of_day(marked.day) AS m WHERE m.part = %(part)s
    ) AS money
    WHERE {conditions}
    GROUP BY 1, 2, 3 HAVING sum(money.rows) > 0
"""
# Whether all days wait to be summed again, and which of some days do.
MARKED = """
    WITH recounted AS MATERIALIZED (SELECT EXISTS (SELECT FROM bookings_moneymark WHERE everything) AS is_so),
    marked AS MATERIALIZED (
        SELECT DISTINCT day FROM bookings_moneymark
        WHERE NOT everything AND day BETWEEN %(first)s AND %(last)s LIMIT %(live)s
    )
"""
# Confirmed bookings of some days by {columns}, as the column {kept} counts them; while all days wait to be summed again
# those of the rows for which {rows} is true.
CONFIRMED = f"""{MARKED}
    SELECT {{columns}}, sum(number)::integer FROM (
        SELECT day, course_id, key AS stream, {{kept}} AS number FROM bookings_moneyday
        WHERE NOT (SELECT is_so FROM recounted) AND part = 'stream' AND day BETWEEN %(first)s AND %(last)s
            AND day NOT IN (SELECT day FROM marked)
        UNION ALL
        SELECT marked.day, m.course_id, m.key, m.{{kept}}
        FROM marked CROSS JOIN LATERAL money_of_day(marked.day) AS m
        WHERE NOT (SELECT is_so FROM recounted) AND m.part = 'stream'
        UNION ALL
        SELECT money_day(c.confirmed_at), b.course_id, COALESCE(b.course_stream, ''), 1
        FROM bookings_confirmation AS c JOIN bookings AS b ON b.id = c.booking_id AND b.confirmed = 2
        WHERE (SELECT is_so FROM recounted) AND c.confirmed_at >= %(begins)s AND c.confirmed_at < %(ends)s
            AND {{rows}}
    ) AS confirmed
    GROUP BY {{columns}} HAVING sum(number) > 0
"""  # noqa: S608 - texts of ours
NO_PAYMENT = "NOT EXISTS (SELECT FROM bookings_payment AS p WHERE p.booking_id = b.id)"
# How many have no payment, and when the first of them was confirmed: on the first day that has any.
UNRECORDED = f"""
    WITH per_day AS ({CONFIRMED.format(columns="day", kept="bookings", rows=NO_PAYMENT)})
    SELECT COALESCE(sum(sum), 0)::integer, (
        SELECT min(c.confirmed_at) FROM bookings_confirmation AS c JOIN bookings AS b ON b.id = c.booking_id
        WHERE c.confirmed_at >= (SELECT min(day) FROM per_day)::timestamp AT TIME ZONE 'Europe/Moscow'
            AND c.confirmed_at < (SELECT min(day) + 1 FROM per_day)::timestamp AT TIME ZONE 'Europe/Moscow'
            AND b.confirmed = 2 AND {NO_PAYMENT}
    ) FROM per_day
"""  # noqa: S608 - texts of ours
RECEIVED = f"""{MARKED}
    SELECT currency, day, sum(amount) FROM (
        SELECT currency, day, received - refunded AS amount FROM bookings_moneyday
        WHERE NOT (SELECT is_so FROM recounted) AND part = 'stream' AND day BETWEEN %(first)s AND %(last)s
            AND day NOT IN (SELECT day FROM marked) AND payments > 0
        UNION ALL
        SELECT m.currency, marked.day, m.received - m.refunded
        FROM marked CROSS JOIN LATERAL money_of_day(marked.day) AS m
        WHERE NOT (SELECT is_so FROM recounted) AND m.part = 'stream' AND m.payments > 0
        UNION ALL
        SELECT currency, money_day(received_at), amount FROM bookings_payment
        WHERE (SELECT is_so FROM recounted) AND received_at >= %(begins)s AND received_at < %(ends)s
    ) AS money
    GROUP BY 1, 2
"""  # noqa: S608 - texts of ours
DIFFERENCES = f"""
    WITH kept AS (
        SELECT {COLUMNS} FROM bookings_moneyday
        WHERE part IN ('stream', 'code') AND (day = ANY (%(days)s::date[]) OR (%(with_none)s AND day IS NULL))
    ), counted AS (
        SELECT wanted.day, m.* FROM unnest(%(days)s::date[] || CASE WHEN %(with_none)s THEN ARRAY[NULL]::date[] END)
            AS wanted (day)
        CROSS JOIN LATERAL money_of_day(wanted.day) AS m
    )
    SELECT 'kept', wrong.* FROM (SELECT * FROM kept EXCEPT ALL SELECT * FROM counted) AS wrong
    UNION ALL
    SELECT 'counted', wrong.* FROM (SELECT * FROM counted EXCEPT ALL SELECT * FROM kept) AS wrong
"""  # noqa: S608 - columns of ours
DIFFERENCES_OF_MONTHS = """
    WITH kept AS (
        SELECT day, replace(part, '_m', ''), course_id, key, currency, received, refunded, payments, expected, bookings,
            unpriced, confirmed, discount
        FROM bookings_moneyday WHERE part IN ('stream_m', 'code_m')
    ), counted AS (
        SELECT date_trunc('month', day)::date, part, course_id, key, currency, sum(received), sum(refunded),
            sum(payments), sum(expected), sum(bookings), sum(unpriced), sum(confirmed), sum(discount)
        FROM bookings_moneyday WHERE part IN ('stream', 'code') AND day IS NOT NULL GROUP BY 1, 2, 3, 4, 5
    )
    SELECT 'kept month', wrong.* FROM (SELECT * FROM kept EXCEPT ALL SELECT * FROM counted) AS wrong
    UNION ALL
    SELECT 'counted month', wrong.* FROM (SELECT * FROM counted EXCEPT ALL SELECT * FROM kept) AS wrong
"""


def is_kept() -> bool:
    """Say whether the table holds the past; before beat has filled it for the first time it does not."""
    return MoneyDay.objects.exists() or not MoneyMark.objects.filter(everything=True).exists()


def is_recounted() -> bool:
    """Say whether sums of the table are being counted again, because a price has changed (one query)."""
    return MoneyMark.objects.filter(everything=True).exists()


def kept_sums(
    group: str, *, since: date | None, until: date | None, course: int | str | None, currency: str
) -> dict[Key, Sums]:
    """Sum like ``money_by``, from the days (one query); ``course`` is a number, "" for none, or None for all."""
    months, months_end = _whole_months(since, until)
    part = MoneyDay.Part.CODE if group == "code" else MoneyDay.Part.STREAM
    conditions, values = (
        ["true"],
        {
            "live": LIVE_DAYS,
            "part": part.value,
            "month_part": part.of_months.value,
            "months": months,
            "months_end": months_end,
        },
    )
    asked: list[tuple[str, Any, bool]] = [
        ("money.day >= %(since)s", since, since is not None),
        ("money.day <= %(until)s", until, until is not None),
        ("money.course_id = %(course)s", course, course not in (None, "")),
        ("money.course_id IS NULL", None, course == ""),
        ("money.currency = %(currency)s", currency, bool(currency)),
    ]
    for condition, value, is_asked in asked:
        if is_asked:
            conditions.append(condition)
            values[condition.partition("%(")[2].removesuffix(")s")] = value
    sums: dict[Key, Sums] = {}
    for course_id, key, money, *numbers in run_sql(SUMS.format(conditions=" AND ".join(conditions)), values):
        line: Key = {"stream": (course_id, key or None), "course": (course_id,), "code": (key or None,)}[group]
        sums.setdefault((*line, money), Sums()).add(Sums(*numbers))
    return sums


def _whole_months(since: date | None, until: date | None) -> tuple[date | str, date | str]:
    """Give the first day of the months that lie within a period, and the first day after them."""
    begins = "-infinity" if since is None else since if since.day == 1 else _next_month(since)
    if until is None:
        return begins, "infinity"
    is_last = until == date.max or (until + timedelta(days=1)).day == 1
    return begins, _next_month(until) if is_last else until.replace(day=1)


def _next_month(day: date) -> date | str:
    last_of_all = day.year == date.max.year and day.month == date.max.month
    return "infinity" if last_of_all else (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def confirmed_by_day(days: Days) -> dict[date, int]:
    """Count the bookings that are confirmed now by the day on which they became so (one query)."""
    return dict(_confirmed("day", days))


def confirmed_by_stream(days: Days) -> dict[tuple[int | None, str], int]:
    """Count those of some days by course and stream, "" for none (one query)."""
    return {(course_id, code): number for course_id, code, number in _confirmed("course_id, stream", days)}


def unrecorded(days: Days) -> tuple[int, datetime | None]:
    """Count those of some days without a payment, and say when the first of them was confirmed (one query)."""
    [(number, oldest)] = run_sql(UNRECORDED, {"live": LIVE_DAYS, **_span(days)})
    return number, oldest


def received_by_day(days: Days) -> dict[str, dict[date, Decimal]]:
    """Sum what was received less what was given back, by currency and day (one query).

    From the rows while all days wait to be summed again.
    """
    found: dict[str, dict[date, Decimal]] = {}
    for currency, day, amount in run_sql(RECEIVED, {"live": LIVE_DAYS, **_span(days)}):
        found.setdefault(currency, {})[day] = amount
    return found


def _span(days: Days) -> dict[str, Any]:
    return {"first": days.first, "last": days.last, "begins": days.begins, "ends": days.ends}


def _confirmed(columns: str, days: Days) -> list[tuple[Any, ...]]:
    return run_sql(CONFIRMED.format(columns=columns, kept="confirmed", rows="true"), {"live": LIVE_DAYS, **_span(days)})


def fold_some_days(at_most: int = DAYS_OF_A_PAGE) -> int:
    """Sum some of the marked days again; return how many, or -1 while somebody else does it or all days wait."""
    return int(sql_value("SELECT money_fold(%s)", [at_most]))


def count_waiting_money() -> None:
    """Sum what was marked since the last look; where it cannot be written a page sums it for itself."""
    if MoneyMark.objects.exists():
        write_beside(SideWrite.MONEY_COUNTED, fold_some_days)


def fold_money() -> None:
    """Sum the marked days again, unless somebody else is at it."""
    with transaction.atomic():
        # The lock of money_fold: one process sums at a time.
        if not sql_value("SELECT pg_try_advisory_xact_lock(hashtextextended('money_fold', 0))"):
            return
        # Taken first and counted in a later statement: a mark that comes meanwhile stays, for a row not seen yet.
        marks = run_sql("DELETE FROM bookings_moneymark RETURNING day, everything")
        days = {day for day, everything in marks if not everything}
        if any(everything for _day, everything in marks):
            days |= {day for (day,) in run_sql(ALL_DAYS)}
        for batch in _batches(days):
            run_sql("SELECT money_recount(%s::date[])", [batch])


def rebuild_money() -> int:
    """Sum all days anew; return how many rows there are."""
    MoneyMark.objects.create(everything=True)
    fold_money()
    return MoneyDay.objects.count()


def money_differences() -> Iterator[str]:
    """Say what differs from the payments and bookings, a sentence each; marked days are due, not wrong."""
    marks = list(MoneyMark.objects.values_list("day", "everything"))
    if any(everything for _day, everything in marks):
        return
    days = {day for (day,) in run_sql(ALL_DAYS)} - {day for day, _everything in marks}
    for batch in _batches(days):
        asked = {"days": [day for day in batch if day], "with_none": None in batch}
        yield from map(_difference, run_sql(DIFFERENCES, asked))
    yield from map(_difference, run_sql(DIFFERENCES_OF_MONTHS))


def _difference(row: tuple[Any, ...]) -> str:
    side, day, part, course_id, key, *numbers = row
    return f"bookings_moneyday: {day} {part} {course_id} “{key}” {side}: {numbers}"


def _batches(days: "set[date | None]") -> Iterator[list[date | None]]:
    rest: list[date | None] = sorted(days, key=lambda day: day or date.min)
    yield from (rest[start : start + DAYS_AT_ONCE] for start in range(0, len(rest), DAYS_AT_ONCE))
