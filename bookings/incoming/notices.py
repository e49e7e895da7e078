"""What a payment service sends: its signature, the fields that are kept, and the body without cards."""

import hashlib
import hmac
import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime

from bookings.models import Currency, IncomingPayment, PaymentSource
from hsl_dashboard.db import LARGEST_BIGINT, is_storable

REPLAY_WINDOW = 300  # seconds between the signature's clock and ours
LONGEST_BODY = 64 * 1024  # bytes
LONGEST_NUMBER = 200  # characters
LONGEST_NOTE = 300
LARGEST_AMOUNT = Decimal("9999999999.99")  # what the column holds
HIDDEN = "…"
# Digits of a card, with what people put between them.
CARD = re.compile(r"(?<!\d)(?:\d[ \-]?){12,18}\d(?!\d)")
CARD_FIELD = re.compile(r"card|pan$|^pan|cvv|cvc|cvn|expir|track|holder", re.IGNORECASE)

Kind = IncomingPayment.Kind


class SignatureRefused(Exception):
    """The signature is missing, wrong, or older than the replay window."""


def signature_of(secret: str, *, timestamp: str, body: bytes) -> str:
    """The hexadecimal HMAC-SHA256 over ``<timestamp>.<body>``."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def require_signature(*, timestamp: str, signature: str, body: bytes, at: datetime) -> None:
    """Compare a signature with those of both secrets, in constant time.

    Raises:
        SignatureRefused: none fits, or its moment is more than five minutes from ours.
    """
    given = signature.removeprefix("sha256=")
    fits = [
        hmac.compare_digest(signature_of(secret, timestamp=timestamp, body=body).encode(), given.encode())
        for secret in settings.PAYMENT_WEBHOOK_SECRETS
    ]
    if not any(fits) or not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise SignatureRefused
    if abs(at.timestamp() - int(timestamp)) > REPLAY_WINDOW:
        raise SignatureRefused


def read_notice(body: bytes) -> dict[str, Any]:
    """Read the fields of a notice that we keep; one that makes no sense is kept too, for a person to look at."""
    try:
        sent = json.loads(body)
        raw = without_cards(sent, body)
    except (ValueError, RecursionError):
        sent, raw = None, without_cards(None, body)
    fields = _fields_of(sent) if isinstance(sent, dict) else None
    if fields is None:
        digest = hashlib.sha256(body).hexdigest()
        fields = {"source": PaymentSource.WEBHOOK.value, "event_id": f"sha256:{digest}", "kind": Kind.UNREADABLE.value}
    return {**fields, "raw": raw}


def _fields_of(sent: dict[str, Any]) -> dict[str, Any] | None:
    """Read what must be there; None where something is not, or cannot be."""
    event_id = _text(sent.get("event_id"), LONGEST_NUMBER)
    kind, source = sent.get("type"), sent.get("source", PaymentSource.WEBHOOK.value)
    amount, currency = _amount(sent.get("amount")), sent.get("currency")
    is_known = kind in {Kind.RECEIVED, Kind.REFUNDED} and source in {PaymentSource.WEBHOOK, PaymentSource.BANK}
    if not event_id or not is_known or amount is None or currency not in Currency.values:
        return None
    return {
        "source": source,
        "event_id": event_id,
        "kind": kind,
        "booking_number": _number(sent.get("booking_id")),
        "external_id": _text(sent.get("payment_id"), LONGEST_NUMBER) or event_id,
        "amount": amount,
        "currency": currency,
        "paid_at": _moment(sent.get("paid_at")),
        "note": _hidden(_text(sent.get("note"), LONGEST_NOTE)),
    }


def _text(value: Any, longest: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)[: longest + 1].strip() if isinstance(value, str) else str(value)
    return text if is_storable(text) and len(text) <= longest else ""


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 20:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 < amount <= LARGEST_AMOUNT or amount != round(amount, 2):
        return None
    return round(amount, 2)


def _number(value: Any) -> int | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    return int(text) if int(text) <= LARGEST_BIGINT else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None and 2015 <= moment.year <= 2199 else None


def without_cards(sent: Any, body: bytes) -> str:
    """Give the body with dots in place of everything that is, or looks like, a card."""
    text = (
        body.decode(errors="replace").replace("\0", "")
        if sent is None
        else json.dumps(_cleaned(sent), ensure_ascii=False)
    )
    return _hidden("".join(letter for letter in text if is_storable(letter)) if not is_storable(text) else text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {_hidden(name): HIDDEN if CARD_FIELD.search(name) else _cleaned(part) for name, part in value.items()}
    return [_cleaned(part) for part in value] if isinstance(value, list) else value


def _hidden(text: str) -> str:
    return CARD.sub(lambda found: HIDDEN if _is_card(found[0]) else found[0], text)


def _is_card(text: str) -> bool:
    """Luhn's sum, which every number of a card passes and one in ten other numbers does."""
    digits = [int(letter) for letter in text if letter.isdecimal()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
