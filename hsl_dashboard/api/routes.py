"""The JSON API: the routes of every app under one roof, its health, and its own description."""

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router, Schema
from ninja.operation import Operation
from ninja.renderers import JSONRenderer

from analytics.api import ROUTERS as ANALYTICS
from bookings.api import ROUTERS as BOOKINGS
from hsl_dashboard.api.links import describe_links
from hsl_dashboard.availability.health import ready_response
from hsl_dashboard.db import run_sql, sql_value
from hsl_dashboard.web.api.answers import ApiError, Refusal, RefusalWithSuccess, error_answer
from hsl_dashboard.web.api.description import REFUSALS, chapters, describe_door, describe_key
from hsl_dashboard.web.api.parameters import FirstOfMany
from hsl_dashboard.web.api.serving import NO_SUCH_ADDRESS, answer_errors, serve, served
from messaging.api import ROUTERS as MESSAGING
from users.api import router as users_router
from users.models import ApiToken
from users.saved.feeds import feed_csv
from users.tokens.access import DEBUGGING, ApiAccess

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


@health.get("/test-db", response=DatabaseTest, auth=ApiAccess(DEBUGGING), summary="The database")
def test_db(request: HttpRequest) -> Any:
    """How long a question takes, which version answers, how busy the pool of this process is."""
    began = time.perf_counter()
    version = sql_value("SELECT current_setting('server_version')")
    pool: Any = getattr(connection, "pool", None)
    return {
        "ok": True,
        "latency_ms": round((time.perf_counter() - began) * 1000, 2),
        "version": version,
        "pool": pool.get_stats() if pool else {},
    }


class ColumnJson(Schema):
    name: str
    type: str
    nullable: bool
    default: str | None


class TableJson(Schema):
    table: str
    columns: list[ColumnJson]


@health.get("/db-schema", response=list[TableJson], auth=ApiAccess(DEBUGGING), summary="Tables and columns")
def db_schema(request: HttpRequest) -> Any:
    """Every table with its columns; nothing that is in them."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, name, kind, nullable, default in run_sql(
        "SELECT table_name, column_name, data_type, is_nullable = 'YES', column_default"
        " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
    ):
        column = {"name": name, "type": kind, "nullable": nullable, "default": default}
        tables.setdefault(table, []).append(column)
    return [{"table": table, "columns": columns} for table, columns in tables.items()]


class ReadableRenderer(JSONRenderer):
    """JSON in UTF-8 as it is, which is a third of its length where a letter is six characters otherwise."""

    json_dumps_params: Mapping[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}


class DashboardAPI(NinjaAPI):
    """Routes whose names are those of their functions: programs made out of the description call them so."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


api = DashboardAPI(
    title="HSL dashboard",
    version=VERSION,
    description="What the dashboard knows, for programs: the routes of the previous dashboard, made safe.",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=FirstOfMany(),
    renderer=ReadableRenderer(),
)
for router in (*BOOKINGS, *ANALYTICS, *MESSAGING, users_router, health):
    api.add_router("", router)
answer_errors(api)


# Beside REFUSALS, what routes answer in words of their own.
REFUSED = {
    "202": "Accepted: the message is being sent, and its own route tells the rest",
    "400": "A parameter or a body that cannot be; error says which",
    "404": "There is no such person, booking, message or payment",
    "409": "Somebody was faster (current says what is so now), or the Idempotency-Key was used for another request",
    "422": "The school's rules forbid the change, or want a reason",
}


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The description of every route; it holds no data, so nobody need sign in to read it."""
    return HttpResponse(json.dumps(description_of_api(), ensure_ascii=False), content_type="application/json")


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The same for people: no program of others, which the policy of pages would not let in."""
    context = {
        "chapters": chapters(description_of_api()),
        "address": request.build_absolute_uri("/").rstrip("/"),
        "scopes": ApiToken.Scope.choices,
        "refusals": sorted((REFUSED | REFUSALS).items()),
    }
    return render(request, "api/api_docs.html", context)


@cache
def description_of_api() -> dict[str, Any]:
    """OpenAPI 3.1, with what each door takes and how it refuses, and where each route leads."""
    schema: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="/api"))
    for router in api._get_bound_routers():
        for place, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    described = schema["paths"][f"/api{place}"][method.lower()]
                    describe_door(described, cast("ApiAccess", operation.auth_callbacks[0]))
                    describe_key(described, method)
                    describe_links(described)
    schemas = schema["components"]["schemas"]
    schemas |= {model.__name__: model.model_json_schema() for model in (Refusal, RefusalWithSuccess)}
    schema["components"]["securitySchemes"]["session"] = {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "A signed-in browser; its writes send X-CSRFToken.",
    }
    return schema


def api_unknown_address(request: HttpRequest) -> HttpResponse:
    return error_answer(request, ApiError(404, NO_SUCH_ADDRESS))


# Without ninja's own root, which leads to a page of its own.
ROUTES = [entry for entry in api.urls[0] if getattr(entry, "name", "") != "api-root"]

urlpatterns = [
    path("openapi.json", serve(openapi_json), name="openapi_json"),
    path("docs", api_docs, name="api_docs"),
    path("feed/<str:token>.csv", serve(feed_csv), name="feed_csv"),
    path("", (served(ROUTES), "api", "api")),
    re_path(r"", serve(api_unknown_address), name="api_unknown_address"),
]
