"""What browsers report that a page tried against its policy: counted in Redis, shown on the page of the system.

Anybody can send such a report, so it is short, rare by address, and held to a hundred different ones.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from hsl_dashboard.availability import heartbeats
from hsl_dashboard.web.api.answers import ApiError
from hsl_dashboard.web.api.limits import Rate
from hsl_dashboard.web.clients import client_address

KEY = "hsl:violations"
KEPT = 30 * 24 * 60 * 60  # seconds after the last one
MOST = 100  # different ones
LARGEST = 16_384  # bytes of a report
LONGEST = 200  # characters of each part
REPORTS = Rate("browser-reports", 20)  # by one address


@dataclass(frozen=True)
class Violation:
    """What was tried against which part of the policy on which page, how often, and when last."""

    directive: str
    blocked: str
    page: str
    count: int
    last_at: datetime


@csrf_exempt
@login_not_required  # the sign-in page has a policy too
@require_POST
def browser_report(request: HttpRequest) -> HttpResponse:
    """Count what a browser reports by itself; it ignores the answer."""
    try:
        REPORTS.count(client_address(request))
    except ApiError as refusal:
        return HttpResponse(status=refusal.status, headers=refusal.headers)
    if len(request.body) > LARGEST:
        return HttpResponse(status=413)
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    for directive, blocked, page in _parts(told):
        _count(directive, blocked, page)
    return HttpResponse(status=204)


def violations() -> list[Violation]:
    """What was reported, the latest first.

    Raises:
        RedisError: it does not answer.
    """
    stored: Any = heartbeats.connect(settings.REDIS_URL).hgetall(KEY)
    found = []
    for row in map(json.loads, stored.values()):
        last_at = datetime.fromtimestamp(row.pop("last"), UTC)
        found.append(Violation(**row, last_at=last_at))
    return sorted(found, key=lambda violation: violation.last_at, reverse=True)


def forget_violations() -> None:
    heartbeats.connect(settings.REDIS_URL).delete(KEY)


def _parts(told: Any) -> Iterator[tuple[str, str, str]]:
    """Read both forms: one object of report-uri, a list of report-to; what is neither says nothing."""
    if isinstance(told, dict) and isinstance(told.get("csp-report"), dict):
        report = told["csp-report"]
        directive = report.get("effective-directive") or report.get("violated-directive")
        yield _text(directive), _address(report.get("blocked-uri")), _path(report.get("document-uri"))
    for entry in told[:10] if isinstance(told, list) else []:
        body = entry.get("body") if isinstance(entry, dict) and entry.get("type") == "csp-violation" else None
        if isinstance(body, dict):
            directive = _text(body.get("effectiveDirective"))
            yield directive, _address(body.get("blockedURL")), _path(body.get("documentURL"))


def _text(value: Any) -> str:
    return "".join(letter for letter in str(value or "") if letter.isprintable())[:LONGEST]


def _address(value: Any) -> str:
    """«inline», «eval», or where something is, without its query: an address may hold a name."""
    try:
        parts = urlsplit(_text(value))
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path


def _path(value: Any) -> str:
    try:
        return urlsplit(_text(value)).path
    except ValueError:
        return ""


def _count(directive: str, blocked: str, page: str) -> None:
    name = hashlib.sha256(json.dumps([directive, blocked, page]).encode()).hexdigest()[:16]
    try:
        redis: Any = heartbeats.connect(settings.REDIS_URL)
        before = redis.hget(KEY, name)
        if before is None and redis.hlen(KEY) >= MOST:
            return
        count = json.loads(before)["count"] + 1 if before else 1
        row = {"directive": directive, "blocked": blocked, "page": page, "count": count, "last": time.time()}
        redis.hset(KEY, name, json.dumps(row))
        redis.expire(KEY, KEPT)
    except RedisError:
        return
