"""The page of the system: what works, what does not, and what to do about it."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django.asserts import assertContains, assertNotContains
from redis.exceptions import ConnectionError as RedisGone

from hsl_dashboard.availability import heartbeats
from hsl_dashboard.web.system import TICKS, SystemLine
from hsl_dashboard.web.violations import forget_violations
from messaging.models import Broadcast, Outbox
from tests.factories import BroadcastFactory, TelegramUserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def beat(db: None) -> None:
    """All regular tasks, sent a moment ago."""
    every, _new = IntervalSchedule.objects.get_or_create(every=5, period="seconds")
    PeriodicTask.objects.all().delete()
    for name in settings.CELERY_BEAT_SCHEDULE:
        PeriodicTask.objects.create(name=name, task=name, interval=every, last_run_at=timezone.now())


def troubles(client: Client) -> list[SystemLine]:
    response = client.get("/system/")
    assert response.status_code == 200
    return [line for line in response.context["troubles"] if line.section != "storage"]  # of this machine's disk


def test_where_everything_works_nothing_is_wrong(staff_client, beat):
    assert troubles(staff_client) == []


def test_what_nobody_has_set_up_stands_beside_what_works(staff_client, beat, settings, tmp_path):
    settings.BACKUP_DIR, settings.ALERTS = "", False
    assertContains(staff_client.get("/system/"), "Не настроено")
    assert [line.section for line in staff_client.get("/system/").context["missing"]] == ["storage", "alerts"]

    settings.BACKUP_DIR, settings.ALERTS, settings.ALERT_EMAILS, settings.HAS_EMAIL = (
        str(tmp_path),
        True,
        ["a@b.c"],
        True,
    )
    assertNotContains(staff_client.get("/system/"), "Не настроено")


def test_a_worker_that_is_gone_is_named_with_its_cure(staff_client, beat):
    redis = heartbeats.connect(settings.REDIS_URL)
    for key in redis.hkeys(heartbeats.KEY):
        if key.startswith("telegram "):
            redis.hdel(heartbeats.KEY, key)

    [line] = troubles(staff_client)

    assert line.name == "worker-telegram" and "docker compose up -d worker-telegram" in line.what_to_do
    assert line.what_to_do in staff_client.get("/system/").text


def test_a_task_that_beat_does_not_send_is_named(staff_client, beat):
    long_ago = timezone.now() - timedelta(minutes=10)
    PeriodicTask.objects.filter(name="messaging.tick").update(last_run_at=long_ago)
    PeriodicTask.objects.filter(name="users.cool_leads").update(enabled=False)

    assert [line.code for line in troubles(staff_client)] == ["users.cool_leads", "messaging.tick"]


def test_a_message_that_waits_too_long_is_named(staff_client, beat):
    queued_at = timezone.now() - timedelta(minutes=11)
    person = TelegramUserFactory.create()
    Outbox.objects.create(telegram_user=person, kind="status", message_text="x", queued_at=queued_at)
    BroadcastFactory.create(state=Broadcast.State.SENDING, started_at=queued_at)

    [line] = troubles(staff_client)

    assert line.section == "queues" and "11" in line.value


def test_a_backup_that_was_not_made_is_named_with_its_cure(staff_client, beat, settings, tmp_path):
    assert "BACKUP_DIR" in staff_client.get("/system/").text
    settings.BACKUP_DIR = str(tmp_path)

    page = staff_client.get("/system/")
    (tmp_path / "hsl-2026-11-30T013000Z.tar").write_bytes(b"")
    after = staff_client.get("/system/")

    [line] = [line for line in page.context["troubles"] if line.name == "Последняя резервная копия"]
    assert (line.value, "manage.py backup" in line.what_to_do) == ("ещё ни одной", True)
    assert line.name not in [trouble.name for trouble in after.context["troubles"]] and line.name in after.text


def test_without_redis_the_page_still_says_the_rest(staff_client, beat, monkeypatch):
    def gone(*_args: object) -> None:
        raise RedisGone

    monkeypatch.setattr("hsl_dashboard.web.system.heartbeats.read", gone)

    response = staff_client.get("/system/")

    assert "Redis" in [line.name for line in response.context["troubles"]]
    assert "PostgreSQL" in response.text


def test_with_a_disk_that_is_away_the_page_still_says_the_rest(staff_client, beat, settings, monkeypatch):
    def away(*_args: object) -> None:
        raise OSError(116, "Stale file handle", "/backups")

    settings.BACKUP_DIR = "/backups"
    monkeypatch.setattr("hsl_dashboard.backup.archive.backups", away)

    response = staff_client.get("/system/")

    assert ("/backups", "Stale file handle") in [(line.name, line.value) for line in response.context["troubles"]]
    assert "PostgreSQL" in response.text


def test_the_page_asks_few_questions(staff_client, beat, django_assert_max_num_queries):
    staff_client.get("/system/")  # the frame of the page is kept since then

    with django_assert_max_num_queries(12):
        staff_client.get("/system/")


def test_what_browsers_blocked_is_shown(staff_client, beat):
    report = {"effective-directive": "script-src", "blocked-uri": "https://evil.example/a.js?x", "document-uri": ""}
    try:
        Client().post("/browser-reports/", json.dumps({"csp-report": report}), content_type="application/csp-report")

        page = staff_client.get("/system/")
    finally:
        forget_violations()

    assertContains(page, "https://evil.example/a.js")
    assertContains(page, "script-src")


def test_every_regular_task_has_a_name_for_people(settings):
    planned = {name for name, entry in settings.CELERY_BEAT_SCHEDULE.items() if isinstance(entry["schedule"], float)}

    assert planned == TICKS.keys()
