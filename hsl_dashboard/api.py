"""The JSON API: the routes of every app under one roof, its health, and its own description."""

import json
import time
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from ninja import NinjaAPI, Router, Schema

from bookings.api import ROUTERS as BOOKINGS
from hsl_dashboard.availability.health import ready_response
from hsl_dashboard.web.api.answers import ApiError, error_answer
from hsl_dashboard.web.api.parameters import FirstOfMany
from hsl_dashboard.web.api.serving import NO_SUCH_ADDRESS, answer_errors, serve, served
from messaging.api import ROUTERS as MESSAGING
from users.api import router as users_router
from users.tokens.access import ApiAccess

VERSION = "1.0"

health = Router(tags=["debugging"])


class Health(Schema):
    """What the system depends on, each «ok» or what is wrong with it."""

    model_config = {"extra": "allow"}

    database: str
    redis: str


@health.get("/health", response={200: Health, 503: Health}, auth=ApiAccess(), summary="Health")
def api_health(request: HttpRequest) -> Any:
    """Database, Redis, workers and clocks; 503 when one of them is not as it should be."""
    response = ready_response()
    response["Cache-Control"] = "no-store"
    return response


class DatabaseTest(Schema):
    ok: bool
    latency_ms: float
    version: str
    pool: dict[str, int]


@health.get("/test-db", response=DatabaseTest, auth=ApiAccess(administrators=True), summary="The database")
def test_db(request: HttpRequest) -> Any:
    """How long a question takes, which version answers, how busy the pool of this process is."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        version = cursor.fetchone()[0]
    pool: Any = getattr(connection, "pool", None)
    return {
        "ok": True,
        "latency_ms": round((time.perf_counter() - began) * 1000, 2),
        "version": version,
        "pool": pool.get_stats() if pool else {},
    }


class Column(Schema):
    name: str
    type: str
    nullable: bool
    default: str | None


class Table(Schema):
    table: str
    columns: list[Column]


@health.get("/db-schema", response=list[Table], auth=ApiAccess(administrators=True), summary="Tables and columns")
def db_schema(request: HttpRequest) -> Any:
    """Every table with its columns; nothing that is in them."""
    tables: dict[str, list[dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type, is_nullable = 'YES', column_default"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
        )
        for table, name, kind, nullable, default in cursor.fetchall():
            column = {"name": name, "type": kind, "nullable": nullable, "default": default}
            tables.setdefault(table, []).append(column)
    return [{"table": table, "columns": columns} for table, columns in tables.items()]


api = NinjaAPI(
    title="HSL dashboard",
    version=VERSION,
    description="What the dashboard knows, for programs: the routes of the previous dashboard, made safe.",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=FirstOfMany(),
)
for router in (health, *BOOKINGS, users_router, *MESSAGING):
    api.add_router("", router)
answer_errors(api)


def openapi_json(request: HttpRequest) -> HttpResponse:
    """The description of every route; it holds no data, so nobody need sign in to read it."""
    return HttpResponse(json.dumps(described(), ensure_ascii=False), content_type="application/json")


def described() -> dict[str, Any]:
    return dict(api.get_openapi_schema(path_prefix="/api"))


def unknown_address(request: HttpRequest) -> HttpResponse:
    return error_answer(request, ApiError(404, NO_SUCH_ADDRESS))


urlpatterns = [
    path("openapi.json", serve(openapi_json), name="openapi_json"),
    path("", (served(api.urls[0]), "api", "api")),
    re_path(r"", serve(unknown_address), name="api_unknown_address"),
]
