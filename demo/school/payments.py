"""What was paid: most confirmed bookings have a payment somebody wrote down, some were given their money back."""

from datetime import datetime, timedelta
from decimal import Decimal

from bookings.models import Booking, Payment
from demo.school.rhythm import or_epoch
from demo.school.school import School

RECORDED = 0.7  # of the confirmed bookings; the rest stands «по расчёту»
IN_RUBLES = ("7th_stream", "8th_stream")  # the school began to take roubles
PRICE_IN_RUBLES = Decimal(8_900)
CENT = Decimal("0.01")


def set_prices(school: School) -> None:
    """Give the newest streams a price of their own; the others cost what their course does."""
    for code in IN_RUBLES:
        school.streams[code].price, school.streams[code].currency = PRICE_IN_RUBLES, "RUB"


def take_payments(school: School) -> None:
    """Write down payments and refunds of the bookings, which have their numbers by now."""
    moved: dict[int, dict[int, datetime]] = {}
    for booking, change in school.changes:
        moved.setdefault(booking.pk, {})[change.to] = change.at
    for booking in school.bookings:
        times = moved.get(booking.pk, {})
        paid_at = times.get(Booking.Status.CONFIRMED) or or_epoch(booking.created_at)
        if booking.confirmed == Booking.Status.CONFIRMED and booking.course and school.chance(RECORDED):
            _pay(school, booking, paid_at)
        elif Booking.Status.CONFIRMED in times and Booking.Status.CANCELLED in times:
            _pay(school, booking, paid_at)
            if school.chance(0.6):
                _give_back(school, booking, times[Booking.Status.CANCELLED])


def _pay(school: School, booking: Booking, confirmed_at: datetime) -> None:
    stream = school.streams.get(booking.course_stream or "")
    if booking.course is None or or_epoch(booking.created_at).year < 2015:
        return
    in_rubles = stream is not None and stream.course == booking.course and stream.price is not None
    price = PRICE_IN_RUBLES if in_rubles else Decimal(booking.course.price_usd_cents) / 100
    percent = min(max(booking.discount_percent or 0, 0), 100)
    amount = (price * (100 - percent) / 100).quantize(CENT)
    if not amount:
        return
    by_bank = school.chance(0.4)
    school.payments.append(
        Payment(
            id=len(school.payments) + 1,
            booking_id=booking.pk,
            amount=amount,
            currency="RUB" if in_rubles else "USD",
            source=Payment.Source.BANK if by_bank else Payment.Source.HAND,
            external_id=f"{school.dice.randrange(10**9, 10**10)}" if by_bank else None,
            received_at=confirmed_at - timedelta(minutes=school.dice.randrange(5, 240)),
            note="",
        )
    )


def _give_back(school: School, booking: Booking, at: datetime) -> None:
    paid = school.payments[-1] if school.payments else None
    if paid is None or paid.booking_id != booking.pk:
        return
    whole = school.chance(0.7)
    school.payments.append(
        Payment(
            id=len(school.payments) + 1,
            booking_id=booking.pk,
            amount=-paid.amount if whole else -(paid.amount / 2).quantize(CENT),
            currency=paid.currency,
            source=Payment.Source.HAND,
            received_at=min(at + timedelta(hours=school.dice.randrange(2, 60)), school.now),
            note="Вернули на карту" if whole else "Вернули половину по договорённости",
        )
    )
