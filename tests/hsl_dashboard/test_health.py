"""G3, G4, F8, F11: probes answer whatever the pages do, and name what does not work; silence is seen, clocks too."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from redis import Redis

from demo.launcher import free_port
from hsl_dashboard.availability import heartbeats
from hsl_dashboard.availability.heartbeats import Silence
from hsl_dashboard.availability.serving import serve_probes
from hsl_dashboard.db import run_sql
from messaging.tasks import tick
from tests.factories import BroadcastFactory

READY = {"database": "ok", "redis": "ok", "worker-default": "ok", "worker-telegram": "ok", "beat": "ok", "clocks": "ok"}
# Every thread of gunicorn stands in a page; the probe is asked meanwhile.
BLOCKED = """
import os, time
def application(environ, start_response):
    open(os.environ["STARTED"], "a").write(".")
    time.sleep(60)
"""


@pytest.fixture
def redis() -> Iterator["Redis"]:
    with Redis.from_url(settings.REDIS_URL, decode_responses=True) as redis:
        yield redis


def silence(redis: "Redis", name: str, *, seconds: float) -> None:
    """Let the last sign of life of somebody be old."""
    at = time.time() - seconds
    redis.hset(heartbeats.KEY, f"{name} {socket.gethostname()}", f"{at} 0.0")


@pytest.mark.django_db(transaction=True)
def test_G4_ready_when_all_work(client):
    response = client.get("/health/ready")

    assert (response.status_code, response.json()) == (200, READY)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "shown"), [("default", "worker-default"), ("telegram", "worker-telegram"), ("beat", "beat")]
)
def test_G4_who_is_silent_is_named_with_since_when(client, redis, name, shown):
    silence(redis, name, seconds=120)

    response = client.get("/health/ready")

    assert response.status_code == 503
    answers = response.json()
    assert answers.pop(shown).startswith("silent since 20")
    assert set(answers.values()) == {"ok"}


@pytest.mark.django_db(transaction=True)
def test_G4_one_of_two_machines_is_enough(redis):
    silence(redis, "telegram", seconds=120)
    redis.hset(heartbeats.KEY, "telegram other-machine", f"{time.time()} 0.0")

    assert heartbeats.silences() == []


@pytest.mark.django_db(transaction=True)
def test_F11_a_clock_that_is_ahead_is_seen(client, redis):
    redis.hset(heartbeats.KEY, "telegram other-machine", f"{time.time()} 7.2")

    response = client.get("/health/ready")

    assert (response.status_code, response.json()["clocks"]) == (503, "telegram other-machine: +7 s")


def test_F11_no_tick_depends_on_two_clocks():
    assert [name for name, entry in settings.CELERY_BEAT_SCHEDULE.items() if "expires" in str(entry)] == []


def test_F11_of_ticks_that_piled_up_one_is_worked_off(monkeypatch):
    ran = []
    monkeypatch.setattr(tick, "run", lambda: ran.append(1))

    for _ in range(3):
        tick.apply()  # as a worker does
    assert ran == [1]
    tick()  # called by hand it always runs

    assert ran == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_F8_ready_writes_to_redis_too(client, redis):
    redis.config_set("min-replicas-to-write", 1)  # refuses writes, and still reads
    try:
        response = client.get("/health/ready")
    finally:
        redis.config_set("min-replicas-to-write", 0)

    assert (response.status_code, response.json()["redis"]) == (503, "down")


@pytest.mark.owner
@pytest.mark.django_db(transaction=True)
def test_G5_ready_knows_a_database_that_can_only_be_read(client):
    name = settings.DATABASES["default"]["NAME"]
    run_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        response = client.get("/health/ready")
    finally:
        run_sql("SET default_transaction_read_only = off")
        run_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')

    assert (response.status_code, response.json()["database"]) == (503, "read-only")


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "says"), [("sending", True), ("scheduled", True), ("finished", False)])
def test_G4_the_page_of_a_message_says_since_when_nobody_sends(staff_client, redis, state, says):
    broadcast = BroadcastFactory.create(state=state, starts_at=timezone.now())
    silence(redis, "telegram", seconds=600)

    page = staff_client.get(f"/messages/{broadcast.pk}/").text

    since = timezone.localtime(timezone.now() - timezone.timedelta(seconds=600))
    assert (f"Отправка стоит с {since:%d.%m.%Y %H:}" in page) is says
    assert ("worker-telegram" in page) is says


@pytest.mark.django_db
def test_G4_nothing_is_said_while_all_work(staff_client):
    broadcast = BroadcastFactory.create(state="sending")

    assert "Отправка стоит" not in staff_client.get(f"/messages/{broadcast.pk}/").text


@pytest.mark.django_db
def test_F8_without_redis_the_page_of_a_message_says_that_the_queue_is_away(staff_client, settings):
    broadcast = BroadcastFactory.create(state="sending")
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    assert heartbeats.silences() == [Silence("redis", None)]
    assert "очередь не отвечает" in staff_client.get(f"/messages/{broadcast.pk}/").text


@pytest.mark.django_db(transaction=True)
def test_G3_probes_have_a_port_of_their_own():
    port = free_port()
    server, second = serve_probes(port), serve_probes(port)
    assert server and second  # as many as gunicorn has workers
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5) as response:
            assert response.read() == b"ok"
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as response:
            assert json.load(response) == READY
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{port}/users/", timeout=5)
    finally:
        for one in (server, second):
            one.shutdown()
            one.server_close()


def test_G3_live_answers_while_every_thread_of_gunicorn_is_blocked(tmp_path: Path):
    (tmp_path / "blocked.py").write_text(BLOCKED)
    port, probes, started = free_port(), free_port(), tmp_path / "started"
    started.touch()
    environment = {**os.environ, "PROBES_PORT": str(probes), "STARTED": str(started), "DEBUG": "true"}
    environment |= {"DJANGO_SETTINGS_MODULE": "hsl_dashboard.settings", "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    environment |= {"METRICS_NETWORKS": "127.0.0.1"}
    command = ["gunicorn", "blocked", f"--bind=127.0.0.1:{port}"]
    options = ["--workers=1", "--threads=2", "--no-control-socket", "--graceful-timeout=1"]
    with subprocess.Popen([sys.executable, "-m", *command, *options], env=environment) as web:
        try:
            clients = [threading.Thread(target=ask, args=(port,), daemon=True) for _ in range(4)]
            wait_for(lambda: listens(port))
            for one in clients:
                one.start()
            wait_for(lambda: len(started.read_text()) == 2)

            began = time.monotonic()
            with urlopen(f"http://127.0.0.1:{probes}/health/live", timeout=5) as response:
                assert response.read() == b"ok"
            assert time.monotonic() - began < 2
            with urlopen(f"http://127.0.0.1:{probes}/metrics", timeout=10) as response:
                assert b'hsl_up{what="redis"} 1.0' in response.read()
        finally:
            web.send_signal(signal.SIGTERM)


def ask(port: int) -> None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        client.recv(1)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.django_db
def test_probes_need_nobody_signed_in():
    assert Client().get("/health/live").content == b"ok"


def test_the_health_check_of_beats_container_hears_whether_it_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("check_heartbeat", "beat", stdout=StringIO())
    monkeypatch.setattr(heartbeats, "SILENT_AFTER", -1.0)

    with pytest.raises(CommandError, match=r"beat has been silent since 20[^+]* UTC\."):
        call_command("check_heartbeat", "beat")
