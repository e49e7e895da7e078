"""What nobody thought of: requests made out of the API's own description; with LONG=1 twenty times as many."""

import hashlib
import json
import os
from functools import cache
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from hsl_dashboard.api.routes import description_of_api
from hsl_dashboard.web.api.limits import Rate
from tests.api.conftest import client_of
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1_200 if os.environ.get("LONG") else 120)]

EXAMPLES = 500 if os.environ.get("LONG") else 25
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(description_of_api()).get_all_operations()]
SIGNED = "/api/payments/webhook"  # opened by a signature over the body alone
# What a viewer may not read; whoever only reads changes nothing either.
NOT_FOR_VIEWERS = {
    "/api/test-db", "/api/db-schema", "/api/debug-events", "/api/payments", "/api/payments/{payment_id}",
}  # fmt: skip
NOT_THERE = {401}  # for nobody: not even whether something is there
CLOSED = {401, 403}
_fitting: set[tuple[str, str]] = set()


@pytest.fixture
def opened(school: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data to ask for, however often a test asks."""
    for name in ("CALLS", "CALLS_FROM", "WRITES", "REFUSED"):
        monkeypatch.setattr(f"users.tokens.access.{name}", Rate(name, 10**9))


def mistakes(operation: dict[str, Any], response: Any) -> list[str]:
    """Where an answer is not what the description says of its status."""
    status = str(response.status_code)
    if status not in operation["responses"]:
        return [f"{status} is not described: {response.text[:200]}"]
    answer = f"{operation['operationId']} {status}", hashlib.sha256(response.text.encode()).hexdigest()
    if answer in _fitting:
        return []  # the same answer again
    found = [error.message for error in validator_of(operation["operationId"], status).iter_errors(response.json())]
    if not found:
        _fitting.add(answer)
    return found


@cache
def validator_of(route: str, status: str) -> Draft202012Validator:
    schema = description_of_api()
    described = next(
        operation
        for path in schema["paths"].values()
        for operation in path.values()
        if operation["operationId"] == route
    )
    answer = described["responses"][status]["content"]["application/json"]["schema"]
    return Draft202012Validator({**answer, "components": schema["components"]})


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_request_breaks_a_route_every_answer_fits_and_it_opens_only_to_whom_it_should(
    operation, api, staff, viewer, opened
):
    described = description_of_api()["paths"][operation.path][operation.method]
    is_read = operation.method == "get"
    signed = operation.path == SIGNED
    # Whom to try, and whether the route opens to them.
    others = {
        "nobody": (Client(raise_request_exception=False), False),
        "a viewer's token": (client_of(viewer), is_read and operation.path not in NOT_FOR_VIEWERS),
        "a token that only reads": (client_of(staff, "read"), is_read),
        "an unknown token": (
            Client(headers={"Authorization": "Bearer hsl_unknown"}, raise_request_exception=False),
            False,
        ),
    }
    turns = cycle(others)
    # Where there is nothing to choose, everybody asks once.
    takes_something = described.get("parameters") or described.get("requestBody")

    @settings(
        max_examples=EXAMPLES if takes_something else len(others),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        who = next(turns)
        for name, client, opens in (("everything", api, not signed), (who, *others[who])):
            response = ask(client, case)
            said = f"{name}: {case.method} {case.formatted_path} {case.query} {case.body}: {response.status_code}"
            assert response.status_code < 500 or operation.path == "/api/health", said
            if opens:
                assert response.status_code not in CLOSED and mistakes(described, response) == [], said
            elif response.status_code not in {404, 405}:  # an address that is no route's has no door
                assert response.status_code in (CLOSED if "token" in name else NOT_THERE), said

    check()


def ask(client: Client, case: Any) -> Any:
    query = {name: value for name, value in (case.query or {}).items() if isinstance(value, str | int)}
    has_body = isinstance(case.body, dict | list | str | int | float) or case.body is None
    body = {"data": json.dumps(case.body), "content_type": "application/json"} if has_body else {}
    return client.generic(
        case.method, case.formatted_path, query_params=query, **({"data": "", **body} if case.method != "GET" else {})
    )


def test_every_operation_is_closed_to_whom_its_description_closes_it(viewer: User):
    """The table above against the description: a route that is new must be thought of in both."""
    for path, methods in description_of_api()["paths"].items():
        for method, operation in methods.items():
            opens = viewer.has_perms(operation["x-permissions"]) and operation["x-scope"] == "read"
            assert opens == (method == "get" and path not in NOT_FOR_VIEWERS), path
