"""What staff can do with a payment that waits: confirm, decline, ask the student, put it off, take it."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from html import escape, unescape

import pghistory
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.labels import Labels
from bookings.models import Booking, Payment, PaymentRules, WaitingPayment
from bookings.models.waiting import WaitingPaymentQuerySet
from bookings.notices import STUDENTS_LANGUAGE, NoticeKind, fill_words, hold_notices, queue_notice
from bookings.services.editing import Values
from bookings.services.payments import record_payment
from bookings.services.statuses import change_booking_status
from bookings.services.undoing import offer_booking_undo, withdraw_queued
from users.models import UndoableAct, User
from users.models.audit import record
from users.undo.services import UndoKind, UndoRefused, offer_undo

ASKED = "payment_asked"  # the kind of the act


class PaymentNotWaiting(Exception):
    """Somebody has decided meanwhile, or asked the student; nothing was written."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else has already dealt with this payment. Nothing was changed."))


# What staff have not replaced by words of theirs (PaymentRules).
USUAL_WORDS = {
    NoticeKind.PAYMENT_DECLINED: gettext_lazy(
        "Hello, {first_name|there}! We could not find your payment of the course “{course}”, so the booking is"
        " cancelled."
    ),
    NoticeKind.PAYMENT_ASKED: gettext_lazy(
        "Hello, {first_name|there}! We could not read your receipt for the course “{course}”. Please send it again."
    ),
}


def payment_words(*, booking: Booking, kind: NoticeKind, rules: PaymentRules, labels: Labels) -> str:
    """Write what a student would read about their payment, as plain text; empty where nothing sends messages."""
    own = rules.decline_text if kind == NoticeKind.PAYMENT_DECLINED else rules.ask_text
    with translation.override(STUDENTS_LANGUAGE):
        words = own.strip() or str(USUAL_WORDS[kind])
        return unescape(fill_words(words=escape(words), booking=booking, labels=labels))


def confirm_payment(
    *,
    booking: Booking,
    seen: int | None,
    by: User,
    at: datetime,
    amount: Decimal | None = None,
    currency: str = "",
    notify: bool = True,
    reason: str = "",
    overbook: bool = False,
) -> tuple[Payment | None, UndoableAct]:
    """Confirm a booking with what was paid, and tell the student; ``seen`` is the status that ``by`` decided on.

    Gives the payment and the act, which can be undone together.

    Raises what ``change_booking_status`` does: of two who confirm, the bot among them, one does.
    """
    before = replace(Values.of(booking), confirmed=seen)
    with transaction.atomic():
        change_booking_status(
            booking=booking,
            to=Booking.Status.CONFIRMED,
            by=by,
            at=at,
            reason=reason,
            expected=seen,
            overbook=overbook,
            notify=notify,
        )
        paid = None
        if amount:
            paid = record_payment(booking=booking, amount=amount, currency=currency, by=by, received_at=at)
        return paid, offer_booking_undo(booking=booking, before=before, by=by, at=at, payment=paid)


def decline_payment(
    *, booking: Booking, seen: int | None, by: User, at: datetime, reason: str, words: str = ""
) -> UndoableAct | None:
    """Cancel a booking whose payment is not there; ``words`` (plain text) go to the student, "" tells them nothing.

    One that is cancelled already stays so, and leaves the queue until the next proof: there is nothing to undo.

    Raises:
        PaymentNotWaiting: as above; besides what ``change_booking_status`` raises.
    """
    before = replace(Values.of(booking), confirmed=seen)
    with transaction.atomic(), pghistory.context(user=by.pk, reason=reason.strip()):
        changes = seen != Booking.Status.CANCELLED
        if not changes:
            _answer(booking, by=by, at=at, what="payment.declined")
        else:
            change_booking_status(
                booking=booking, to=Booking.Status.CANCELLED, by=by, at=at, reason=reason, expected=seen
            )
        if words.strip():
            _write(booking, NoticeKind.PAYMENT_DECLINED, words, by=by, at=at)
        return offer_booking_undo(booking=booking, before=before, by=by, at=at) if changes else None


def ask_about_payment(*, booking: Booking, by: User, at: datetime, words: str) -> UndoableAct:
    """Write to a student about their payment, which leaves the queue until the next proof.

    What is written waits in the outbox as long as it can be undone.

    Raises:
        PaymentNotWaiting: as above.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        _answer(booking, by=by, at=at, what="payment.asked")
        _write(booking, NoticeKind.PAYMENT_ASKED, words, by=by, at=at)
        act = offer_undo(kind=ASKED, by=by, at=at, person=booking.telegram_user_id, done={"booking": booking.pk})
        hold_notices(bookings=[booking.pk], by=by, at=at, until=act.expires_at)
        return act


def undo_asking(act: UndoableAct, _by: User, _at: datetime) -> str:
    """Put the payment back into the queue, and its message out of the outbox."""
    booking = Booking.objects.filter(pk=act.done["booking"]).first()
    if booking is None:
        raise UndoRefused(_("The booking has been deleted."))
    withdraw_queued([booking.pk], act)
    if not _rows(booking).filter(answered_at=act.done_at).update(answered_at=None):
        raise UndoRefused(str(PaymentNotWaiting()))
    return _("Undone: the payment of booking № %(number)s waits in the queue again.") % {"number": booking.pk}


def put_off_payment(*, booking: Booking, until: datetime, by: User) -> None:
    """Take a payment out of the queue until a moment, or until the next proof.

    Raises:
        PaymentNotWaiting: as above.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        if not _rows(booking).update(put_off_until=until):
            raise PaymentNotWaiting
        _record(booking, "payment.put_off", by=by, until=until.isoformat())


def bring_back_payment(*, booking: Booking, by: User) -> None:
    """Take a payment that was put off, or asked about, back into the queue.

    Raises:
        PaymentNotWaiting: as above.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        if not _rows(booking).update(put_off_until=None, answered_at=None):
            raise PaymentNotWaiting
        _record(booking, "payment.brought_back", by=by)


def take_payment(*, booking: Booking, by: User, seen: User | None) -> None:
    """Assign a payment to oneself, or give it back when it is one's own; ``seen`` is whose it was on the page.

    Raises:
        PaymentNotWaiting: somebody else has taken it meanwhile, or decided.
    """
    to = None if seen == by else by
    with transaction.atomic(), pghistory.context(user=by.pk):
        if not _rows(booking).filter(assignee=seen).update(assignee=to):
            raise PaymentNotWaiting
        _record(booking, "payment.taken" if to else "payment.given_back", by=by)


def _rows(booking: Booking) -> WaitingPaymentQuerySet:
    return WaitingPayment.objects.filter(pk=booking.pk).still()


def _answer(booking: Booking, *, by: User, at: datetime, what: str) -> None:
    # One conditional UPDATE: of two clicks the second finds the student asked, and writes to nobody.
    if not _rows(booking).filter(answered_at=None).update(answered_at=at):
        raise PaymentNotWaiting
    _record(booking, what, by=by)


def _write(booking: Booking, kind: NoticeKind, words: str, *, by: User, at: datetime) -> None:
    queue_notice(booking=booking, kind=kind, by=by, at=at, text=escape(words.strip(), quote=False))


def _record(booking: Booking, what: str, *, by: User, **data: str) -> None:
    record(what, by=by, person=booking.telegram_user, of=booking, data=data or None)


UNDO_ASKING = UndoKind(ASKED, "bookings.decide_payment", undo_asking)
