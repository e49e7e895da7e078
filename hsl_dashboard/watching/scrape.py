"""/metrics: everything that Prometheus reads, for a token or a network that the settings name, and for nobody else."""

import os
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from hsl_dashboard.watching.numbers import SystemCollector
from hsl_dashboard.watching.requests import LOCAL
from hsl_dashboard.web.clients import client_address

PATH = "/metrics"


def answer_metrics(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware before those that look at the host: Prometheus asks by the machine's address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return system_metrics(request) if request.path == PATH else get_response(request)

    return middleware


@login_not_required
@require_safe
def system_metrics(request: HttpRequest) -> HttpResponse:
    if not may_scrape(authorization=request.headers.get("Authorization", ""), address=client_address(request)):
        return HttpResponseForbidden("METRICS_TOKEN or METRICS_NETWORKS says who may read this.", "text/plain")
    return HttpResponse(scrape(), CONTENT_TYPE_LATEST)


def answer_scrape(authorization: str, address: str) -> tuple[int, str, bytes]:
    """Answer on the port of the probes: status, type and content. No proxy stands in front of it."""
    if not may_scrape(authorization=authorization, address=address):
        return 403, "text/plain", b"forbidden"
    return 200, CONTENT_TYPE_LATEST, scrape()


def may_scrape(*, authorization: str, address: str) -> bool:
    """Whether the token is right, or the address lies in one of the networks."""
    token = settings.METRICS_TOKEN
    if token and constant_time_compare(authorization, f"Bearer {token}"):
        return True
    return any(ip_address(address) in network for network in settings.METRICS_NETWORKS)


def scrape() -> bytes:
    """Read everything: what the processes of this machine have counted, and what all machines share."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(LOCAL)
    registry.register(SystemCollector())
    return generate_latest(registry)
