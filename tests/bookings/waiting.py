"""Payments that wait, as the tests make them: the bot's SQL, receipts, and folding what triggers have marked."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from bookings.models import BookingChange, WaitingPayment
from bookings.payments.upkeep import fold_payments
from hsl_dashboard.db import run_sql
from tests.factories import BookingFactory, EventFactory

QUEUE = reverse("bookings:payment_queue")
HTMX = {"HX-Request": "true"}
PROOF, OTHER_PROOF = "payment_proof_uploaded", "alternative_payment_proof"


def act(name, booking):
    return reverse(f"bookings:payment_{name}", args=[booking.pk])


def prove(booking, *, at=None, kind=PROOF, **details):
    return EventFactory.create(
        telegram_user=booking.telegram_user, event_type=kind, created_at=at or timezone.now(), details=details
    )


def fold():
    fold_payments(at=timezone.now())


def waiting():
    fold()
    return list(WaitingPayment.objects.open().still().oldest_first().values_list("pk", flat=True))


def booked(**values):
    """A booking that became pending so long ago, as the bot makes it."""
    ago = values.pop("ago", timedelta(hours=1))
    booking = BookingFactory.create(confirmed=0, created_at=timezone.now() - ago - timedelta(hours=1), **values)
    run_sql("UPDATE bookings SET confirmed = 1 WHERE id = %s", [booking.pk])
    BookingChange.objects.filter(booking=booking, status=1).update(changed_at=timezone.now() - ago)
    booking.refresh_from_db()
    return booking
