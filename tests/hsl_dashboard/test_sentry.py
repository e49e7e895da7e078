"""Error reports: off unless asked for, never with what belongs to people, and a wrong address is named."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from hsl_dashboard import sentry
from tests.hsl_dashboard.production import run_check

DSN = "https://key@sentry.example.org/1"


def fail(request: HttpRequest) -> HttpResponse:
    name = request.POST["name"]
    raise RuntimeError(f"the page failed at letter {len(name)}")


def feed(request: HttpRequest, token: str) -> HttpResponse:
    raise RuntimeError("the feed failed")


urlpatterns = [path("fail/", fail), path("api/feed/<str:token>.csv", feed)]


class Kept(Transport):
    """Keeps what would have been sent."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.events.append(envelope.get_event())


@pytest.fixture
def reports() -> Iterator[list[Any]]:
    sentry.start(DSN)
    client = sentry_sdk.get_client()
    if client.transport:
        client.transport.kill()
    kept = client.transport = Kept()
    yield kept.events
    client.transport = None
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_an_error_is_reported_without_what_belongs_to_people(reports, settings):
    settings.MIDDLEWARE = []

    Client(raise_request_exception=False).post("/fail/?q=Секретная", {"name": "Секретная"}, REMOTE_ADDR="10.1.2.3")

    [report] = reports
    assert report["exception"]["values"][0]["value"] == "the page failed at letter 9"
    assert "Секретная" not in str(report)
    assert "10.1.2.3" not in str(report)


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_an_error_of_a_feed_is_reported_without_its_address(reports, settings):
    settings.MIDDLEWARE = []
    request = RequestFactory().get("/api/feed/hsl_feed_0123456789abcdef.csv")

    WSGIHandler()(request.environ, lambda *_answer: None)  # as a server calls it: Client tells Sentry no address

    [report] = reports
    assert report["request"]["url"].endswith("/api/feed/hsl_….csv")
    assert "0123456789abcdef" not in str(report)


def test_nothing_is_reported_unless_asked_for():
    assert not sentry_sdk.get_client().is_active()


@pytest.mark.parametrize("dsn", ["sentry.example.org", "https://sentry.example.org/1", "https://key@host/"])
def test_an_address_that_is_none_of_sentrys_is_named_with_its_cure(dsn):
    with pytest.raises(ImproperlyConfigured, match=r"^SENTRY_DSN is not .* looks like https://"):
        sentry.start(dsn)


def test_production_with_a_wrong_address_does_not_start():
    done = run_check(SENTRY_DSN="nonsense")

    assert (done.returncode, done.stderr.split(".")[0]) == (1, "SENTRY_DSN is not an address of Sentry")


def test_production_that_reports_errors_is_sound():
    done = run_check(SENTRY_DSN=DSN)

    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_package_the_cure_is_named():
    code = "import sys; sys.modules['sentry_sdk'] = None; from hsl_dashboard import sentry; sentry.start('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "pip install 'hsl-dashboard[sentry]'" in done.stderr
