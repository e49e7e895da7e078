"""What each request costs, counted in the process that answers it; gunicorn's processes share their counts by files.

Labels are names of views, methods and statuses: as many as the code has, whatever people ask for.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hsl_dashboard.availability import tallies

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# seconds: what a page may take (docs/performance.md), up to the limit of a statement.
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)

LOCAL = CollectorRegistry()
requests = Counter("hsl_requests", "Requests answered.", ["view", "method", "status"], registry=LOCAL)
seconds = Histogram("hsl_request_seconds", "Time until the answer began.", ["view"], buckets=BUCKETS, registry=LOCAL)
queries = Counter("hsl_database_queries", "Statements sent to PostgreSQL by pages.", ["view"], registry=LOCAL)
query_seconds = Counter(
    "hsl_database_query_seconds", "Time that pages waited for PostgreSQL.", ["view"], registry=LOCAL
)
# Of the processes that live, together.
_pool = {
    "pool_size": Gauge(
        "hsl_pool_connections", "Open connections to PostgreSQL.", registry=LOCAL, multiprocess_mode="livesum"
    ),
    "pool_available": Gauge(
        "hsl_pool_connections_idle", "Those that nobody uses.", registry=LOCAL, multiprocess_mode="livesum"
    ),
    "pool_max": Gauge(
        "hsl_pool_connections_limit", "As many may be open.", registry=LOCAL, multiprocess_mode="livesum"
    ),
    "requests_waiting": Gauge(
        "hsl_pool_waiting", "Threads that wait for a connection.", registry=LOCAL, multiprocess_mode="livesum"
    ),
}


class _Statements:
    """Counts the statements of one request, and their time."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*statement)
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - began


def measure_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware behind the probes and around everything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began, statements = time.perf_counter(), _Statements()
        with connection.execute_wrapper(statements):
            response = get_response(request)
        view = view_of(request)
        method = request.method if request.method in METHODS else "other"
        requests.labels(view, method, response.status_code).inc()
        seconds.labels(view).observe(time.perf_counter() - began)
        queries.labels(view).inc(statements.count)
        query_seconds.labels(view).inc(statements.seconds)
        _measure_pool()
        if response.status_code >= 500:
            tallies.add_up({("error", "page"): 1})
        return response

    return middleware


def view_of(request: HttpRequest) -> str:
    """The name of the view that answered, never the address: that may be anything, and hold anything."""
    if request.resolver_match:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def _measure_pool() -> None:
    pool = getattr(connection, "pool", None)
    if pool is not None:
        stats = pool.get_stats()
        for name, gauge in _pool.items():
            gauge.set(stats.get(name, 0))
