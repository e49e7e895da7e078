"""What staff write down of money: a payment that came in, a refund that went out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pghistory
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.labels import money_text
from bookings.models import Booking, BookingMoney, Payment
from hsl_dashboard.db import run_sql
from users.models import User


class PaymentRefused(Exception):
    """Nothing was written; the sentence says why."""


class PaymentKnown(PaymentRefused):
    """The source's number is recorded already, for ``payment``."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(_("A payment with this number is already recorded."))
        self.payment = payment


class RefundTooLarge(PaymentRefused):
    """More would be given back than was received in that currency."""


@dataclass(frozen=True)
class Account:
    """What was paid for a booking, per currency, and what it is worth by its price."""

    booking: Booking
    payments: list[Payment]  # newest first
    worth: BookingMoney

    @property
    def balance(self) -> dict[str, Decimal]:
        """What is left of the payments after refunds; a currency in which nothing is left stays out."""
        sums = balance_of(self.payments)
        return {currency: amount for currency, amount in sums.items() if amount}

    @property
    def offers_refund(self) -> bool:
        """Whether the booking is cancelled and its money is still here."""
        return not self.booking.is_active and any(amount > 0 for amount in self.balance.values())

    @property
    def is_expected(self) -> bool:
        """Whether the booking counts as «по расчёту»: confirmed, and nobody has written down a payment."""
        return self.booking.confirmed == Booking.Status.CONFIRMED and not self.payments


def account_of(booking: Booking) -> Account:
    """Read the payments of a booking and its worth (two queries)."""
    payments = list(Payment.objects.filter(booking=booking).select_related("recorded_by").newest_first())
    return Account(booking, payments, BookingMoney.objects.get(pk=booking.pk))


def balance_of(payments: Iterable[Payment]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for payment in payments:
        sums[payment.currency] = sums.get(payment.currency, Decimal(0)) + payment.amount
    return sums


def record_payment(
    *,
    booking: Booking,
    amount: Decimal,
    currency: str,
    by: User,
    received_at: datetime,
    source: Payment.Source = Payment.Source.HAND,
    external_id: str = "",
    note: str = "",
) -> Payment:
    """Write down a payment; a negative ``amount`` is a refund.

    Raises:
        PaymentKnown: the source's number is recorded already.
        RefundTooLarge: as above.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        lock_payments_of(booking)
        known = known_payment(booking, source=source, external_id=external_id)
        if known:
            raise PaymentKnown(known)
        if amount < 0:
            _require_received(booking, -amount, currency)
        return Payment.objects.create(
            booking=booking,
            amount=amount,
            currency=currency,
            source=source,
            external_id=external_id or None,
            received_at=received_at,
            recorded_by_id=by.pk,
            note=note,
        )


def known_payment(booking: Booking, *, source: str, external_id: str) -> Payment | None:
    """Find the payment with this number of this source, or with this number for this booking, whoever recorded it."""
    if not external_id:
        return None
    # All sources by name: the unique index begins with the source.
    named = Payment.objects.filter(source__in=Payment.Source.values, external_id=external_id)
    return next((row for row in named.order_by("pk") if row.source == source or row.booking_id == booking.pk), None)


def lock_payments_of(booking: Booking) -> None:
    """Serialise what is written about one booking, so that two refunds cannot both find the money there."""
    run_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"payments of {booking.pk}"])


def _require_received(booking: Booking, amount: Decimal, currency: str) -> None:
    there = balance_of(Payment.objects.filter(booking=booking)).get(currency, Decimal(0))
    if amount > there:
        raise RefundTooLarge(
            _("Only %(amount)s of this booking is left to give back.") % {"amount": money_text(there, currency)}
        )
