"""Answers of JSON routes: the three fields' types on the wire, and errors in the shape that scripts know."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import PlainSerializer, WithJsonSchema

from hsl_dashboard.web import logs
from hsl_dashboard.web.remembered import Remembered

FAILED = "Internal server error"


class Shape(StrEnum):
    """How a route of the previous dashboard says that something went wrong."""

    PLAIN = "plain"  # {"error": "…"}
    WITH_SUCCESS = "with success"  # {"success": false, "error": "…"}


class ApiError(Exception):
    """An answer that says no: ``details`` go into its body beside the words, ``headers`` into its headers."""

    def __init__(self, status: int, words: str, *, headers: dict[str, str] | None = None, **details: Any) -> None:
        super().__init__(words)
        self.status, self.words, self.details, self.headers = status, words, details, headers or {}


@dataclass
class Call:
    """What is known about the request at hand, before and after its route was found."""

    # The one that every line of the log has, and the answer in X-Request-ID.
    id: str = field(default_factory=lambda: logs.request_id.get() or uuid4().hex)
    shape: Shape = Shape.PLAIN
    failure: str = FAILED  # the route's documented words


def call_of(request: HttpRequest) -> Call:
    """The call of a request; it begins when somebody first asks."""
    call: Call | None = getattr(request, "api_call", None)
    if call is None:
        call = request.api_call = Call()  # type: ignore[attr-defined]
    return call


def json_answer(data: Any, *, status: int = 200) -> HttpResponse:
    """An answer of what is JSON already: a list of thousands is not read and written field by field once more."""
    return HttpResponse(
        json.dumps(data, ensure_ascii=False, separators=(",", ":")), content_type="application/json", status=status
    )


def error_answer(request: HttpRequest, error: ApiError) -> HttpResponse:
    """Say what went wrong in the shape of the route; a fault of ours carries the request id that is in the log."""
    call = call_of(request)
    body: dict[str, Any] = {"success": False} if call.shape is Shape.WITH_SUCCESS else {}
    body |= {"error": error.words, **error.details}
    if error.status >= 500:
        body["request_id"] = call.id
    response = json_answer(body, status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


def say_when_counted(response: HttpResponse, *counts: Remembered[Any]) -> None:
    """Name the moment of the oldest of some counts in a header, where not all were counted just now."""
    moments = [count.at for count in counts if count.at]
    if moments:
        response["X-Counted-At"] = iso_moment(min(moments))


class Refusal(Schema):
    """An error as most routes say it."""

    error: str


class RefusalWithSuccess(Schema):
    """An error as the routes of one person say it."""

    success: bool = False
    error: str


def iso_moment(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z, as JavaScript writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    PlainSerializer(iso_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T15:55:00.000Z"]}),
]
# Ids of people are strings on the wire, as the previous dashboard's driver gave a bigint.
PersonId = Annotated[
    int,
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^-?[0-9]+$", "examples": ["5111222333"]}),
]
CountAsText = Annotated[
    int, PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string", "pattern": "^[0-9]+$"})
]
