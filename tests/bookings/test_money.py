"""Money: sums recomputed in plain Python, payments and refunds, what is expected, who may see any of it."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.labels import Labels
from bookings.models import Booking, BookingChange, BookingMoney, Course, Payment, Stream
from bookings.money.filters import ExpectedFilter, MoneyFilter, expected_bookings
from bookings.money.statistics import money_by, totals_of
from bookings.services.payments import PaymentKnown, RefundTooLarge, account_of, record_payment
from bookings.services.statuses import change_booking_status
from hsl_dashboard.db import run_sql
from tests import bot_database
from tests.database_roles import owner_role
from tests.factories import BookingFactory, CourseFactory, PaymentFactory, StreamFactory
from users.models import AuditEntry

pytestmark = pytest.mark.django_db

OVERVIEW, PAYMENTS, EXPECTED = (
    reverse(f"bookings:{name}") for name in ("money_overview", "payment_list", "expected_list")
)
CENT = Decimal("0.01")
AT = datetime(2026, 11, 2, 20, 59, 59, tzinfo=UTC)  # 23:59:59 in Moscow


def worth(booking: Booking) -> tuple[Decimal | None, str]:
    """What a booking is worth, from the rows alone."""
    stream = Stream.objects.filter(course=booking.course_id, code=booking.course_stream).first()
    course = Course.objects.filter(pk=booking.course_id).first()
    if stream and stream.price is not None:
        price, currency = stream.price, stream.currency
    elif course:
        price, currency = Decimal(course.price_usd_cents) / 100, "USD"
    else:
        return None, "USD"
    percent = min(max(booking.discount_percent or 0, 0), 100)
    return (price * (100 - percent) / 100).quantize(CENT, ROUND_HALF_UP), currency


def confirmed_at(booking: Booking) -> datetime | None:
    last = BookingChange.objects.filter(booking=booking, status=2).order_by("pk").last()
    if last is None or last.is_new:
        return booking.created_at or (last.changed_at if last else None)
    return last.changed_at


def recounted(since: datetime | None = None, until: datetime | None = None) -> dict[tuple[Any, ...], list[Any]]:
    """By course, stream and currency: received, refunded, payments, expected, bookings, unpriced."""

    def inside(at: datetime | None) -> bool:
        if since is None and until is None:
            return True
        return at is not None and (since is None or at >= since) and (until is None or at < until)

    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [Decimal(0), Decimal(0), 0, Decimal(0), 0, 0])
    for payment in Payment.objects.select_related("booking"):
        if inside(payment.received_at):
            booking = payment.booking
            key = (booking.course_id, booking.course_stream or None) if booking else (None, None)
            line = sums[(*key, payment.currency)]
            line[payment.amount < 0] += abs(payment.amount)
            line[2] += 1
    paid = set(Payment.objects.values_list("booking_id", flat=True))
    for booking in Booking.objects.filter(confirmed=2):
        if booking.pk not in paid and inside(confirmed_at(booking)):
            amount, currency = worth(booking)
            line = sums[booking.course_id, booking.course_stream or None, currency]
            line[3] += amount or 0
            line[4] += 1
            line[5] += amount is None
    return sums


def counted(query: str = "", group: str = "stream") -> dict[tuple[Any, ...], list[Any]]:
    labels = Labels.read()
    payments = MoneyFilter(QueryDict(query), queryset=Payment.objects.all(), labels=labels)
    expected = ExpectedFilter(QueryDict(query), queryset=expected_bookings(), labels=labels)
    assert payments.is_valid() and expected.is_valid()
    return {
        key: [one.received, one.refunded, one.payments, one.expected, one.bookings, one.unpriced]
        for key, one in money_by(group, payments=payments.qs, expected=expected.qs).items()
    }


# Sums -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def dump() -> None:
    bot_database.load("users", "courses", "bookings")
    Stream.objects.filter(code="5th_stream").update(price=Decimal("19999.90"), currency="RUB")
    dice = Random(1)
    for booking in Booking.objects.order_by("pk")[:200]:
        if dice.random() < 0.5:
            currency = dice.choice(["USD", "RUB", "EUR"])
            at = AT + timedelta(days=dice.randrange(-60, 20))
            PaymentFactory.create(
                booking=booking, amount=Decimal(dice.randrange(1, 99_999)) / 100, currency=currency, received_at=at
            )
            if dice.random() < 0.2:
                PaymentFactory.create(booking=booking, amount=Decimal("-0.01"), currency=currency, received_at=at)
    for booking in Booking.objects.filter(confirmed=2)[:80]:
        at = AT + timedelta(days=dice.randrange(-60, 20))
        BookingChange.objects.filter(booking=booking).update(changed_at=at, is_new=False)
    with owner_role(), connection.cursor() as cursor:
        cursor.execute("SELECT confirmation_keep(id) FROM bookings WHERE confirmed = 2")
        # As autovacuum does: without statistics the planner guesses.
        cursor.execute("ANALYZE bookings, bookings_confirmation, bookings_payment, bookings_stream, courses")


def test_the_sums_of_the_dump_are_those_of_plain_python(dump):
    assert counted() == recounted()
    assert counted("since=2026-10-01&until=2026-11-02") == recounted(
        datetime(2026, 9, 30, 21, tzinfo=UTC), datetime(2026, 11, 2, 21, tzinfo=UTC)
    )
    assert sum(line[4] for line in counted().values()) > 100


@pytest.mark.parametrize("group", ["course", "code"])
def test_each_grouping_adds_up_to_the_same(dump, group):
    labels = Labels.read()
    payments = MoneyFilter(QueryDict(), queryset=Payment.objects.all(), labels=labels).qs
    expected = ExpectedFilter(QueryDict(), queryset=expected_bookings(), labels=labels).qs

    by_stream = totals_of(money_by("stream", payments=payments, expected=expected))
    other = totals_of(money_by(group, payments=payments, expected=expected))

    assert by_stream == other
    assert set(by_stream) == {"USD", "RUB", "EUR"}


@pytest.mark.parametrize("group", ["stream", "course", "code"])
def test_every_count_leads_to_as_many_rows(staff_client, dump, group):
    for period in ("all=1", "since=2026-10-01&until=2026-11-02"):
        lines = staff_client.get(f"{OVERVIEW}?by={group}&{period}").context["lines"]

        assert lines
        for line in lines:
            for address, count in (
                (line.payments_address, line.sums.payments),
                (line.expected_address, line.sums.bookings),
            ):
                assert not count or staff_client.get(address).context["page"].paginator.count == count, address


@pytest.mark.parametrize(("seconds", "inside"), [(0, True), (1, False)])
def test_the_last_second_of_a_moscow_day_is_of_that_day(seconds, inside):
    PaymentFactory.create(received_at=AT + timedelta(seconds=seconds))

    assert bool(counted("until=2026-11-02")) is inside


# What a booking is worth ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("discount", "expected"),
    [(None, "33.33"), (0, "33.33"), (50, "16.67"), (100, "0.00"), (-5, "33.33"), (250, "0.00"), (15, "28.33")],
)
def test_a_booking_is_worth_its_price_less_the_discount(discount, expected):
    course = CourseFactory.create(name="Другой курс", price_usd_cents=3333)
    booking = BookingFactory.create(course=course, discount_percent=discount)

    worth_now = BookingMoney.objects.get(pk=booking.pk)

    assert (worth_now.expected, worth_now.currency) == (Decimal(expected), "USD")
    assert worth_now.price and worth_now.price - (worth_now.discount or 0) == worth_now.expected


def test_the_streams_price_comes_before_the_courses_even_if_it_is_nothing():
    stream = StreamFactory.create(code="vip", price=Decimal(0), currency="KZT")
    booking = BookingFactory.create(course=stream.course, course_stream=stream.code)

    assert BookingMoney.objects.get(pk=booking.pk).expected == 0
    assert BookingMoney.objects.get(pk=booking.pk).currency == "KZT"


def test_a_booking_without_a_course_has_no_price():
    BookingFactory.create(course=None, course_stream="vip", confirmed=2)

    assert counted() == {(None, "vip", "USD"): [0, 0, 0, 0, 1, 1]}


# Recording ------------------------------------------------------------------------------------------------------------


def test_confirming_writes_no_payment(staff):
    booking = BookingFactory.create()

    change_booking_status(booking=booking, to=2, by=staff, at=timezone.now())

    assert not Payment.objects.exists()
    assert account_of(booking).is_expected


def ask(pk: int, **values: object) -> dict[str, Any]:
    return {"to": "2", "expected": "1", "sure": "1", "next": f"/bookings/{pk}/", **values}


def test_confirming_with_an_amount_writes_one(staff_client, staff):
    booking = BookingFactory.create()

    staff_client.post(f"/bookings/{booking.pk}/status/", ask(booking.pk, amount="150.50", currency="EUR"))

    payment = Payment.objects.get()
    assert (payment.booking, payment.amount, payment.currency) == (booking, Decimal("150.50"), "EUR")
    assert (payment.recorded_by, payment.source) == (staff, "hand")
    booking.refresh_from_db()
    assert booking.confirmed == 2


def test_a_confirmation_that_is_refused_writes_no_payment(staff_client):
    booking = BookingFactory.create(confirmed=-1)

    response = staff_client.post(f"/bookings/{booking.pk}/status/", ask(booking.pk, amount="150"))

    assert response.status_code == 409
    assert not Payment.objects.exists()


@pytest.mark.parametrize("amount", ["0", "-5", "1e400", "NaN", "0.001", "9" * 30, "x"])
def test_an_amount_that_is_none_is_refused_and_nothing_is_confirmed(staff_client, amount):
    booking = BookingFactory.create()

    response = staff_client.post(f"/bookings/{booking.pk}/status/", ask(booking.pk, amount=amount))

    assert response.status_code == 422
    booking.refresh_from_db()
    assert booking.confirmed == 1
    assert not Payment.objects.exists()


def test_cancelling_a_paid_booking_offers_a_refund_and_makes_none(staff_client):
    payment = PaymentFactory.create(booking__confirmed=2)
    pk = payment.booking_id

    question = staff_client.get(f"/bookings/{pk}/status/?to=-1&expected=2")
    staff_client.post(f"/bookings/{pk}/status/", ask(pk, to="-1", expected="2"))

    assertContains(question, "За это бронирование получено 100\xa0$")
    assert Payment.objects.count() == 1
    assertContains(staff_client.get(f"/bookings/{pk}/"), "не возвращены")


def form(**values: object) -> dict[str, Any]:
    return {
        "amount": "100",
        "currency": "USD",
        "received_at": "2026-11-02T15:30",
        "source": "bank",
        "external_id": "",
        "note": "",
        "token": str(uuid4()),
        **values,
    }


def test_a_payment_is_recorded_on_the_bookings_page(staff_client, staff, booking):
    response = staff_client.post(f"/bookings/{booking.pk}/payments/new/", form(external_id="A-1", note="по чеку"))

    assert (response.status_code, response["Location"]) == (303, f"/bookings/{booking.pk}/")
    payment = Payment.objects.get()
    assert payment.received_at == datetime(2026, 11, 2, 12, 30, tzinfo=UTC)
    assert (payment.external_id, payment.note, payment.recorded_by) == ("A-1", "по чеку", staff)
    page = staff_client.get(f"/bookings/{booking.pk}/")
    assertContains(page, "A-1")
    assertContains(page, "Платёж записан: 100.00 USD")
    assert AuditEntry.objects.filter(what="bookings_payment.insert", done_by=staff).count() == 1


def test_the_same_form_sent_twice_is_recorded_once(staff_client, booking):
    sent = form()

    for _ in range(2):
        assert staff_client.post(f"/bookings/{booking.pk}/payments/new/", sent).status_code == 303

    assert Payment.objects.count() == 1
    assertNotContains(staff_client.get(PAYMENTS), "form:")


def test_a_number_is_recorded_once_for_a_source(staff_client, booking):
    staff_client.post(f"/bookings/{booking.pk}/payments/new/", form(external_id="A-1"))

    response = staff_client.post(f"/bookings/{booking.pk}/payments/new/", form(external_id="A-1"))

    assertContains(response, "Платёж с таким номером уже записан.", status_code=422)
    assert staff_client.post(
        f"/bookings/{BookingFactory.create().pk}/payments/new/", form(external_id="A-1", source="hand")
    ).status_code == 303  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentFactory.create(source="bank", external_id="A-1")


def test_a_refund_is_negative_and_no_more_than_was_received(staff_client, staff):
    payment = PaymentFactory.create(amount=Decimal(100))
    address = f"/bookings/{payment.booking_id}/payments/new/?refund=1"

    assertContains(staff_client.post(address, form(amount="100.01")), "не больше 100\xa0$", status_code=422)
    assertContains(staff_client.post(address, form(currency="EUR")), "не больше 0\xa0€", status_code=422)
    assert staff_client.post(address, form(amount="40")).status_code == 303

    assert account_of(payment.booking).balance == {"USD": Decimal(60)}
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [Decimal(-40), Decimal(100)]
    [line] = counted().values()
    assert line[:3] == [Decimal(100), Decimal(40), 2]


def test_the_service_refuses_in_words(staff, booking):
    values = {"booking": booking, "currency": "USD", "by": staff, "received_at": AT}
    record_payment(amount=Decimal(5), external_id="1", **values)

    with pytest.raises(PaymentKnown):
        record_payment(amount=Decimal(5), external_id="1", **values)
    with pytest.raises(RefundTooLarge):
        record_payment(amount=Decimal(-6), **values)


@pytest.mark.parametrize("at", ["2999-01-01T10:00", "1970-01-01T10:00", "x", ""])
def test_a_payment_of_another_time_is_refused(staff_client, booking, at):
    response = staff_client.post(f"/bookings/{booking.pk}/payments/new/", form(received_at=at))

    assert response.status_code == 422
    assert "received_at" in response.context["form"].errors


def test_the_money_of_a_booking_that_the_bot_deletes_stays():
    payment = PaymentFactory.create()

    run_sql("DELETE FROM bookings WHERE id = %s", [payment.booking_id])

    payment.refresh_from_db()
    assert payment.booking_id is None
    assert counted() == {(None, None, "USD"): [100, 0, 1, 0, 0, 0]}
