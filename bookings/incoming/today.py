"""What payments from outside add to the page of today."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import IncomingPayment
from hsl_dashboard.web.today import TodayCount, TodayLine, TodayLines
from users.models import User


def incoming_lines(_user: User, _at: datetime) -> list[TodayCount]:
    """Payments that nobody could match, out of an index that holds nothing else."""
    line = TodayLine(
        "payments-unmatched",
        _("Payments from outside that match no booking"),
        0,
        reverse("bookings:incoming_list"),
        urgent=True,
    )
    return [TodayCount(line, IncomingPayment.objects.unmatched(), "received_at")]


LINES = TodayLines("incoming", "bookings.view_payment", 12, incoming_lines)
