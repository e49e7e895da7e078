"""Requests that come twice: the same Idempotency-Key gets the same answer for a day, and the work is done once."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from hsl_dashboard.db import is_storable
from hsl_dashboard.web.api.answers import ApiError, json_answer
from hsl_dashboard.web.api.description import LONGEST_KEY, ONCE_KEY
from users.models import ApiAnswer
from users.tokens.access import Caller
from users.tokens.services import ANSWERS_KEPT

OTHER_REQUEST = "This Idempotency-Key was used for another request"


def key_of(request: HttpRequest) -> str:
    """The key of a request, or nothing.

    Raises:
        ApiError: it is too long, or no text.
    """
    key = request.headers.get(ONCE_KEY, "")
    if len(key) > LONGEST_KEY or not is_storable(key):
        raise ApiError(400, f"{ONCE_KEY} must be at most {LONGEST_KEY} characters")
    return key


def answered_once(request: HttpRequest, caller: Caller, work: Callable[[], Any]) -> HttpResponse:
    """Do the work and keep its answer, in one transaction; give the kept one where it was done already.

    Of two at once the second waits at the unique key, then finds the answer of the first. A refusal is not kept:
    nothing was done.
    """
    key = key_of(request)
    if not key:
        return json_answer(work())
    with transaction.atomic():
        row, is_new = claim(request, caller, key)
        if not is_new and row.status is not None:
            return json_answer(row.body, status=row.status)
        body = work()
        keep(row, body)
    return json_answer(body)


def claim(request: HttpRequest, caller: Caller, key: str) -> tuple[ApiAnswer, bool]:
    """Find or make the row of a key; whether it is new.

    Raises:
        ApiError: the key was used for another request.
    """
    fingerprint = hashlib.sha256(
        b"\0".join([str(request.method).encode(), request.get_full_path().encode(), _canonical(request.body)])
    ).hexdigest()
    ApiAnswer.objects.filter(caller=caller.name, key=key, created_at__lt=timezone.now() - ANSWERS_KEPT).delete()
    row, is_new = ApiAnswer.objects.get_or_create(caller=caller.name, key=key, defaults={"fingerprint": fingerprint})
    if row.fingerprint != fingerprint:
        raise ApiError(409, OTHER_REQUEST)
    return row, is_new


def keep(row: ApiAnswer, body: Any, *, status: int = 200) -> None:
    ApiAnswer.objects.filter(pk=row.pk).update(status=status, body=body)


def _canonical(body: bytes) -> bytes:
    """The same JSON is the same request, whatever its spaces and the order of its fields."""
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return body
