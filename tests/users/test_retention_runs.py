"""Running retention: beside a bot that writes, by hand and by beat, and what people see of it."""

import re
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone, translation
from pytest_django.asserts import assertContains

from analytics.rollups import rebuild_numbers
from hsl_dashboard.db import run_sql
from hsl_dashboard.environment.variables import Environment
from messaging.models import Incident
from tests.factories import EventFactory
from users.audit.words import changes_in_words
from users.models import AuditEntry, PeopleExport, SealedDay
from users.retention import rules
from users.retention.rules import SMALLEST, Batches, keeping_rules
from users.retention.run import apply_retention, last_run
from users.retention.tasks import apply_nightly_retention

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=100)


@pytest.fixture(autouse=True)
def _nothing_goes_by_itself(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    for rule in keeping_rules():
        setattr(settings, rule.setting, 0)


# Beside others --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_not_waited_for_and_the_bot_goes_on_writing(settings, monkeypatch):
    """Another connection holds a row and inserts; the run gives up within seconds, and the next one finishes."""
    monkeypatch.setattr("users.retention.rules.LONGEST_PAUSE", 0.01)
    held = EventFactory.create(created_at=OLD, details={"a": "b"})
    rebuild_numbers(NOW)
    settings.KEEP_EVENT_DETAILS_DAYS = 30
    is_held, may_end, slowest = threading.Event(), threading.Event(), []

    def write_as_the_bot() -> None:
        run_sql("BEGIN; UPDATE events SET event_type = 'x' WHERE id = %s", [held.pk])
        is_held.set()
        deadline = time.monotonic() + 30
        while not may_end.wait(0.02) and time.monotonic() < deadline:
            began = timezone.now()
            run_sql("INSERT INTO events (user_id, event_type, details) VALUES (5, 'start_command', '{}')")
            slowest.append((timezone.now() - began).total_seconds())
        run_sql("COMMIT")
        connection.close()

    bot = threading.Thread(target=write_as_the_bot, daemon=True)
    bot.start()
    assert is_held.wait(10)
    try:
        applied = apply_retention(at=NOW)
    finally:
        may_end.set()
        bot.join(10)

    assert "lock timeout" in applied.unfinished["event_details"]
    assert slowest and max(slowest) < 1
    assert apply_retention(at=NOW).rows == {"event_details": 1}


def test_a_batch_that_is_cut_off_is_tried_with_fewer_rows(monkeypatch):
    monkeypatch.setattr("users.retention.rules.LONGEST_PAUSE", 0)
    asked = []

    def work(size: int) -> int:
        asked.append(size)
        if size > 100:
            raise OperationalError("canceling statement due to statement timeout")
        return size

    assert Batches().run(work) <= 100
    assert asked == sorted(asked, reverse=True)


def test_the_nightly_run_ends_after_its_time_and_says_so(settings, monkeypatch):
    PeopleExport.objects.create(exported_at=OLD, format="csv", with_emails=False)
    settings.KEEP_EXPORT_RECORDS_DAYS = 30
    monkeypatch.setattr("users.retention.tasks.LONGEST_RUN", timedelta(0))

    apply_nightly_retention()

    line = last_run()
    assert line and line.data == {"export_records": 0, "unfinished": ["export_records"]}


def test_a_night_on_which_nothing_is_old_enough_ends_well(settings):
    PeopleExport.objects.create(exported_at=NOW, format="csv", with_emails=False)
    settings.KEEP_EXPORT_RECORDS_DAYS = settings.KEEP_SESSIONS_DAYS = 30

    applied = apply_retention(at=NOW)

    assert applied.rows == {"export_records": 0, "sessions": 0} and not applied.unfinished
    assert PeopleExport.objects.exists()


def test_a_run_that_breaks_off_has_its_line_too(settings, monkeypatch):
    PeopleExport.objects.create(exported_at=OLD, format="csv", with_emails=False)
    settings.KEEP_EXPORT_RECORDS_DAYS = settings.KEEP_SESSIONS_DAYS = 30

    def break_off(*_args: object) -> None:
        raise KeyboardInterrupt

    [sessions] = [rule for rule in keeping_rules() if rule.name == "sessions"]
    monkeypatch.setitem(rules._rules, "sessions", replace(sessions, forget=break_off))

    with pytest.raises(KeyboardInterrupt):
        apply_retention(at=NOW)

    line = last_run()
    assert line and line.data == {"export_records": 1, "sessions": 0, "unfinished": ["sessions"]}


def test_a_run_that_is_killed_has_told_what_it_did_and_the_next_one_goes_on(settings, monkeypatch):
    """Nothing of the run is called behind the kill, so what the audit has by then is what it will have."""
    PeopleExport.objects.bulk_create(PeopleExport(exported_at=OLD, format="csv", with_emails=False) for _ in range(25))
    settings.KEEP_EXPORT_RECORDS_DAYS = settings.KEEP_SESSIONS_DAYS = 30
    monkeypatch.setattr("users.retention.rules.LARGEST", SMALLEST)
    forget, batches = Batches.forget, []

    def forget_two_and_die(self: Batches, work: Any) -> Any:
        batches.append(work)
        if len(batches) > 2:
            raise SystemExit
        return forget(self, work)

    monkeypatch.setattr(Batches, "forget", forget_two_and_die)
    with pytest.raises(SystemExit):
        apply_retention(at=NOW)
    monkeypatch.setattr(Batches, "forget", forget)

    line = last_run()
    assert line and line.data == {"export_records": 20, "unfinished": ["export_records", "sessions"]}
    assert PeopleExport.objects.count() == 5
    assert apply_retention(at=NOW).rows["export_records"] == 5
    again = last_run()
    assert again and again.data == {"export_records": 5, "sessions": 0}


def test_a_batch_that_was_cut_off_is_not_told_of(settings, monkeypatch):
    monkeypatch.setattr("users.retention.rules.LONGEST_PAUSE", 0)
    batches, told = Batches(), list[Any]()
    batches.note = told.append

    def work(size: int) -> tuple[int, None]:
        if not told:
            told.append("cut off")
            raise OperationalError("canceling statement due to statement timeout")
        return 7, None

    assert batches.forget(work) == (7, None)
    assert told == ["cut off", 7]


def test_the_application_adds_to_the_line_of_a_run_alone_and_not_behind_its_end():
    over = AuditEntry.objects.create(what="retention.applied", data={"audit": 5})
    other = AuditEntry.objects.create(what="refused", data={"unfinished": ["audit"]})
    running = AuditEntry.objects.create(what="retention.applied", data={"audit": 5, "unfinished": ["audit"]})
    for line in (over, other, running):
        run_sql("SELECT audit_retention(%s, 'audit', 2, '[]')", [line.pk])
    for line in (over, other, running):
        line.refresh_from_db()
    assert [line.data for line in (over, other, running)] == [
        {"audit": 5}, {"unfinished": ["audit"]}, {"audit": 7}
    ]  # fmt: skip
    with pytest.raises(DatabaseError, match="only adds"), transaction.atomic():
        run_sql("SELECT audit_retention(%s, 'audit', -2, '[]')", [running.pk])


def test_incidents_that_are_over_go_when_they_are_old(settings):
    over = {"began_at": OLD, "seen_at": OLD}
    Incident.objects.create(kind="beat", ended_at=OLD, **over)
    going_on = Incident.objects.create(kind="disk", **over)
    young = Incident.objects.create(kind="beat", ended_at=NOW, **over)
    settings.KEEP_INCIDENTS_DAYS = 30

    assert apply_retention(at=NOW).rows == {"incidents": 1}

    assert set(Incident.objects.all()) == {going_on, young}


def test_a_folder_that_cannot_be_read_stops_its_own_rule_alone(settings, monkeypatch):
    settings.KEEP_MEDIA_DAYS = settings.KEEP_SESSIONS_DAYS = 30

    def refuse(*_args: object) -> list[str]:
        raise PermissionError("no right to it")

    monkeypatch.setattr("messaging.content.retention._files", refuse)

    applied = apply_retention(at=NOW)

    assert applied.unfinished == {"media": "no right to it"} and applied.rows["sessions"] == 0


# What people see ------------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_a_table_and_changes_nothing(settings):
    event = EventFactory.create(created_at=timezone.now() - timedelta(days=100), details={"a": "b"})
    settings.KEEP_EVENT_DETAILS_DAYS = 30

    call_command("apply_retention", dry_run=True, stdout=(out := StringIO()))

    lines = {line.split()[0]: line.split()[1:] for line in out.getvalue().splitlines()}
    assert lines["event_details"] == ["KEEP_EVENT_DETAILS_DAYS", "30", "1"]
    assert lines["audit"] == ["KEEP_AUDIT_DAYS", "for", "ever", "-"]
    event.refresh_from_db()
    assert event.details == {"a": "b"}
    assert not AuditEntry.objects.filter(what="retention.applied").exists() and not SealedDay.objects.exists()


def test_the_command_says_what_it_could_not_finish(settings, monkeypatch):
    settings.KEEP_SESSIONS_DAYS = 30

    def refuse(_pace: Batches, _work: Any) -> None:
        raise OperationalError("busy")

    monkeypatch.setattr(Batches, "run", refuse)

    with pytest.raises(CommandError, match="sessions: busy"):
        call_command("apply_retention", stdout=StringIO())


@pytest.mark.parametrize(
    ("name", "wrong", "sentence"),
    [
        ("KEEP_EVENT_DETAILS_DAYS", "7", "KEEP_EVENT_DETAILS_DAYS is 7. Set it to 30 to"),
        ("KEEP_AUDIT_DAYS", "365", "KEEP_AUDIT_DAYS is 365. Set it to 366 to"),
        ("KEEP_MEDIA_DAYS", "a year", "KEEP_MEDIA_DAYS is 'a year'. Set it to a number of days, or to 0"),
        ("KEEP_SESSIONS_DAYS", "999999999", "KEEP_SESSIONS_DAYS is 999999999. Set it to 1 to"),
    ],
)
def test_a_wrong_setting_is_named_with_its_cure(monkeypatch, name, wrong, sentence):
    monkeypatch.setenv(name, wrong)

    with pytest.raises(Exception, match=re.escape(sentence)):
        Environment.read()


def test_the_page_of_the_system_says_what_is_kept_how_long_and_when_it_last_ran(staff_client, settings):
    settings.KEEP_AUDIT_DAYS = 400
    apply_retention(at=timezone.now())

    page = staff_client.get("/system/")

    assertContains(page, "400 дней")
    assertContains(page, "Старые данные удалены")
    assert {line.value for label, lines in page.context["sections"] for line in lines if line.section == "keeping"} >= {
        "400 дней",
        "бессрочно",
    }


def test_the_audit_names_what_was_not_finished_as_staff_call_it():
    with translation.override("en"):
        [_rows, unfinished] = changes_in_words("", None, {"audit": 5, "unfinished": ["audit", "media"]})

    assert (unfinished.label, unfinished.now) == ("not finished", "audit and history, files of messages")


def test_the_page_of_the_system_is_red_when_a_run_was_not_finished(staff_client):
    AuditEntry.objects.create(what="retention.applied", data={"audit": 5, "unfinished": ["audit"]})

    page = staff_client.get("/system/")

    assert any("apply_retention" in str(line.what_to_do) for line in page.context["troubles"])
