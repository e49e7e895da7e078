"""What every page tells the browser: its policy, and that nothing on it is inline or from elsewhere."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from hsl_dashboard.web.violations import MOST, violations
from tests.hsl_dashboard.production import start
from tests.signing_in import reauthenticated
from tests.test_access import EVERYTHING, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

REPORTS = "/browser-reports/"
LOADING = {"src", "srcset", "data", "poster", "action", "formaction"}


class Loads(HTMLParser):
    """Collects what a page would run inline or load from another machine."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "style" or "style" in values or any(name.startswith("on") for name in values):
            self.wrong.append(f"<{tag}> inline: {values}")
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.wrong.append("<script> inline")
        loaded = [value for name, value in values.items() if name in LOADING or (name == "href" and tag == "link")]
        self.wrong += [f"<{tag}> from {value}" for value in loaded if urlsplit(value).netloc or "javascript:" in value]


def test_no_page_has_anything_inline_or_from_elsewhere(staff, world):  # noqa: F811
    client, wrong, pages = reauthenticated(staff), [], 0
    client.raise_request_exception = False
    for name, path in EVERYTHING:
        # Probes and metrics are plain text, answered before all else.
        if "logout" in name or name.startswith("health_") or name == "system_metrics":
            continue
        response = client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'self'" in policy and "object-src 'none'" in policy, name
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert "camera=()" in response.headers["Permissions-Policy"], name
        if response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming:
            looked = Loads()
            looked.feed(response.text)
            wrong += [f"{path}: {what}" for what in looked.wrong]
            pages += 1

    assert pages > 80
    assert wrong == []


def test_signing_out_clears_what_the_browser_kept(staff_client):
    assert "Clear-Site-Data" not in staff_client.get("/")

    assert staff_client.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache", "storage"'


def test_production_sends_cookies_and_names_over_tls_alone():
    done = start(
        "-c",
        "from hsl_dashboard import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, s.SECURE_HSTS_SECONDS,"
        "s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE and s.LANGUAGE_COOKIE_SECURE, s.SECOND_FACTOR_REQUIRED)",
    )

    assert done.stdout.split() == [
        "__Host-sessionid", "__Host-csrftoken", "__Host-language", str(365 * 24 * 60 * 60), "True", "True",
    ], done.stderr  # fmt: skip


# Reports --------------------------------------------------------------------------------------------------------------


def report(client: Client, page: str = "https://x/users/?q=Анна", blocked: str = "inline", **options):
    told = {"csp-report": {"effective-directive": "script-src", "blocked-uri": blocked, "document-uri": page}}
    return client.post(REPORTS, json.dumps(told), content_type="application/csp-report", **options)


@pytest.fixture(autouse=True)
def _no_reports() -> None:
    from hsl_dashboard.web.violations import forget_violations

    forget_violations()


def test_reports_are_counted_without_what_was_searched_for():
    client = Client(enforce_csrf_checks=True)

    assert [report(client).status_code, report(client).status_code] == [204, 204]

    [found] = violations()
    assert (found.directive, found.blocked, found.page, found.count) == ("script-src", "inline", "/users/", 2)


def test_the_newer_form_of_reports_is_read_too():
    body = {
        "effectiveDirective": "img-src", "blockedURL": "https://evil.example/a.png?x=1", "documentURL": "https://x/",
    }  # fmt: skip
    told = [{"type": "csp-violation", "body": body}, {"type": "deprecation", "body": {}}, 5]

    Client().post(REPORTS, json.dumps(told), content_type="application/reports+json")

    assert [(found.directive, found.blocked) for found in violations()] == [("img-src", "https://evil.example/a.png")]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[" * 15_000, 400), (b"5", 204), (b'{"csp-report": 5}', 204), (b" " * 20_000, 413)],
)
def test_nonsense_is_no_report(body, status):
    assert Client().post(REPORTS, body, content_type="application/csp-report").status_code == status
    assert violations() == []


def test_one_address_reports_so_often_and_no_more():
    client = Client()

    answers = [report(client).status_code for _number in range(21)]

    assert answers == [204] * 20 + [429]
    assert report(client, REMOTE_ADDR="198.51.100.7").status_code == 204


def test_only_so_many_different_reports_are_kept():
    for number in range(MOST + 5):
        report(Client(), page=f"https://x/{number}/", REMOTE_ADDR=f"198.51.100.{number}")

    assert len(violations()) == MOST


def test_the_policy_names_where_to_report():
    page = Client().get("/accounts/login/")

    assert f"report-uri {REPORTS}" in page.headers["Content-Security-Policy"]
    assert page.headers["Reporting-Endpoints"] == f'csp="{REPORTS}"'
    assert settings.REPORTS_ADDRESS == REPORTS
    assert re.search(r"report-to csp", page.headers["Content-Security-Policy"])
