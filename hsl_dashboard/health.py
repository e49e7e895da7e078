"""What a balancer asks: is the process alive, can it do its work."""

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


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
def health_ready(request: HttpRequest) -> JsonResponse:
    """Name what the process depends on and whether it answers; 503 when something does not."""
    answers = {"database": _database_answers(), "redis": _redis_answers()}
    return JsonResponse(
        {name: "ok" if fine else "down" for name, fine in answers.items()}, status=200 if all(answers.values()) else 503
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The database does not answer")
        return False
    return True


def _redis_answers() -> bool:
    try:
        cache.get("health")
    except RedisError:
        logger.exception("Redis does not answer")
        return False
    return True
