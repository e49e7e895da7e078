"""Payments as JSON: what they say, the newest first, piece by piece; one of them by its number."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.models import Payment
from tests.api.conftest import client_of
from tests.factories import BookingFactory, PaymentFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=123_000)


def test_a_payment_says_all_that_is_known_of_it(api):
    booking = BookingFactory.create()
    payment = PaymentFactory.create(
        booking=booking, amount=Decimal("-40.5"), currency="EUR", source="webhook", external_id="pay-7", received_at=NOW
    )

    expected = {
        "id": payment.pk,
        "booking_id": booking.pk,
        "user_id": str(booking.telegram_user_id),
        "amount": "-40.50",
        "currency": "EUR",
        "source": "webhook",
        "external_id": "pay-7",
        "received_at": f"{NOW.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z",
    }
    assert api.get("/api/payments").json() == [expected]
    assert api.get(f"/api/payments/{payment.pk}").json() == expected


def test_of_a_payment_without_a_booking_or_a_number_they_are_null(api):
    payment = PaymentFactory.create(booking=None, external_id=None)

    answer = api.get(f"/api/payments/{payment.pk}").json()

    assert (answer["booking_id"], answer["user_id"], answer["external_id"]) == (None, None, None)


def test_they_can_be_walked_through_the_newest_first_each_once(api):
    # Two at the same moment: their numbers decide.
    moments = [NOW, NOW, *(NOW - timedelta(days=day) for day in range(1, 4))]
    made = [PaymentFactory.create(received_at=moment).pk for moment in moments]
    found, address = [], "/api/payments?limit=2"
    while address:
        response = api.get(address)
        found += [row["id"] for row in response.json()]
        address = response.get("Link", "").partition("<")[2].partition(">")[0]

    assert found == [made[1], made[0], *made[2:]]


def test_a_later_payment_does_not_move_the_next_piece(api):
    made = [PaymentFactory.create(received_at=NOW - timedelta(days=day)).pk for day in range(3)]
    cursor = api.get("/api/payments?limit=1")["X-Next-Cursor"]
    PaymentFactory.create(received_at=NOW + timedelta(days=1))

    assert [row["id"] for row in api.get("/api/payments", {"cursor": cursor}).json()] == made[1:]


def test_those_of_one_booking(api):
    one, _other = PaymentFactory.create(), PaymentFactory.create()

    assert [row["id"] for row in api.get(f"/api/payments?booking_id={one.booking_id}").json()] == [one.pk]
    assert api.get("/api/payments?booking_id=999999999999").json() == []


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        *((f"/api/payments?limit={limit}", 400, "limit must be between 1 and 200") for limit in ("0", "201", "x", "")),
        *((f"/api/payments?booking_id={number}", 400, "Invalid booking ID") for number in ("0", "x", "1e3")),
        *((f"/api/payments?cursor={odd}", 400, "Invalid cursor") for odd in ("x", "WyJ4Iiwx", "WyJ4IiwxLDBd")),
        *((f"/api/payments/{number}", 400, "Invalid payment ID") for number in ("x", "0", "-1", "5.0", "1" * 20)),
        ("/api/payments?cursor=%00", 400, "Invalid text"),
        ("/api/payments/999999999", 404, "Payment not found"),
    ],
)
def test_what_cannot_be_is_refused(api, path, status, words):
    response = api.get(path)

    assert (response.status_code, response.json()) == (status, {"error": words})


def test_money_is_not_for_viewers(viewer):
    payment = PaymentFactory.create()

    for path in ("/api/payments", f"/api/payments/{payment.pk}"):
        assert client_of(viewer).get(path).status_code == 403
    assert Payment.objects.count() == 1
