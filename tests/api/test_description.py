"""What the API says of itself: OpenAPI 3.1 that is true, a page without programs of others, examples that work."""

import json
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from hsl_dashboard.api.routes import api, description_of_api
from hsl_dashboard.web.api.description import chapters
from users.models import ApiToken

pytestmark = pytest.mark.django_db

FOLLOW = ("message_resume", "message_cancel", "messages_delete", "api_health", "payments_webhook")


def test_anybody_may_read_it(client: Client):
    schema = client.get("/api/openapi.json").json()

    assert schema["openapi"].startswith("3.1")
    assert set(schema["components"]["securitySchemes"]) == {"ApiAccess", "SignedAccess", "session"}


def test_every_served_route_is_described_with_its_door():
    described = {(path, method) for path, methods in description_of_api()["paths"].items() for method in methods}
    served = {
        (f"/api{path}", method.lower())
        for router in api._get_bound_routers()
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }

    assert described == served and len(served) > 30
    for methods in description_of_api()["paths"].values():
        for operation in methods.values():
            assert {"401", "403", "429"} <= {str(status) for status in operation["responses"]}
            assert operation["description"] and operation["x-scope"]


def test_the_page_needs_no_program_and_names_every_route(staff_client: Client):
    page = staff_client.get("/api/docs").text

    main = page.partition("<main")[2].partition("</main")[0]
    assert "<script" not in main and "style=" not in main
    for path in description_of_api()["paths"]:
        assert path in main


def test_the_page_signs_the_example_that_a_signature_opens(staff_client: Client):
    """As the document does, whose example a test runs; a token would not open it."""
    card = unescape(staff_client.get("/api/docs").text.partition('id="payments_webhook"')[2].partition("</details>")[0])
    document = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    signing = next(line for line in document.splitlines() if line.startswith("SIGNATURE="))

    assert signing in card and "X-Signature: sha256=$SIGNATURE" in card and "Bearer" not in card


def test_the_page_says_what_a_field_means_what_a_scope_opens_and_how_a_write_is_done_once(staff_client: Client):
    page = unescape(staff_client.get("/api/docs").text)

    def card(route: str) -> str:
        return page.partition(f'id="{route}"')[2].partition("</details>")[0]

    changing, deleting = card("user_bookings_change"), card("messages_delete")
    assert "updates.confirmed" in changing and "−1 cancelled, 1 pending, 2 confirmed" in changing
    assert "Idempotency-Key: $(uuidgen)" in changing and "<code>422</code>" in changing
    assert "messageId=72&userId=5111222333" in deleting and "Idempotency-Key" not in deleting
    assert all(f"<dt><code>{scope}</code></dt>" in page for scope in ApiToken.Scope.values)
    assert "``" not in page


def test_the_examples_of_the_page_work_and_answer_as_described(api, school):
    schema = description_of_api()
    for _chapter, routes in chapters(schema):
        for route in routes:
            if route.name.endswith(FOLLOW):
                continue  # they follow upon others; tests of their own hold them
            body = {"data": route.body, "content_type": "application/json"} if route.body else {}
            response = getattr(api, route.method.lower())(route.example, **body)
            answers = schema["paths"][route.path][route.method.lower()]["responses"]
            said = f"{route.method} {route.example}: {response.status_code} {response.text[:300]}"
            assert response.status_code < 300, said
            answer = answers.get(str(response.status_code)) or answers.get(response.status_code)
            part = {**answer["content"]["application/json"]["schema"], "components": schema["components"]}
            mistakes = [error.message for error in Draft202012Validator(part).iter_errors(json.loads(response.text))]
            assert mistakes == [], said


def test_the_page_says_what_a_write_answers_with_either_success_and_what_must_be_given(staff_client: Client):
    page = unescape(staff_client.get("/api/docs").text)

    def card(route: str) -> str:
        return page.partition(f'id="{route}"')[2].partition("</details>")[0]

    sending, payment, detail = card("messages_send"), card("payments_webhook"), card("message_detail")
    accepted = sending.partition("<code>202</code></h4>")[2]
    assert "pending_count: integer" in accepted and "errors?: [{  // where somebody failed" in sending
    assert "<code>Prefer</code>" in sending and "message.buttons[].callback_data" in sending
    assert all(f"<code>{name}</code>" in payment for name in ("X-Timestamp", "X-Signature"))
    assert "finished or cancelled" in detail and "api/feed/hsl_feed_" in page
    needed = [part.partition("</code>")[0] for part in payment.split("<dt><code>") if "обязательно" in part]
    assert needed == ["X-Timestamp", "X-Signature", "event_id", "type", "booking_id", "amount", "currency"]
