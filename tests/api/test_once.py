"""Idempotency-Key on every POST and PATCH: the same request is done once and answered alike, another one is 409."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.incoming.notices import signature_of
from hsl_dashboard.api.routes import description_of_api
from messaging.models import Broadcast
from tests.factories import BroadcastFactory, RecipientFactory
from users.models import ApiAnswer, AuditEntry

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "once"}
SECRET = "s" * 32
PERSON = "/api/users/5111222333"
LATER = (timezone.now() + timedelta(days=2)).isoformat()
LETTER = {"recipients": [{"user_id": 5111222333}], "message": {"text": "Привет!"}, "scheduled_at": LATER}
NOTICE = {
    "event_id": "evt-1", "type": "payment.received", "booking_id": 1, "amount": "1.00", "currency": "USD",
}  # fmt: skip
# Route: its address, a body that does something, and another body under the same key.
WRITES: dict[tuple[str, str], tuple[str, Any, Any]] = {
    ("post", "/api/messages/send"): ("/api/messages/send", LETTER, {**LETTER, "message": {"text": "Пока!"}}),
    ("post", "/api/messages/{message_id}/pause"): ("/api/messages/72/pause", {}, {"other": 1}),
    ("post", "/api/messages/{message_id}/resume"): ("/api/messages/73/resume", {}, {"other": 1}),
    ("post", "/api/messages/{message_id}/cancel"): ("/api/messages/72/cancel", {}, {"other": 1}),
    ("post", "/api/payments/webhook"): ("/api/payments/webhook", NOTICE, {**NOTICE, "event_id": "evt-2"}),
    ("patch", "/api/users/{user_id}/bookings"): (
        f"{PERSON}/bookings", {"updates": {"discount_percent": 10}}, {"updates": {"discount_percent": 20}},
    ),
    ("patch", "/api/users/{user_id}/stream"): (
        f"{PERSON}/stream", {"newStream": "8th_stream"}, {"newStream": "7th_stream"},
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _school(school: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PAYMENT_WEBHOOK_SECRETS = [SECRET]
    monkeypatch.setattr("bookings.api.payments.wake_incoming", lambda _pk: None)
    RecipientFactory.create(message=BroadcastFactory.create(pk=73, state="paused"))


def ask(api: Client, method: str, address: str, body: Any, key: dict[str, str] = KEY) -> tuple[int, Any]:
    raw, now = json.dumps(body), str(int(time.time()))
    signature = signature_of(SECRET, timestamp=now, body=raw.encode())
    headers = {**key, "X-Timestamp": now, "X-Signature": f"sha256={signature}"}
    response = api.generic(method.upper(), address, raw, "application/json", headers=headers)
    return response.status_code, response.json()


def done() -> int:
    """How much was written so far: the audit has a line for each of it."""
    return AuditEntry.objects.exclude(what__startswith="users_api").count()


def test_every_post_and_patch_is_here():
    described = {(method, path) for path, methods in description_of_api()["paths"].items() for method in methods}

    assert {route for route in described if route[0] in {"post", "patch", "put"}} == WRITES.keys()


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_the_same_key_and_body_is_done_once_and_another_body_is_409(api, method, path):
    address, body, other = WRITES[method, path]
    before = done()

    first = ask(api, method, address, body)
    after_first = done()
    again = ask(api, method, address, body)
    changed = ask(api, method, address, other)

    assert first == again and first[0] == 200
    assert (changed[0], changed[1]["error"]) == (409, "This Idempotency-Key was used for another request")
    assert before != after_first == done()


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_key_that_is_too_long_does_nothing(api, method, path):
    address, body, _other = WRITES[method, path]
    before = done()

    assert ask(api, method, address, body, {"Idempotency-Key": "x" * 201})[0] == 400
    assert done() == before


def test_a_key_sends_again_after_a_day(api):
    """It must not find the message of the day before, and say that it was sent."""
    address, body, other = WRITES["post", "/api/messages/send"]
    first = ask(api, "post", address, body)
    ApiAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))

    second = ask(api, "post", address, other)

    assert first[0] == second[0] == 200 and first[1]["message_id"] != second[1]["message_id"]
    assert Broadcast.objects.filter(message_text="Пока!").exists()


def test_a_refused_message_leaves_its_key_free(api):
    address, body, _other = WRITES["post", "/api/messages/send"]

    refused = ask(api, "post", address, {**body, "message": {"text": ""}})

    assert refused == (400, {"error": "Message text is required"})
    assert ask(api, "post", address, body)[0] == 200
