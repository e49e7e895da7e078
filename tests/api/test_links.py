"""Where each route leads, as the description says it: followed one by one, to the next piece of every list too."""

import json
from functools import reduce
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bookings.models import Booking, HackathonRegistration
from hsl_dashboard.api.links import LINKS
from hsl_dashboard.api.routes import description_of_api
from hsl_dashboard.web.api.cursors import by_key
from hsl_dashboard.web.api.description import SAMPLES, example_address, example_of_body
from messaging.models import Broadcast, Recipient
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    PaymentFactory,
    RecipientFactory,
    TelegramUserFactory,
)
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

PERSON, MESSAGE = int(SAMPLES["user_id"]), int(SAMPLES["message_id"])
SCHEMA = description_of_api()
ROUTES = {
    operation["operationId"]: (method, path, operation)
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
}
DESCRIBED = [
    (route, name, link)
    for route, (_method, _path, operation) in ROUTES.items()
    for name, link in {
        name: link for answer in operation["responses"].values() for name, link in answer.get("links", {}).items()
    }.items()
]


@pytest.fixture
def twice(school: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of everything, of which a piece has one."""
    monkeypatch.setitem(by_key.__kwdefaults__, "limit", 1)
    monkeypatch.setattr("messaging.delivery.tasks.wake_correction", lambda pk: None)
    TelegramUserFactory.create_batch(2)  # no students
    other = BookingFactory.create(course_stream="8th_stream", confirmed=2)
    EventFactory.create(telegram_user=other.telegram_user)
    PaymentFactory.create(booking=other)
    FreeLessonRegistrationFactory.create(telegram_user=other.telegram_user)
    for person in (PERSON, other.telegram_user_id):
        HackathonRegistration.objects.create(telegram_user_id=person)
    BroadcastFactory.create(state="finished")
    RecipientFactory.create(message_id=MESSAGE, telegram_user=other.telegram_user)


def prepare(route: str) -> None:
    """Let the example of a route be possible."""
    in_stream = "7th_stream" if route == "user_stream_change" else "8th_stream"
    Booking.objects.filter(telegram_user=PERSON).update(course_stream=in_stream)
    fold_marked_people()
    state = {"message_resume": "paused", "message_recipients": "finished"}.get(route, "sending")
    Broadcast.objects.filter(pk=MESSAGE).update(state=state)
    if state == "finished":
        Recipient.objects.update(state="sent", telegram_message_id=5, sent_at=timezone.now())


def ask(api: Client, method: str, address: str, body: Any) -> Any:
    data = {"data": json.dumps(body), "content_type": "application/json"} if body else {}
    return api.generic(method.upper(), address, **data)


def value_of(expression: Any, response: Any) -> Any:
    """What an expression of a link means after this answer."""
    if isinstance(expression, dict):
        return {name: value_of(part, response) for name, part in expression.items()}
    if isinstance(expression, list):
        return [value_of(part, response) for part in expression]
    if not str(expression).startswith("$"):
        return expression
    if expression.startswith("$request."):
        return SAMPLES[expression.rpartition(".")[2]]
    if expression.startswith("$response.header."):
        return response[expression.rpartition(".")[2]]
    steps = expression.removeprefix("$response.body#/").split("/")
    return reduce(lambda value, step: value[int(step) if isinstance(value, list) else step], steps, response.json())


def test_every_link_leads_where_it_says(api: Client, twice: None):
    for route, name, link in DESCRIBED:
        before = transaction.savepoint()
        prepare(route)
        method, path, operation = ROUTES[route]
        address = example_address(path, operation.get("parameters", []))
        if name == "next" and any(each["name"] == "limit" for each in operation["parameters"]):
            address += f"{'&' if '?' in address else '?'}limit=1"
        first = ask(api, method, address, example_of_body(SCHEMA, operation))
        assert first.status_code < 300, f"{route}: {address} {first.text}"

        method, path, _operation = ROUTES[link["operationId"]]
        values = value_of(link["parameters"], first)
        query = {key: value for key, value in values.items() if f"{{{key}}}" not in path}
        second = ask(
            api, method, f"{path.format(**values)}?{urlencode(query)}", value_of(link.get("requestBody"), first)
        )
        assert second.status_code < 300, f"{route} -> {name}: {values} {second.text}"
        if name == "next":
            assert first.json() != second.json() and second.json(), route
        transaction.savepoint_rollback(before)


def test_every_link_is_of_a_route_that_is_served_and_every_growing_list_leads_on():
    assert LINKS.keys() <= ROUTES.keys()
    assert {(route, name) for route, links in LINKS.items() for name in links} <= {each[:2] for each in DESCRIBED}
    in_pieces = {route for route, name, _link in DESCRIBED if name == "next"}
    assert in_pieces == {
        "bookings", "debug_events", "free_lessons", "message_recipients", "messages_history", "payments",
        "stream_students", "users_by_stream", "users_hackathon", "users_list", "users_non_course",
    }  # fmt: skip
