"""What payments from outside add to the page of today."""

from datetime import datetime

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import IncomingPayment
from hsl_dashboard.web.today import TodayLine, TodayLines
from users.models import User


def incoming_lines(_user: User, _at: datetime) -> list[TodayLine]:
    """Payments that nobody could match (one query, of an index that holds nothing else)."""
    found = IncomingPayment.objects.unmatched().aggregate(count=Count("*"), oldest=Min("received_at"))
    return [
        TodayLine(
            "payments-unmatched",
            _("Payments from outside that match no booking"),
            found["count"],
            reverse("bookings:incoming_list"),
            oldest=found["oldest"],
            urgent=True,
        )
    ]


LINES = TodayLines("incoming", "bookings.view_payment", 12, incoming_lines)
