"""Payments as JSON, and the notices of payment services."""

from functools import partial
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from bookings.incoming.notices import LONGEST_BODY, SignatureRefused, read_notice, require_signature
from bookings.incoming.services import store_incoming
from bookings.incoming.tasks import wake_incoming
from bookings.models import Currency, Payment
from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.api.answers import ApiError, Moment, PersonId, Refusal
from hsl_dashboard.web.api.cursors import link_next, newest_first
from hsl_dashboard.web.api.parameters import Text, Whole, whole_number
from users.tokens.access import UNAUTHORIZED, ApiAccess, ApiRequest, SignedAccess
from users.tokens.idempotency import answered_once

router = Router(tags=["payments"])

SEE = ("bookings.view_booking", "bookings.view_payment")
NO_PAYMENT = "Payment not found"


class PaymentJson(Schema):
    id: int
    booking_id: int | None
    user_id: PersonId | None
    amount: str = Field(description="a decimal number; below zero where it was given back")
    currency: str
    source: str = Field(description="hand, webhook, bank or another way by which it was told of")
    external_id: str | None = Field(description="the payment's own number")
    received_at: Moment


def _payment_json(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.pk,
        "booking_id": payment.booking_id,
        "user_id": payment.booking.telegram_user_id if payment.booking else None,
        "amount": f"{payment.amount:.2f}",
        "currency": payment.currency,
        "source": payment.source,
        "external_id": payment.shown_number or None,
        "received_at": payment.received_at,
    }


@router.get(
    "/payments",
    response={200: list[PaymentJson], 400: Refusal},
    auth=ApiAccess(*SEE, failure="Failed to fetch payments"),
    summary="Payments, newest first",
)
def payments(
    request: ApiRequest,
    response: HttpResponse,
    limit: Annotated[int, Whole("limit must be between 1 and 200", most=200)] = Query(50),
    booking_id: Annotated[int | None, Whole("Invalid booking ID", most=LARGEST_BIGINT)] = Query(None),
    cursor: Annotated[str, Text()] = Query("", description="of the next piece; it stands in the header Link"),
) -> Any:
    """Money that was received; a negative amount was given back. Amounts are decimal numbers as text."""
    rows = Payment.objects.select_related("booking")
    if booking_id is not None:
        rows = rows.filter(booking=booking_id)
    found, following = newest_first(rows, column="received_at", cursor=cursor, limit=limit)
    link_next(request, response, following)
    return [_payment_json(payment) for payment in found]


class Noticed(Schema):
    received: bool
    duplicate: bool = Field(description="it was told before; nothing is done again")


NOTICE = {
    "type": "object",
    "required": ["event_id", "type", "booking_id", "amount", "currency"],
    "properties": {
        "event_id": {
            "type": "string",
            "description": "of this notice; the same one counts once",
            "examples": ["evt-1"],
        },
        "type": {"enum": ["payment.received", "payment.refunded"], "examples": ["payment.received"]},
        "booking_id": {"type": "integer", "description": "what it pays for", "examples": [221]},
        "amount": {
            "type": "string",
            "description": "a decimal number as text; positive, also of a refund",
            "examples": ["100.00"],
        },
        "currency": {"enum": Currency.values, "examples": ["USD"]},
        "payment_id": {"type": "string", "description": "the payment's own number; else event_id"},
        "paid_at": {"type": "string", "format": "date-time", "description": "ISO 8601; without it, when we were told"},
        "note": {"type": "string", "maxLength": 300, "description": "for who matches it by hand"},
        "source": {"enum": ["webhook", "bank"], "default": "webhook"},
    },
}

SIGNATURE = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "description": words,
        "schema": {"type": "string"},
    }
    for name, words in {
        "X-Timestamp": "seconds since 1970; it may differ from ours by five minutes",
        "X-Signature": "sha256= and the hexadecimal HMAC-SHA256 of <timestamp>.<body> with the secret",
    }.items()
]


# Above the route of one payment, whose address would take this one too.
@router.post(
    "/payments/webhook",
    response={200: Noticed, 409: Refusal, 413: Refusal},
    auth=SignedAccess(),
    summary="Tell of a payment",
    openapi_extra={
        "parameters": SIGNATURE,
        "requestBody": {"required": True, "content": {"application/json": {"schema": NOTICE}}},
    },
)
def payments_webhook(request: ApiRequest) -> Any:
    """For payment services. ``X-Timestamp`` is the present second; ``X-Signature`` is ``sha256=`` and the hexadecimal
    HMAC-SHA256 of ``<timestamp>.<body>``. 200 means stored. An amount that is exactly what the booking owes is recorded
    within seconds, and confirms it; anything else waits for a person."""
    body = request.body
    if len(body) > LONGEST_BODY:
        raise ApiError(413, "The notice is too long")
    headers = request.headers
    try:
        require_signature(
            timestamp=headers.get("X-Timestamp", ""),
            signature=headers.get("X-Signature", ""),
            body=body,
            at=timezone.now(),
        )
    except SignatureRefused:
        SignedAccess.count_refusal(request)
        raise ApiError(401, UNAUTHORIZED) from None

    def work() -> dict[str, Any]:
        notice, is_new = store_incoming(read_notice(body))
        if is_new:
            transaction.on_commit(partial(wake_incoming, notice.pk))
        return {"received": True, "duplicate": not is_new}

    return answered_once(request, request.auth, work)


@router.get(
    "/payments/{payment_id}",
    response={200: PaymentJson, 400: Refusal, 404: Refusal},
    auth=ApiAccess(*SEE, failure="Failed to fetch payments"),
    summary="One payment",
)
def payment_detail(request: ApiRequest, payment_id: str) -> Any:
    """A payment or a refund by its number."""
    number = whole_number(payment_id, least=1)
    if number is None:
        raise ApiError(400, "Invalid payment ID")
    payment = Payment.objects.select_related("booking").filter(pk=number).first()
    if payment is None:
        raise ApiError(404, NO_PAYMENT)
    return _payment_json(payment)
