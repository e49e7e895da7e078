"""What waiting payments add to the page of today."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.payments.upkeep import BADGE_MOST, DECIDE, waiting_now
from hsl_dashboard.web.today import TodayLine, TodayLines
from users.models import User


def payment_lines(_user: User, _at: datetime) -> list[TodayLine]:
    """Payments that somebody has to look at (one query)."""
    count, oldest = waiting_now()
    address = reverse("bookings:payment_queue")
    note = _("or more") if count >= BADGE_MOST else ""
    return [TodayLine("payments-waiting", _("Payments wait for a decision"), count, address, oldest=oldest, note=note)]


LINES = TodayLines("waiting-payments", DECIDE, 5, payment_lines)
