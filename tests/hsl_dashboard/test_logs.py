"""The logs of a production: lines of JSON with the request and the task, and with nothing about people."""

import json
import logging
import runpy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from bookings.services.editing import Values, edit_booking
from bookings.services.log import log_changes
from bookings.services.statuses import change_booking_status
from hsl_dashboard import celery
from hsl_dashboard.environment.reading import ROOT
from hsl_dashboard.web.logs import AccessLines, JsonLines
from messaging.tasks import tick
from users.models import AuditEntry


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Every line that is written while the test runs."""
    found: list[dict[str, Any]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(json.loads(self.format(record)))

    handler = Collect()
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    yield found
    logging.getLogger().removeHandler(handler)


def written(message: str, *args: Any, error: BaseException | None = None, **extra: Any) -> dict[str, Any]:
    """The line that becomes of a record."""
    exc_info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("hsl", logging.ERROR, "", 1, message, args, exc_info)
    record.__dict__.update(extra)
    line: dict[str, Any] = json.loads(JsonLines().format(record))
    return line


def test_a_line_says_when_how_bad_who_and_what():
    line = written("%s tasks wait", 3)

    assert (line["level"], line["logger"], line["message"]) == ("ERROR", "hsl", "3 tasks wait")
    assert line["at"].endswith("+00:00") and set(line) == {"at", "level", "logger", "message"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("GET /users/?q=Анна&page=2 failed", "GET /users/?… failed"),
        ("Sent to anna.petrova+1@example.test.", "Sent to …@…"),
        ("Bearer hsl_Abcdef123456", "Bearer hsl_…"),
        ("https://api.telegram.org/bot1000000001:SANDBOX-not-a-secret-SANDBOX-012345/getMe", "bothsl_…/getMe"),
        ("/accounts/password/reset/key/1-set-abc/", "/reset/key/hsl_…/"),
    ],
)
def test_a_line_holds_no_search_no_email_and_no_token(said: str, kept: str):
    assert kept in written(said)["message"]


def test_what_django_adds_about_the_request_stays_out():
    line = written("Forbidden", request=RequestFactory().get("/users/?q=Анна"), status_code=403)

    assert line["status_code"] == 403 and "Анна" not in json.dumps(line, ensure_ascii=False)


@pytest.mark.django_db
def test_a_traceback_says_where_and_which_constraint_and_quotes_no_row():
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO users_tag (name) VALUES ('Аграфена'), ('Аграфена')")

    told = written("Task failed", error=caught.value)["traceback"]

    assert "23505" in told and "users_tag" in told and "test_logs.py" in told
    assert "DETAIL" not in told and "Key (" not in told


def test_an_error_of_ours_keeps_its_kind_and_loses_what_it_quotes():
    try:
        float("Аграфена")
    except ValueError as error:
        told = written("Failed", error=error)["traceback"]

    assert told.endswith("ValueError: could not convert string to float: '…'")


def test_celerys_words_about_a_failed_task_quote_nothing():
    error = ValueError("Аграфена")
    record = logging.LogRecord("celery", logging.ERROR, "", 1, "Task %(name)s: %(exc)s", (), (ValueError, error, None))
    record.args = {"name": "a.b", "exc": repr(error)}

    assert json.loads(JsonLines().format(record))["message"] == "Task a.b: ValueError"


@pytest.mark.django_db
def test_an_answer_names_its_request_as_the_proxy_did_or_by_itself(client):
    assert client.get("/accounts/login/", headers={"X-Request-ID": "proxy-0042"})["X-Request-ID"] == "proxy-0042"
    for hostile in ("", "short", "x" * 65, "line\nfeed-1", "<script>alert</script>"):
        given = client.get("/accounts/login/", headers={"X-Request-ID": hostile})["X-Request-ID"]
        assert len(given) == 32 and given.isalnum()


@pytest.mark.django_db
def test_lines_of_a_request_carry_its_id_and_others_none(staff_client, lines):
    staff_client.get("/nowhere/", headers={"X-Request-ID": "proxy-0042"})
    logging.getLogger("hsl").info("after it")

    assert [line.get("request_id") for line in lines] == ["proxy-0042", None]


@pytest.mark.django_db
def test_lines_of_a_task_carry_its_id_and_the_request_that_asked(lines, monkeypatch):
    monkeypatch.setattr(tick, "run", lambda: logging.getLogger("hsl").info("ticking"))
    headers: dict[str, Any] = {}
    token = celery.logs.request_id.set("proxy-0042")
    celery.pass_request_on(headers=headers)
    celery.logs.request_id.reset(token)

    tick.apply(task_id="task-1", headers=headers, **headers)

    [line] = [line for line in lines if line["message"] == "ticking"]
    assert (line["task_id"], headers) == ("task-1", {"hsl_request": "proxy-0042"})
    assert "task_id" not in written("after it")


@pytest.mark.django_db
def test_each_change_of_a_booking_is_one_line_of_numbers_whoever_made_it(booking, staff, lines):
    now, number = timezone.now(), booking.pk
    change_booking_status(booking=booking, to=2, by=staff, at=now, reason="Аграфена просила")
    seen = Values.of(booking)
    edit_booking(booking=booking, to=replace(seen, discount_percent=5), seen=seen, by=staff, at=now)
    with connection.cursor() as cursor:  # as the bot, which has no context
        cursor.execute("SELECT set_config('pghistory.context_metadata', '', true)")
        cursor.execute("UPDATE bookings SET confirmed = -1, first_name = 'Аграфена' WHERE id = %s", [number])

    log_changes(timezone.now())
    log_changes(timezone.now())

    told = [line for line in lines if "booking" in line]
    assert {line["booking"] for line in told} == {number} and "Аграфена" not in str(told)
    assert [(line.get("by"), line["message"].removeprefix(f"Booking {number}: ")) for line in told] == [
        (staff.pk, f"status 1 → 2, by {staff.pk}"),
        (staff.pk, f"discount_percent, by {staff.pk}"),
        (None, "status 2 → -1, by the bot or a task"),
        (None, "first_name, by the bot or a task"),
    ]


@pytest.mark.django_db
def test_a_line_of_a_change_names_the_request_as_the_other_lines_do(booking, staff_client, lines):
    log_changes(timezone.now())
    address = reverse("bookings:booking_status", args=[booking.pk])
    staff_client.post(address, {"to": 2, "expected": booking.confirmed}, headers={"X-Request-ID": "proxy-0042"})

    lines.clear()
    log_changes(timezone.now())

    told = [line for line in lines if "booking" in line]
    assert told and {line["changed_in"] for line in told} == {"proxy-0042"}


@pytest.mark.django_db
def test_a_change_that_is_committed_behind_later_ones_has_its_line_too(booking, lines):
    log_changes(timezone.now())
    lines.clear()
    AuditEntry.objects.create(
        what="bookings.delete", object_table="bookings", object_id="7", at=timezone.now() - timedelta(minutes=5)
    )

    log_changes(timezone.now())

    assert [line["message"] for line in lines if "booking" in line] == ["Booking 7: delete, by the bot or a task"]


def test_the_access_log_is_json_without_queries():
    config = Config()
    for name, value in runpy.run_path(str(ROOT / "gunicorn.conf.py")).items():
        if name in config.settings:
            config.set(name, value)
    environ = {
        "REQUEST_METHOD": "GET", "RAW_URI": "/users/?q=Anna", "PATH_INFO": "/users/", "QUERY_STRING": "q=Anna",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "10.0.0.1", "HTTP_REFERER": "https://d.example.org/?q=Anna",
        "HTTP_USER_AGENT": "Bot/1 (+http://bot.example.org/?q=Anna)",
    }  # fmt: skip
    response = SimpleNamespace(status="200 OK", sent=5, headers=[("X-Request-ID", "proxy-0042")])
    logger, found = Logger(config), []
    logger.access_log.addHandler(handler := logging.Handler())
    handler.setFormatter(AccessLines())
    handler.emit = lambda record: found.append(handler.format(record))  # type: ignore[method-assign]

    logger.access(response, SimpleNamespace(headers=[]), environ, timedelta(milliseconds=12))
    logger.access_log.removeHandler(handler)

    [line] = found
    told = json.loads(line)
    assert [told[name] for name in ("address", "method", "path", "status", "ms", "request_id")] == [
        "10.0.0.1", "GET", "/users/", "200", "12", "proxy-0042"
    ]  # fmt: skip
    assert "Anna" not in line


def test_a_path_begins_no_line_of_the_access_log():
    """A server decodes the path: %0A in it is a line break."""
    clean = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["_on_one_line_without_secrets"]
    record = logging.LogRecord(
        "gunicorn.access", 20, "", 1, '"GET %(U)s"', ({"U": "/x\n10.0.0.1 forged\x1b[2J"},), None
    )

    assert clean(record)
    assert record.getMessage() == '"GET /x\\n10.0.0.1 forged\\x1b[2J"'
