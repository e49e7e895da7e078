"""Payments from outside: signed, stored once, applied by the worker, and what fits no booking waits for a person."""

import json
import re
import subprocess
import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.incoming import services, tasks
from bookings.incoming.notices import read_notice, signature_of, without_cards
from bookings.incoming.retention import forget_raw
from bookings.incoming.services import apply_incoming, apply_waiting
from bookings.models import Booking, BookingChange, IncomingPayment, Payment, Stream
from bookings.services.payments import PaymentKnown, record_payment
from hsl_dashboard.web.api.limits import REFUSED
from tests.factories import BookingFactory, PaymentFactory, StreamFactory
from users.models import AuditEntry
from users.retention.rules import Batches

pytestmark = pytest.mark.django_db

ADDRESS = "/api/payments/webhook"
NEW, OLD = "n" * 32, "o" * 32
CARD = "4111 1111 1111 1111"
State, Why = IncomingPayment.State, IncomingPayment.Why


@pytest.fixture(autouse=True)
def secrets(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PAYMENT_WEBHOOK_SECRETS = [NEW, OLD]
    monkeypatch.setattr("bookings.api.payments.wake_incoming", lambda _pk: None)


@pytest.fixture
def booking(db: None) -> Booking:
    # Migrations have described this one: the factory finds it as it is.
    Stream.objects.filter(pk=StreamFactory.create().pk).update(price=100, currency="USD")
    return BookingFactory.create(confirmed=1)


def notice(booking: Booking | None = None, **fields: Any) -> dict[str, Any]:
    number = booking.pk if booking else 2_000_000_000
    return {
        "event_id": "evt-1", "type": "payment.received", "booking_id": number, "amount": "100.00", "currency": "USD",
        **fields,
    }  # fmt: skip


def tell(body: Any, *, secret: str = NEW, at: int | None = None, client: Client | None = None) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = str(int(time.time()) if at is None else at)
    headers = {
        "X-Timestamp": timestamp,
        "X-Signature": f"sha256={signature_of(secret, timestamp=timestamp, body=raw)}",
    }
    return (client or Client()).post(ADDRESS, raw, "application/json", headers=headers)


def soon() -> datetime:
    """A little later: the database's clock and ours need not agree to the millisecond."""
    return timezone.now() + timedelta(seconds=10)


def told(body: Any) -> IncomingPayment:
    """Tell of it, and let the worker apply it."""
    assert tell(body).status_code == 200
    apply_waiting(at=soon())
    return IncomingPayment.objects.latest("pk")


# The door -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_while_secrets_rotate_both_open(booking, secret):
    assert tell(notice(booking), secret=secret).json() == {"received": True, "duplicate": False}


@pytest.mark.parametrize("seconds", [-301, 330])  # what is ahead comes nearer while it is on its way
def test_what_is_older_than_five_minutes_is_refused_and_so_is_what_is_ahead(booking, seconds):
    assert tell(notice(booking), at=int(time.time()) + seconds).status_code == 401
    assert tell(notice(booking), at=int(time.time()) + seconds // 2).status_code == 200


def test_without_the_secret_nobody_tells_us_anything(booking, settings):
    assert tell(notice(booking), secret="x" * 32).status_code == 401
    assert Client().post(ADDRESS, notice(booking), "application/json").json() == {"error": "Unauthorized"}
    settings.PAYMENT_WEBHOOK_SECRETS = []
    assert tell(notice(booking)).status_code == 401
    assert not IncomingPayment.objects.exists()


def test_a_signature_holds_for_its_body_and_its_moment_alone(booking):
    raw, now = json.dumps(notice(booking)).encode(), str(int(time.time()))
    signature = signature_of(NEW, timestamp=now, body=raw)

    for timestamp, body in ((now, raw + b" "), (str(int(now) - 1), raw), ("", raw), ("½", raw)):
        headers = {"X-Timestamp": timestamp, "X-Signature": signature}
        assert Client().post(ADDRESS, body, "application/json", headers=headers).status_code == 401


def test_wrong_signatures_are_counted_by_address(booking):
    for _try in range(REFUSED.calls):
        assert tell(notice(booking), secret="x" * 32).status_code == 401

    assert tell(notice(booking)).status_code == 429


def test_a_body_that_is_too_long_is_refused(booking):
    assert tell(notice(booking, note="x" * 70_000)).status_code == 413


# What is kept ---------------------------------------------------------------------------------------------------------


def test_known_fields_are_kept_and_nothing_of_a_card(booking):
    tell(
        notice(
            booking, note=f"card {CARD}", payer="Anna", card={"number": CARD, "cvv": "123"}, pan="5500000000000004",
            source="webhook",
        )
    )  # fmt: skip

    row: dict[str, Any] = dict(IncomingPayment.objects.values().get())
    text = repr(row) + repr(list(AuditEntry.objects.values()))
    assert row["note"] == "card …" and row["booking_number"] == booking.pk
    for secret in (CARD, "123", "5500000000000004"):
        assert f'"{secret}' not in text and CARD.replace(" ", "") not in text
    assert "Anna" in row["raw"] and "Anna" not in repr({name: row[name] for name in row if name != "raw"})


@pytest.mark.parametrize("text", [CARD, "4111-1111-1111-1111", "5500000000000004", "378282246310005"])
def test_numbers_of_cards_are_dots_wherever_they_stand(text):
    assert text not in without_cards({"a": [{"b": f"paid by {text}."}]}, b"")
    assert text not in without_cards(None, f"<xml>{text}</xml>".encode())


def test_other_long_numbers_stay():
    assert "4111111111111112" in without_cards({"a": "4111111111111112"}, b"")


def test_the_raw_body_is_dropped_when_it_is_old(booking):
    tell(notice(booking))
    old, now = IncomingPayment.objects.get(), timezone.now()

    assert sum(forget_raw(now - timedelta(days=1), Batches())) == 0
    assert sum(forget_raw(now + timedelta(days=1), Batches())) == 1
    old.refresh_from_db()
    assert old.raw is None and old.amount == 100


# What becomes of it ---------------------------------------------------------------------------------------------------


def test_a_payment_confirms_its_booking_as_staff_would(booking):
    row = told(notice(booking, payment_id="pay-7", paid_at="2026-11-20T10:00:00Z"))

    payment = Payment.objects.get()
    booking.refresh_from_db()
    change = BookingChange.objects.filter(booking=booking, is_new=False).get()
    assert (row.state, row.payment, row.booking) == (State.APPLIED, payment, booking)
    assert (payment.amount, payment.source, payment.external_id, payment.recorded_by) == (
        Decimal(100), "webhook", "pay-7", None,
    )  # fmt: skip
    assert payment.received_at.isoformat() == "2026-11-20T10:00:00+00:00"
    assert (booking.confirmed, change.origin, change.changed_by_id) == (2, "service", None)
    assert AuditEntry.objects.filter(what="bookings_incomingpayment.update").exists()


def test_a_refund_of_everything_cancels_and_of_a_part_does_not(booking):
    told(notice(booking))
    part = told(notice(booking, event_id="evt-2", type="payment.refunded", amount="40"))
    booking.refresh_from_db()
    assert (part.state, booking.confirmed) == (State.APPLIED, 2)

    told(notice(booking, event_id="evt-3", type="payment.refunded", amount=60))
    booking.refresh_from_db()
    assert booking.confirmed == -1
    assert sum(Payment.objects.values_list("amount", flat=True)) == 0


def test_what_comes_twice_is_one_payment(booking):
    first = tell(notice(booking)).json()
    again = tell(notice(booking)).json()
    apply_waiting(at=soon())
    apply_incoming(IncomingPayment.objects.get().pk, at=timezone.now())

    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("source", ["hand", "bank", "webhook"])
def test_what_was_recorded_by_hand_with_the_same_number_is_one_payment(booking, source):
    by_hand = PaymentFactory.create(booking=booking, amount=100, external_id="pay-7", source=source)

    row = told(notice(booking, payment_id="pay-7"))

    booking.refresh_from_db()
    assert (row.state, row.payment, booking.confirmed) == (State.APPLIED, by_hand, 2)
    assert Payment.objects.get() == by_hand


def test_what_came_from_outside_cannot_be_recorded_by_hand_again(booking, staff):
    told(notice(booking, payment_id="pay-7"))

    with pytest.raises(PaymentKnown):
        record_payment(
            booking=booking, amount=Decimal(100), currency="USD", by=staff, received_at=timezone.now(),
            external_id="pay-7",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"booking_id": 2_000_000_000}, Why.BOOKING),
        ({"booking_id": "order 5"}, Why.BOOKING),
        ({"amount": "99.99"}, Why.AMOUNT),
        ({"currency": "EUR"}, Why.AMOUNT),
        ({"type": "payment.refunded"}, Why.REFUND),
        ({"type": "payment.exploded"}, Why.UNREADABLE),
        ({"amount": "-5"}, Why.UNREADABLE),
        ({"amount": "NaN"}, Why.UNREADABLE),
        ({"event_id": None}, Why.UNREADABLE),
        ({"note": "a\0b"}, None),
    ],
)
def test_what_fits_no_booking_is_kept_for_a_person(booking, fields, why):
    row = told(notice(booking, **fields))

    booking.refresh_from_db()
    assert (row.state, row.why) == ((State.UNMATCHED, why) if why else (State.APPLIED, ""))
    assert Payment.objects.count() == (0 if why else 1)
    assert booking.confirmed == (1 if why else 2)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\x00", b"[" * 50_000])
def test_a_signed_body_that_nobody_can_read_is_kept_too(body):
    assert told(body).why == Why.UNREADABLE


def test_a_full_stream_and_a_cancelled_booking_wait_for_a_person(booking):
    stream = StreamFactory.create(code="full_stream", name="Полный поток", price=100, currency="USD", capacity=0)
    full = BookingFactory.create(course_stream=stream.code, confirmed=1)
    Booking.objects.filter(pk=booking.pk).update(confirmed=-1)

    assert told(notice(full)).why == Why.FULL
    assert told(notice(booking, event_id="evt-2")).why == Why.CANCELLED
    assert not Payment.objects.exists()


def test_a_number_of_another_payment_waits_for_a_person(booking):
    PaymentFactory.create(external_id="pay-7", source="webhook")

    assert told(notice(booking, payment_id="pay-7")).why == Why.NUMBER


def test_what_fails_is_tried_again_and_left_to_a_person_at_last(booking, monkeypatch):
    tell(notice(booking))
    row, now = IncomingPayment.objects.get(), soon()

    def broken(**_values: Any) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patched:
        patched.setattr(services, "record_payment", broken)
        apply_waiting(at=now)
        row.refresh_from_db()
        assert (row.state, row.tries) == (State.WAITING, 1)
        assert apply_waiting(at=now) == 0
    apply_waiting(at=now + timedelta(minutes=1))
    row.refresh_from_db()
    assert row.state == State.APPLIED

    other = told(notice(booking, event_id="evt-2", booking_id=1))
    IncomingPayment.objects.filter(pk=other.pk).update(state=State.WAITING, tries=9)
    monkeypatch.setattr(services, "apply_incoming", broken)
    apply_waiting(at=now + timedelta(days=1))
    other.refresh_from_db()
    assert (other.state, other.why) == (State.UNMATCHED, Why.FAILED)


def test_the_worker_takes_it_at_once_and_beat_what_was_left(booking):
    tell(notice(booking))
    tasks.apply_incoming_payment(IncomingPayment.objects.get().pk)
    tell(notice(booking, event_id="evt-2", type="payment.refunded", amount="10"))
    IncomingPayment.objects.update(next_try_at=timezone.now() - timedelta(minutes=1))
    tasks.apply_incoming_payments()

    assert Payment.objects.count() == 2


# The document ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_documented_example_with_curl_works(live_server, booking, settings):
    settings.PAYMENT_WEBHOOK_SECRETS = [NEW]
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    [script] = re.findall(r"```sh\n(SECRET=.*?)```", text, re.DOTALL)
    script = script.replace("SECRET=…", f"SECRET={NEW}").replace("https://dashboard.example.org", live_server.url)
    script = re.sub(r'"booking_id": \d+', f'"booking_id": {booking.pk}', script)

    done = subprocess.run(["bash", "-euc", script], check=False, capture_output=True, text=True, timeout=30)
    apply_waiting(at=soon())

    assert json.loads(done.stdout) == {"received": True, "duplicate": False}, done.stderr
    booking.refresh_from_db()
    assert booking.confirmed == 2


@pytest.mark.parametrize("depth", [100, 400, 600, 800, 30_000])
def test_a_notice_of_any_depth_is_kept_without_cards(depth):
    body = b'{"a": ' + b"[" * depth + b'"4111111111111111"' + b"]" * depth + b"}"

    fields = read_notice(body)
    assert fields["kind"] == IncomingPayment.Kind.UNREADABLE
    assert "4111" not in fields["raw"]
