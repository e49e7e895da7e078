"""What money adds to the page of today: confirmed bookings without a payment, and what came in by day."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.labels import money_text
from bookings.money.kept import received_by_day, unrecorded
from bookings.money.statistics import DEFINITIONS
from hsl_dashboard.db import loose_scan, run_sql
from hsl_dashboard.web.days import Days, school_day
from hsl_dashboard.web.today import TodayFigure, TodayFigures, TodayLine, TodayLines
from users.models import User

SEE = "bookings.view_payment"
LOOKED_BACK = 28  # days
CENTS = 100


def money_lines(_user: User, at: datetime) -> list[TodayLine]:
    """Confirmed in the last weeks, and nobody has written down what was paid (one query)."""
    days = Days.until(school_day(at), count=LOOKED_BACK)
    count, oldest = unrecorded(days)
    return [
        TodayLine(
            "money-unrecorded",
            _("Confirmed in the last 28 days, no payment recorded"),
            count,
            f"{reverse('bookings:expected_list')}?{days.query}",
            oldest=oldest,
        )
    ]


def money_figures() -> list[TodayFigure]:
    """Give what was received less what was given back, a figure for each currency (one query, and one for them all)."""
    occurring = run_sql(loose_scan("currency", column="currency", table="bookings_payment"))
    currencies = [currency for _name, currency in occurring]
    received = cache(received_by_day)
    return [
        TodayFigure(
            f"money-{currency}",
            _("Received, %(currency)s") % {"currency": currency},
            DEFINITIONS["net"],
            _per_day(currency, received),
            _address(currency),
            _shown(currency),
        )
        for currency in currencies
    ]


def _per_day(
    currency: str, received: Callable[[Days], dict[str, dict[date, Decimal]]]
) -> Callable[[Days], Mapping[date, int]]:
    return lambda days: {day: int(amount * CENTS) for day, amount in received(days).get(currency, {}).items()}


def _address(currency: str) -> Callable[[Days], str]:
    return lambda days: f"{reverse('bookings:payment_list')}?currency={currency}&{days.query}"


def _shown(currency: str) -> Callable[[int], str]:
    return lambda cents: money_text(Decimal(cents) / CENTS, currency)


LINES = TodayLines("money", SEE, 15, money_lines, slow=True)
FIGURES = TodayFigures("money", SEE, 60, money_figures)
