"""What becomes of a notice of a payment: stored, applied by the worker, matched or dismissed by a person."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, BookingMoney, IncomingPayment, Payment
from bookings.services.payments import (
    RefundTooLarge,
    balance_of,
    known_payment,
    lock_payments_of,
    record_payment,
)
from bookings.services.places import StreamFull
from bookings.services.statuses import StatusNotChanged, change_booking_status
from users.models import User

logger = logging.getLogger(__name__)

MOST_TRIES = 10
AT_ONCE = 100  # notices of one tick

State, Why = IncomingPayment.State, IncomingPayment.Why


class NotMatched(Exception):
    """A person has to look at it; ``why`` is one of IncomingPayment.Why."""

    def __init__(self, why: IncomingPayment.Why) -> None:
        super().__init__(why)
        self.why = why


class AlreadyDecided(Exception):
    """Somebody else has matched or dismissed it; nothing was written."""


def store_incoming(fields: dict[str, Any]) -> tuple[IncomingPayment, bool]:
    """Store a notice and say whether it is new: the database knows one that comes twice."""
    names = {"source": fields["source"], "event_id": fields["event_id"]}
    with pghistory.context(user=None, origin="service"):
        return IncomingPayment.objects.get_or_create(**names, defaults=fields)


def apply_incoming(pk: int, *, at: datetime) -> IncomingPayment.State | None:
    """Record what a notice says, or leave it to a person; None where somebody else is at it, or was."""
    with transaction.atomic(), pghistory.context(user=None, origin="service"):
        notice = IncomingPayment.objects.waiting().select_for_update(skip_locked=True).filter(pk=pk).first()
        if notice is None:
            return None
        try:
            with transaction.atomic():
                payment = _applied(notice, at=at)
        except NotMatched as error:
            notice.state, notice.why = State.UNMATCHED, error.why
        else:
            notice.state, notice.payment, notice.booking_id = State.APPLIED, payment, payment.booking_id
        notice.save(update_fields=["state", "why", "payment", "booking"])
    return State(notice.state)


def _applied(notice: IncomingPayment, *, at: datetime) -> Payment:
    if notice.amount is None:
        raise NotMatched(Why.UNREADABLE)
    booking = _booking_of(notice)
    lock_payments_of(booking)
    amount = -notice.amount if notice.is_refund else notice.amount
    known = known_payment(booking, source=notice.source, external_id=notice.external_id)
    if known is not None:
        # Recorded by hand, or told under two numbers: the money is there once.
        if (known.booking_id, known.amount, known.currency) != (booking.pk, amount, notice.currency):
            raise NotMatched(Why.NUMBER)
        _moved(booking, to=_status_after(notice, booking), at=at)
        return known
    if not notice.is_refund:
        _require_owed(booking, notice)
    return _recorded(notice, booking, amount, at=at)


def _booking_of(notice: IncomingPayment) -> Booking:
    booking = Booking.objects.select_for_update(of=("self",), no_key=True).filter(pk=notice.booking_number or 0).first()
    if booking is None:
        raise NotMatched(Why.BOOKING)
    if not booking.is_active and not notice.is_refund:
        raise NotMatched(Why.CANCELLED)
    return booking


def _require_owed(booking: Booking, notice: IncomingPayment) -> None:
    """Take an amount only where it is exactly what is left to pay, in the currency of the price."""
    worth = BookingMoney.objects.get(pk=booking.pk)
    paid = balance_of(Payment.objects.filter(booking=booking)).get(notice.currency, Decimal(0))
    if worth.currency != notice.currency or worth.expected is None or paid + (notice.amount or 0) != worth.expected:
        raise NotMatched(Why.AMOUNT)


def _recorded(notice: IncomingPayment, booking: Booking, amount: Decimal, *, at: datetime) -> Payment:
    try:
        payment = record_payment(
            booking=booking,
            amount=amount,
            currency=notice.currency,
            by=nobody(),
            received_at=notice.paid_at or notice.received_at,
            source=Payment.Source(notice.source),
            external_id=notice.external_id,
        )
    except RefundTooLarge:
        raise NotMatched(Why.REFUND) from None
    _moved(booking, to=_status_after(notice, booking), at=at)
    return payment


def _status_after(notice: IncomingPayment, booking: Booking) -> Booking.Status | None:
    """A payment confirms; a refund cancels once nothing is left of the money. None: it stays as it is."""
    if not notice.is_refund:
        return None if booking.confirmed == Booking.Status.CONFIRMED else Booking.Status.CONFIRMED
    left = any(balance_of(Payment.objects.filter(booking=booking)).values())
    return Booking.Status.CANCELLED if booking.is_active and not left else None


def _moved(booking: Booking, *, to: Booking.Status | None, at: datetime) -> None:
    if to is None:
        return
    try:
        change_booking_status(booking=booking, to=to, by=nobody(), at=at)
    except StreamFull:
        raise NotMatched(Why.FULL) from None
    except StatusNotChanged:
        raise NotMatched(Why.STATUS) from None


def nobody() -> User:
    """Stand in for the actor where no member of staff acts: it has no number in the records and no permission."""
    return User(username="payment service", is_active=False)


def apply_waiting(*, at: datetime) -> int:
    """Apply what waits; return how many were due. A failure is tried again; after ten tries a person decides."""
    due = IncomingPayment.objects.waiting().filter(next_try_at__lte=at).order_by("next_try_at")
    numbers = list(due.values_list("pk", flat=True)[:AT_ONCE])
    for pk in numbers:
        try_to_apply(pk, at=at)
    return len(numbers)


def try_to_apply(pk: int, *, at: datetime) -> None:
    """Apply one notice, and write down a failure instead of letting it stop the others."""
    try:
        apply_incoming(pk, at=at)
    except Exception:  # the outermost loop of this worker: it records the failure
        logger.exception("Notice of a payment %s could not be applied", pk)
        _note_failure(pk, at=at)


def _note_failure(pk: int, *, at: datetime) -> None:
    notices = IncomingPayment.objects.waiting().filter(pk=pk)
    tries = notices.values_list("tries", flat=True).first() or 0
    later = at + timedelta(seconds=30 * 2**tries)
    notices.update(tries=F("tries") + 1, next_try_at=later)
    notices.filter(tries__gte=MOST_TRIES).update(state=State.UNMATCHED, why=Why.FAILED)


def match_incoming(
    *, notice: IncomingPayment, booking: Booking, by: User, at: datetime, confirm: bool, reason: str = ""
) -> Payment:
    """Record the money of a notice for this booking, and with ``confirm`` move the booking as the money says.

    Raises:
        AlreadyDecided: somebody was faster.
        PaymentRefused: it is recorded already, or more would be given back than is there.
        StatusNotChanged, StreamFull: the booking cannot be moved; nothing was written.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        mine = _mine(notice)
        assert mine.amount is not None
        payment = record_payment(
            booking=booking,
            amount=-mine.amount if mine.is_refund else mine.amount,
            currency=mine.currency,
            by=by,
            received_at=mine.paid_at or mine.received_at,
            source=Payment.Source(mine.source),
            external_id=mine.external_id,
        )
        to = _status_after(mine, booking)
        if confirm and to is not None:
            change_booking_status(booking=booking, to=to, by=by, at=at, reason=reason, overbook=bool(reason.strip()))
        _decided(mine, state=State.APPLIED, by=by, at=at, payment=payment, booking=booking, reason=reason)
    return payment


def dismiss_incoming(*, notice: IncomingPayment, by: User, at: datetime, reason: str) -> None:
    """Say that a notice needs nothing more, and why.

    Raises:
        AlreadyDecided: somebody was faster.
    """
    with transaction.atomic(), pghistory.context(user=by.pk, reason=reason):
        _decided(_mine(notice), state=State.DISMISSED, by=by, at=at, reason=reason)


def _mine(notice: IncomingPayment) -> IncomingPayment:
    """Lock an unmatched notice until the end of the transaction."""
    mine = IncomingPayment.objects.unmatched().select_for_update(of=("self",)).filter(pk=notice.pk).first()
    if mine is None:
        raise AlreadyDecided(_("Somebody has already dealt with this one."))
    return mine


def _decided(notice: IncomingPayment, *, by: User, at: datetime, **values: Any) -> None:
    IncomingPayment.objects.filter(pk=notice.pk).update(decided_by=by, decided_at=at, **values)
