"""The API over HTTP: a client written from the documents, and walks along the links of the description."""

import os
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.errors import FlakyStrategyDefinition

from bookings.models import Booking
from demo.sandbox.client import run_sandbox
from hsl_dashboard.api.routes import description_of_api
from tests.api.documented_client import Dashboard, Refused
from tests.api.stack import running_web
from tests.api.test_properties import mistakes
from tests.factories import BookingFactory, EventFactory, PaymentFactory, StreamFactory, UserFactory
from users.models import ApiToken
from users.tokens.services import create_api_token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1_800 if os.environ.get("LONG") else 120)]

AT_ONCE = 12  # walks out of one tree of choices
WALKS, STEPS = (500, 12) if os.environ.get("LONG") else (AT_ONCE, 8)


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    with run_sandbox() as telegram, running_web(telegram, tmp_path / "web.log") as address:
        yield address


@pytest.fixture
def secret(transactional_db: None) -> str:
    owner = UserFactory.create(is_superuser=True)
    scopes = list(ApiToken.Scope.values)
    return create_api_token(owner=owner, name="script", scopes=scopes, expires_at=None, by=owner).secret


def test_on_the_running_server_a_documented_client_works_and_no_walk_along_the_links_breaks_it(web: str, secret: str):
    StreamFactory.create(code="7th_stream", name="7-й поток")
    StreamFactory.create()
    booking = BookingFactory.create(confirmed=1)
    for other in BookingFactory.create_batch(4):
        EventFactory.create(telegram_user=other.telegram_user)
        PaymentFactory.create(booking=other)

    use_as_a_newcomer(Dashboard(web, secret), booking)
    with pytest.raises(Refused, match="401"):
        Dashboard(web, "hsl_wrong").get("/api/stats")
    walked = walk(web, secret)

    assert walked


def use_as_a_newcomer(school: Dashboard, booking: Booking) -> None:
    person = f"/api/users/{booking.telegram_user_id}"

    assert school.get("/api/stats") == school.get("/api/stats")
    assert len(list(school.all("/api/bookings?limit=2"))) == 5
    changed = school.send("PATCH", f"{person}/bookings", {"updates": {"confirmed": 2, "discount_percent": 10}})
    moved = school.send("PATCH", f"{person}/stream", {"newStream": "7th_stream"})
    assert (changed["success"], moved["bookingId"]) == (True, booking.pk)
    assert school.get(person)["bookings"][0]["course_stream"] == "7th_stream"
    assert len(list(school.all("/api/payments?limit=3"))) == 4
    with pytest.raises(Refused, match=r"409|400"):
        school.send("PATCH", f"{person}/stream", {"newStream": "7th_stream"})
    assert Booking.objects.get(pk=booking.pk).confirmed == 2


@dataclass
class Notes:
    """What walks led to, and what they broke."""

    begun: int = 0
    walked: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def learn(self, input: Any, response: Any) -> None:
        """Note the link that led to a success, and hold the state of a message against what was done to it."""
        if input.transition is not None:
            self.walked.add(input.transition.id)
        route, message = input.case.operation.path, str(input.case.path_parameters.get("message_id"))
        self.cancelled |= {message} if route.endswith("/cancel") else set()
        if route == "/api/messages/{message_id}":
            assert (response.json()["state"] == "cancelled") == (message in self.cancelled)


def machine_that_walks(address: str, secret: str, notes: Notes) -> Any:
    class Walk(walking_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            super().setup()
            notes.begun += 1

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {secret}", "Prefer": "respond-async"}
            return {"base_url": address, "headers": headers, "timeout": 60}

        def step(self, input: Any) -> Any:
            input.case.headers = {}
            try:
                output = super().step(input)
                if output.response.status_code < 300:
                    notes.learn(input, output.response)
            except AssertionError as error:
                notes.broken.append(str(error))
                raise
            return output

        def validate_response(self, response: Any, case: Any, **_options: Any) -> None:
            assert_as_described(response, case)

    return Walk


def walk(address: str, secret: str) -> set[str]:
    """Walk along the links; the names of those that led to a success.

    The school keeps what walks did to it: what led on once may be refused later. Hypothesis then finds that its tree
    of choices does not hold, and a new one is begun; what a walk broke is noted apart, and is never lost with its tree.
    """
    notes = Notes()
    machine = machine_that_walks(address, secret, notes)
    limits = settings(
        max_examples=AT_ONCE, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    while notes.begun < WALKS and not notes.broken:
        with suppress(FlakyStrategyDefinition):
            machine.run(settings=limits)
    assert notes.broken == []
    return notes.walked


def assert_as_described(response: Any, case: Any) -> None:
    described = description_of_api()["paths"][case.operation.path][case.operation.method]
    said = f"{case.method} {case.formatted_path} {case.query} {case.body}: {response.status_code} {response.text[:500]}"
    assert response.status_code < 500 or case.operation.path == "/api/health", said
    if response.headers.get("content-type", [""])[0].startswith("application/json"):
        assert mistakes(described, response) == [], said


def walking_machine() -> Any:
    return schemathesis.openapi.from_dict(with_whole_bodies()).as_state_machine()


def with_whole_bodies() -> dict[str, Any]:
    """The description, where the body of a link is all of the body, and nothing is made up beside it."""
    schema = deepcopy(description_of_api())
    for methods in schema["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for link in answer.get("links", {}).values():
                    link["x-schemathesis"] = {"merge_body": False}
    return schema
