"""Payments that wait for a decision: receipts of the last days, some with words, one for a cancelled booking."""

from datetime import datetime, timedelta

from bookings.models import Booking
from demo.school.rhythm import or_epoch
from demo.school.school import School
from demo.school.streams import CURRENT

Status = Booking.Status
HOURS_AGO = (1, 2, 3, 5, 6, 9, 13, 20, 27, 31, 50, 74)  # when the receipts came, the last one first
WORDS = (
    "Оплатила с карты мужа, фамилия другая",
    "Перевёл двумя платежами, второй чек сейчас пришлю",
    "Оплатил через СБП, чек выше",
    "Отправила в евро, банк взял комиссию — если не хватает, доплачу",
)


def let_payments_wait(school: School) -> None:
    """Let the newest requests for the current stream send their receipts; nobody has looked at them yet."""
    asked = [
        booking
        for booking in school.bookings
        if booking.confirmed == Status.NEW
        and booking.course_stream == CURRENT
        and booking.course is not None
        # Nobody has paid for what was booked a moment ago.
        and or_epoch(booking.created_at) < school.now - timedelta(minutes=10)
    ]
    newest = sorted(asked, key=lambda booking: or_epoch(booking.created_at))[-len(HOURS_AGO) - 1 :]
    for number, (booking, hours) in enumerate(zip(reversed(newest), HOURS_AGO, strict=False)):
        at = max(or_epoch(booking.created_at) + timedelta(minutes=4), school.now - timedelta(hours=hours, minutes=17))
        if number % 3 == 2:
            _writes(school, booking, at, WORDS[number // 3 % len(WORDS)])
        else:
            school.record(booking.telegram_user, "payment_proof_uploaded", at, {}, booking=booking)
        if number % 6 != 5:  # otherwise the bot has not moved it: the receipt alone says that it waits
            _moves(school, booking, Status.PENDING, at)
    if newest:
        _pays_too_late(school, newest[0])


def _writes(school: School, booking: Booking, at: datetime, words: str) -> None:
    details = {"message_type": "text", "booking_status": Status.NEW.value, "message_text": words}
    school.record(booking.telegram_user, "alternative_payment_proof", at, details)


def _moves(school: School, booking: Booking, to: Status, at: datetime) -> None:
    details = {"old_status": booking.confirmed, "new_status": to.value}
    school.record(booking.telegram_user, "booking_status_changed", at, details, booking=booking)
    school.change_status(booking, to, at)


def _pays_too_late(school: School, booking: Booking) -> None:
    """Somebody gave up, and sent a receipt after all."""
    cancelled_at = max(or_epoch(booking.created_at) + timedelta(minutes=2), school.now - timedelta(days=2))
    _moves(school, booking, Status.CANCELLED, cancelled_at)
    paid_at = max(cancelled_at + timedelta(minutes=1), school.now - timedelta(hours=8))
    _writes(school, booking, paid_at, "Всё-таки решилась! Оплатила, место ещё есть?")
