"""The API over HTTP: a client written from the documents, and requests made out of the description."""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking
from hsl_dashboard.api.routes import description_of_api
from hsl_dashboard.web.api.limits import Rate
from tests.api.documented_client import Dashboard, Refused
from tests.api.test_properties import mistakes
from tests.factories import BookingFactory, StreamFactory, UserFactory
from users.models import ApiToken
from users.tokens.services import create_api_token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1_800)]

# In a process the same is asked 25 times (test_properties.py); here it is about what HTTP does to it.
EXAMPLES = 500 if os.environ.get("LONG") else 3


@pytest.fixture
def secret(transactional_db: None) -> str:
    owner = UserFactory.create(is_superuser=True)
    scopes = list(ApiToken.Scope.values)
    return create_api_token(owner=owner, name="script", scopes=scopes, expires_at=None, by=owner).secret


def test_a_client_written_from_the_documents_works(live_server: LiveServer, secret: str):
    StreamFactory.create(code="7th_stream", name="7-й поток")
    StreamFactory.create()
    booking = BookingFactory.create(confirmed=1)
    BookingFactory.create_batch(4)
    school = Dashboard(live_server.url, secret)
    person = f"/api/users/{booking.telegram_user_id}"

    assert school.get("/api/stats") == school.get("/api/stats")
    assert len(list(school.all("/api/bookings?limit=2"))) == 5
    changed = school.send("PATCH", f"{person}/bookings", {"updates": {"confirmed": 2, "discount_percent": 10}})
    moved = school.send("PATCH", f"{person}/stream", {"newStream": "7th_stream"})
    assert (changed["success"], moved["bookingId"]) == (True, booking.pk)
    assert school.get(person)["bookings"][0]["course_stream"] == "7th_stream"
    assert list(school.all("/api/payments")) == []
    with pytest.raises(Refused, match=r"409|400"):
        school.send("PATCH", f"{person}/stream", {"newStream": "7th_stream"})
    with pytest.raises(Refused, match="401"):
        Dashboard(live_server.url, "hsl_wrong").get("/api/stats")
    assert Booking.objects.get(pk=booking.pk).confirmed == 2


def test_over_http_nothing_breaks_every_answer_fits_and_nobody_passes_without_a_token(
    live_server: LiveServer, secret: str, school: None, monkeypatch: pytest.MonkeyPatch
):
    for name in ("CALLS", "CALLS_FROM", "WRITES", "REFUSED"):
        monkeypatch.setattr(f"users.tokens.access.{name}", Rate(name, 10**9))
    for found in schemathesis.openapi.from_dict(description_of_api()).get_all_operations():
        ask(found.ok(), live_server.url, secret)


def ask(operation: Any, address: str, secret: str) -> None:
    described = description_of_api()["paths"][operation.path][operation.method]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        case.headers = {}
        answered = case.call(base_url=address, headers={"Authorization": f"Bearer {secret}"})
        refused = case.call(base_url=address, headers={"Authorization": ""})
        said = f"{case.method} {case.formatted_path} {case.query} {case.body}"
        assert answered.status_code != 500, said
        if answered.headers.get("content-type", [""])[0].startswith("application/json"):
            assert mistakes(described, answered) == [], said
        assert refused.status_code in {400, 401, 404, 405}, f"{said}: {refused.status_code}"

    check()
