"""What nobody thought of: requests made out of the API's own description; with LONG=1 twenty times as many."""

import json
import os
from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from hsl_dashboard.api.routes import description_of_api
from hsl_dashboard.web.api.limits import Rate

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1_200)]

EXAMPLES = 500 if os.environ.get("LONG") else 25
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(description_of_api()).get_all_operations()]


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CALLS", "CALLS_FROM", "WRITES", "REFUSED"):
        monkeypatch.setattr(f"users.tokens.access.{name}", Rate(name, 10**9))


def mistakes(operation: dict[str, Any], response: Any) -> list[str]:
    """Where an answer is not what the description says of its status."""
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    if str(response.status_code) not in answers:
        return [f"{response.status_code} is not described: {response.text[:200]}"]
    schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": description_of_api()["components"]})
    return [error.message for error in validator.iter_errors(json.loads(response.text))]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_request_breaks_a_route_every_answer_fits_and_nobody_passes_without_a_token(
    operation, api, school, unlimited
):
    described = description_of_api()["paths"][operation.path][operation.method]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        path = case.formatted_path
        query = {name: value for name, value in (case.query or {}).items() if isinstance(value, str | int)}
        has_body = isinstance(case.body, dict | list | str | int | float) or case.body is None
        body = {"data": json.dumps(case.body), "content_type": "application/json"} if has_body else {}
        for client, passes in ((api, True), (Client(raise_request_exception=False), False)):
            response = client.generic(
                case.method, path, query_params=query, **({"data": "", **body} if case.method != "GET" else {})
            )
            said = f"{case.method} {path} {query} {body}: {response.status_code}"
            assert response.status_code != 500, said
            if passes:
                assert mistakes(described, response) == [], said
            else:
                assert response.status_code in {401, 404, 405}, said

    check()
