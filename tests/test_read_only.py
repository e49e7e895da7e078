"""G5: a database that can only be read is a state: every page is drawn, and reading writes only what is listed."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from hsl_dashboard.db import run_sql
from hsl_dashboard.web import side_writes
from hsl_dashboard.web.side_writes import SideWrite
from tests.conftest import empty_cache
from tests.signing_in import reauthenticated
from tests.test_access import EVERYTHING, PERSON, world  # noqa: F401 - a fixture
from users.models import User

pytestmark = pytest.mark.django_db

WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|ALTER|DROP)\b", re.IGNORECASE)
PAGES = [path for _name, path in EVERYTHING]


@pytest.fixture
def visitor(staff: User, world: None) -> Client:  # noqa: F811
    client = Client(raise_request_exception=False)
    client.force_login(staff)
    return client


@contextmanager
def writes_beside_the_list(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect the statements that change something and are not one of the side writes."""
    found: list[str] = []
    inside: list[SideWrite] = []
    beside = side_writes.write_beside

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITE.match(sql) and not inside:
            found.append(sql)
        return execute(sql, params, many, context)

    def marked(what: SideWrite, write: Any, **options: Any) -> Any:
        inside.append(what)
        try:
            return beside(what, write, **options)
        finally:
            inside.pop()

    with monkeypatch.context() as patch, connection.execute_wrapper(look):
        # Wherever it was imported to.
        for module in list(sys.modules.values()):
            if getattr(module, "write_beside", None) is beside and module is not side_writes:
                patch.setattr(module, "write_beside", marked)
        yield found


def test_G5_reading_writes_nothing_but_what_is_listed(visitor, monkeypatch):
    wrote = {}
    with writes_beside_the_list(monkeypatch) as found:
        for path in PAGES:
            visitor.get(path)
            if found:
                wrote[path] = found.copy()
                found.clear()

    assert wrote == {}


def test_G5_every_page_is_drawn_where_nothing_can_be_written(visitor):
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("SET TRANSACTION READ ONLY")
    broken = {}
    for path in PAGES:
        empty_cache()  # the crawl lasts longer than workers may be silent
        response = visitor.get(path)
        if response.status_code >= 500:
            broken[path] = response.status_code

    assert broken == {}


def test_G5_what_was_not_noted_is_counted_and_said_once(visitor, caplog):
    side_writes.skipped.clear()
    side_writes._said.clear()
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("SET TRANSACTION READ ONLY")

    statuses = [visitor.get("/bookings/").status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert side_writes.skipped == {SideWrite.SESSION_SEEN: 3}
    assert caplog.text.count("Not noted") == 1


def test_G5_a_list_can_be_taken_and_the_log_says_by_whom(staff, visitor, caplog):
    reauthenticated(staff, visitor)
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("SET TRANSACTION READ ONLY")

    response = visitor.post("/users/export/", {"format": "csv"})
    lines = b"".join(response.streaming_content)

    assert (response.status_code, lines.count(b"\r\n")) == (200, 2)
    assert "who took a list anna csv" in caplog.text


def test_G5_what_changes_something_is_refused_in_words(visitor):
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("SET TRANSACTION READ ONLY")

    response = visitor.post(f"/users/{PERSON}/notes/", {"text": "a note"})

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "только читать" in response.text


@pytest.mark.owner
def test_G5_a_role_without_rights_to_write_reads_too(visitor):
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("CREATE ROLE g5_reader")
    run_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO g5_reader")
    run_sql("SET LOCAL ROLE g5_reader")
    try:
        assert {path: visitor.get(path).status_code for path in ("/bookings/", "/users/", "/messages/")} == {
            "/bookings/": 200,
            "/users/": 200,
            "/messages/": 200,
        }
    finally:
        run_sql("RESET ROLE")
