"""What a balancer and an alert ask: is the process alive, can the whole system do its work."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from hsl_dashboard.availability import heartbeats
from hsl_dashboard.availability.limits import TimeLimits, within
from hsl_dashboard.availability.patience import PatientConnection

logger = logging.getLogger(__name__)

FINE = "ok"
PROBE = TimeLimits(statement=2, lock=2, idle=2)
# Small, and real: a message into the write-ahead log, committed. Whether the tables may be written is the role's right.
WRITE = """
    SELECT pg_logical_emit_message(true, 'hsl_dashboard', 'ready'),
        current_setting('transaction_read_only') = 'on'
            OR NOT coalesce(has_table_privilege(to_regclass('django_session'), 'INSERT'), true)
"""


def answer_probes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware before all others: who probes asks by the machine's address, which is not in ALLOWED_HOSTS."""
    probes = {"/health/live": health_live, "/health/ready": health_ready}

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = probes.get(request.path)
        return probe(request) if probe else get_response(request)

    return middleware


@login_not_required
@require_safe
def health_live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def health_ready(request: HttpRequest) -> HttpResponse:
    return ready_response()


def ready_response() -> HttpResponse:
    """Name what the system depends on and how it is; 503 when something is not as it should be."""
    answers = {"database": _database(), "redis": _redis(), **_work(), "clocks": _clocks()}
    return JsonResponse(answers, status=200 if set(answers.values()) == {FINE} else 503)


@contextmanager
def probe_connection() -> Iterator[PatientConnection]:
    """Open a connection of its own: those of the pages may all be taken.

    Raises:
        psycopg.Error: the database does not answer.
    """
    parameters = {**connection.get_connection_params(), "connect_timeout": 2, "autocommit": True}
    with within(PROBE), PatientConnection.connect(**parameters) as probe:
        yield probe


def _database() -> str:
    """Read and write."""
    try:
        with probe_connection() as probe:
            row = probe.execute(WRITE).fetchone()
    except psycopg.errors.ReadOnlySqlTransaction:
        return "read-only"
    except psycopg.Error as error:
        logger.warning("The database does not answer: %s", str(error).strip())
        return "down"
    return "read-only" if row and row[1] else FINE


def _redis() -> str:
    try:
        heartbeats.connect(settings.REDIS_URL).set("hsl:ready", 1, px=60_000)
        heartbeats.connect(settings.REDIS_URL).get("hsl:ready")
    except RedisError as error:
        logger.warning("Redis does not serve: %s", error)
        return "down"
    return FINE


def _work() -> dict[str, str]:
    silent = {one.what: one.since for one in heartbeats.silences()}
    names = [*(f"worker-{queue}" for queue in heartbeats.QUEUES), heartbeats.BEAT]
    return {name: _silence(silent.get(name)) if {name, "redis"} & silent.keys() else FINE for name in names}


def _silence(since: datetime | None) -> str:
    return f"silent since {since.isoformat(timespec='seconds')}" if since else "not seen"


def _clocks() -> str:
    try:
        return ", ".join(heartbeats.clocks_apart()) or FINE
    except RedisError:
        return "not known"
