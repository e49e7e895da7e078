"""What every page tells the browser: its policy, and that nothing on it is inline or from elsewhere."""

import csv
import json
import re
from html import unescape
from html.parser import HTMLParser
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from analytics.rollups import refresh_numbers
from hsl_dashboard.web.violations import MOST, violations
from messaging.inbox.folding import fold_texts
from tests.adoption.databases import BOT_TABLES
from tests.database_roles import owner_role
from tests.hsl_dashboard.production import start
from tests.signing_in import member, reauthenticated, signed_in
from tests.test_access import EVERYTHING, PERSON, world  # noqa: F401 - a fixture
from tests.test_repository import files
from users.staff.roles import VIEWER
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

REPORTS = "/browser-reports/"
LOADING = {"src", "srcset", "data", "poster", "action", "formaction"}
HOSTILE = "=1+1'\"></title></script><hostile onhostile=a><script>hostile()</script>"  # a formula, too
# Columns of the bot's tables into which the dashboard alone writes.
OWN_COLUMNS = {
    "bookings.notified_about", "bookings.notice_error", "message_history.state", "message_history.state_reason",
    "message_history.audience", "message_history.buttons", "message_history.kind", "message_history.name",
    "message_history.media_upload", "message_history.media_name", "message_history.media_file_id",
    "message_recipients.state", "message_recipients.reason", "message_recipients.worker",
}  # fmt: skip
TEXTS = """
SELECT table_name, column_name, data_type, coalesce(character_maximum_length, 1000) FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = ANY (%s) AND data_type IN ('text', 'character varying', 'jsonb')
"""


class Loads(HTMLParser):
    """Collects what a page would run inline or load from another machine."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "hostile" or "hostile" in " ".join(values) or (tag == "script" and not values):
            self.wrong.append(f"<{tag}> of a student: {values}")
        if tag == "style" or "style" in values or any(name.startswith("on") for name in values):
            self.wrong.append(f"<{tag}> inline: {values}")
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.wrong.append("<script> inline")
        loaded = [value for name, value in values.items() if name in LOADING or (name == "href" and tag == "link")]
        self.wrong += [f"<{tag}> from {value}" for value in loaded if urlsplit(value).netloc or "javascript:" in value]


@pytest.fixture
def hostile_world(world) -> None:  # noqa: F811
    """Behind every sample hostile text, in every column that the bot writes."""
    with owner_role(), connection.cursor() as cursor:
        cursor.execute(TEXTS, [BOT_TABLES])
        columns = [row for row in cursor.fetchall() if f"{row[0]}.{row[1]}" not in OWN_COLUMNS]
        for table, column, kind, length in columns:
            text = {"message_text": HOSTILE, "email": HOSTILE, HOSTILE: [HOSTILE]}
            value = json.dumps(text) if kind == "jsonb" else HOSTILE[:length]
            cursor.execute(f'UPDATE {table} SET "{column}" = %s', [value])
    fold_marked_people()
    fold_texts()
    refresh_numbers(timezone.now())
    assert len(columns) > 25


@pytest.mark.timeout(120)  # it asks for every page there is
def test_no_page_has_anything_inline_or_from_elsewhere(staff, hostile_world):
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
        assert response.headers["X-Content-Type-Options"] == "nosniff", name
        assert response.headers["X-Frame-Options"] == "DENY", name
        assert response.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, name
        if "html" in response.headers.get("Content-Type", ""):
            assert "no-store" in response.headers["Cache-Control"], name
        if response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming:
            looked = Loads()
            looked.feed(response.text)
            wrong += [f"{path}: {what}" for what in looked.wrong]
            pages += 1

    assert pages > 80
    assert wrong == []
    assert HOSTILE in unescape(client.get(f"/users/{PERSON}/").text)  # it is there, as text


def test_no_file_has_a_formula_or_breaks_off(staff, hostile_world):
    client, hostile = reauthenticated(staff), 0
    for name, path in EVERYTHING:
        if "export" not in name:
            continue
        response = client.post(path, {"format": "csv"})
        if response.headers["Content-Type"].startswith("text/csv"):
            text = b"".join(response.streaming_content).decode("utf-8-sig")
            rows = list(csv.reader(StringIO(text), delimiter=";"))
            assert {len(row) for row in rows} == {len(rows[0])}, name
            assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))], name
            hostile += "hostile()" in text

    assert hostile > 5


def fault_of(path: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask for a page that answers with a fault of ours, or an outage."""
    error = OperationalError("away") if path == "503" else ValueError("ours")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("hsl_dashboard.web.views.render_page_or_piece", fail)
        return client.get("/shortcuts/")


def test_pages_of_errors_have_the_policy_too(client, staff, monkeypatch):
    client.raise_request_exception = False
    strict, viewer = Client(enforce_csrf_checks=True), signed_in(member(VIEWER))
    client.force_login(staff)

    answers = {
        400: client.get("/", headers={"host": "evil.example"}),
        403: viewer.get("/audit/"),
        404: client.get("/nowhere/"),
        405: client.get("/theme/"),
        410: Client().get("/accounts/link/"),
        422: client.get("/audit/?since=x"),
        500: fault_of("500", client, monkeypatch),
        503: fault_of("503", client, monkeypatch),
    }
    expired = strict.post("/theme/", {})

    for status, response in [*answers.items(), (403, expired)]:
        looked = Loads()
        looked.feed(response.text)
        assert response.status_code == status
        assert looked.wrong == []
        assert "default-src 'self'" in response.headers["Content-Security-Policy"], status
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin", status


def test_no_style_of_ours_loads_from_elsewhere():
    for path in [*files("static/**/*.css"), *files("static/**/*.js")]:
        loaded = re.findall(r"""(?:url\(|@import|import\s)\s*["']?(https?:|//)[^"')]+""", path.read_text())
        assert loaded == [], path


def test_signing_out_clears_what_the_browser_kept(staff_client):
    stolen = staff_client.cookies.copy()
    assert "Clear-Site-Data" not in staff_client.get("/")

    assert staff_client.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache", "storage"'

    staff_client.cookies = stolen
    assert staff_client.get("/")["Location"] == "/accounts/login/?next=/"  # the session is over, not only the cookie


@pytest.mark.parametrize(
    "path", ["/static/", "/static/css/", "/static/../manage.py", "/media/", "/.git/config", "/.env", "/docs/"]
)
def test_nothing_but_files_of_pages_is_served_and_no_list_of_them(client, path):
    response = client.get(path)

    assert response.status_code in {302, 404}
    assert response.get("Location", "/accounts/login/").startswith("/accounts/login/")


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
