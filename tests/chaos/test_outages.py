"""PostgreSQL, Valkey, workers and beat stopped and started in turn, on real processes: F8, F11, F12, G3, G4."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from redis import Redis

from demo.launcher import free_port
from demo.processes import Children
from tests.chaos.system import ROOT, System, kill, running_system

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with running_system(workers=1, beats=1) as system:
        yield system


@pytest.fixture(scope="module")
def web(system: System) -> Iterator["Web"]:
    port, probes = free_port(), free_port()
    command = ["gunicorn", "hsl_dashboard.wsgi", f"--bind=127.0.0.1:{port}"]
    options = ["--workers=2", "--threads=4", "--no-control-socket"]  # as make demo
    # Production's files have names with hashes, which are collected for the image.
    more = {"PROBES_PORT": str(probes), "DEBUG": "true", "DEBUG_PAGES": "false"}
    with (system.folder / "log" / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, *options],
            cwd=ROOT,
            env={**system.environment, **more},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        web = Web(port, probes)
        wait_for(web.lives, system)
        yield web
    finally:
        kill(process)


class Web:
    """What is asked of the pages and of the probes."""

    def __init__(self, port: int, probes: int) -> None:
        self.port, self.probes = port, probes

    def page(self, place: str = "/accounts/login/", session: str = "x" * 32) -> tuple[int, Any, float]:
        """Ask for a page that reads a session, as a colleague's browser does."""
        began = time.monotonic()
        headers = {"Host": "localhost", "Cookie": f"sessionid={session}"}
        request = Request(f"http://127.0.0.1:{self.port}{place}", headers=headers)
        try:
            with urlopen(request, timeout=30) as response:
                return response.status, response.headers, time.monotonic() - began
        except HTTPError as error:
            error.close()
            return error.code, error.headers, time.monotonic() - began

    def lives(self) -> bool:
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{self.probes}/health/live", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def ready(self) -> dict[str, str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.probes}/health/ready", timeout=20) as response:
                return dict(json.load(response))
        except HTTPError as error:
            with error:
                return dict(json.load(error))


def wait_for(condition: Callable[[], bool], system: System, *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, logs(system)
        time.sleep(0.3)


def logs(system: System) -> str:
    return "\n".join(f"{path.name}:\n{path.read_text()[-2000:]}" for path in (system.folder / "log").glob("*.log"))


def all_well(web: Web) -> Callable[[], bool]:
    return lambda: set(web.ready().values()) == {"ok"}


def test_everything_is_stopped_and_started_in_turn(system: System, web: Web) -> None:
    wait_for(all_well(web), system)
    assert web.page()[0] == 200

    # G3. PostgreSQL gone, and back.
    system.postgres.stop()
    status, headers, took = web.page()
    assert (status, headers["Retry-After"]) == (503, "5"), logs(system)
    assert took < 5
    assert web.lives()
    assert web.ready()["database"] == "down"
    system.postgres = system._postgres()
    system.postgres.start()
    wait_for(lambda: web.page()[0] == 200, system)
    wait_for(all_well(web), system)

    # F8. Valkey silent, and gone: pages go on.
    os.kill(system.valkey.process.pid, signal.SIGSTOP)
    try:
        assert [web.page()[0] for _ in range(3)] == [200] * 3
        assert web.ready()["redis"] == "down"
        assert web.lives()
    finally:
        os.kill(system.valkey.process.pid, signal.SIGCONT)
    system.valkey.stop()
    assert web.page()[0] == 200
    system.valkey = system._valkey()
    system.valkey.start()
    wait_for(all_well(web), system)  # workers and beat are there again, by themselves

    # G4. No worker, then no beat: named with since when.
    kill(system.workers.pop())
    wait_for(lambda: web.ready()["worker-telegram"].startswith("silent since"), system)
    assert web.ready()["beat"] == "ok"
    system.start_worker()
    kill(system.beats.pop())
    wait_for(lambda: web.ready()["beat"].startswith("silent since"), system)
    system.start_beat()
    wait_for(all_well(web), system)


def test_G3_a_postgresql_that_is_frozen_stops_no_page_for_long(system: System, web: Web) -> None:
    wait_for(all_well(web), system)
    assert web.page()[0] == 200

    with system.frozen_postgres():
        pages = [web.page() for _ in range(3)]
        began = time.monotonic()
        ready = web.ready()
        took = time.monotonic() - began
        lives = web.lives()
        time.sleep(30)  # as long as the pool would go on doubling its waits

    assert [(status, headers["Retry-After"]) for status, headers, _ in pages] == [(503, "5")] * 3, logs(system)
    assert max(seconds for _, _, seconds in pages) < 6
    assert (ready["database"], lives) == ("down", True)
    assert took < 6
    wait_for(lambda: web.page()[0] == 200, system, seconds=15)
    wait_for(all_well(web), system)


SIGNED_IN = """
import django
django.setup()
from django.test import Client
from users.models import User
user = User.objects.create(username="clicking", is_staff=True, is_superuser=True)
client = Client()
client.force_login(user)
print(client.cookies["sessionid"].value)
"""


def test_G3_a_lock_of_a_minute_under_thirty_clicking_clients(system: System, web: Web) -> None:
    """Bookings are 503 until the lock goes; the other pages and the probes answer meanwhile."""
    wait_for(all_well(web), system)
    environment = {**system.environment, "DEBUG": "true", "DEBUG_PAGES": "false"}
    made = subprocess.run(
        [sys.executable, "-c", SIGNED_IN], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    session = made.stdout.split()[-1]
    answers: list[tuple[str, int, float]] = []
    until = time.monotonic() + 60

    def click(address: str) -> None:
        while time.monotonic() < until:
            status, _, seconds = web.page(address, session)
            answers.append((address, status, seconds))
            time.sleep(0.5)  # a click is followed by a look

    places = ["/bookings/"] * 20 + ["/messages/templates/"] * 10
    clients = [threading.Thread(target=click, args=(place,)) for place in places]
    probes: list[tuple[bool, dict[str, str]]] = []
    with psycopg.connect(system.postgres.url) as other:
        other.execute("LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")
        for client in clients:
            client.start()
        while time.monotonic() < until:
            probes.append((web.lives(), web.ready()))
            time.sleep(2)
        for client in clients:
            client.join()

    statuses = {place: {status for address, status, _ in answers if address == place} for place in set(places)}
    assert statuses == {"/bookings/": {503}, "/messages/templates/": {200}}, logs(system)
    others = sorted(seconds for address, _, seconds in answers if address != "/bookings/")
    assert others[len(others) // 2] < 5, others  # two cores, which the test's own thirty threads share
    assert {lives for lives, _ in probes} == {True}
    assert {ready["database"] for _, ready in probes} == {"ok"}
    assert web.page("/bookings/", session)[0] == 200


def test_F12_a_worker_whose_redis_becomes_a_replica_is_there_again(system: System, web: Web, tmp_path: Path) -> None:
    """It reconnects, or ends with a word and is started again as in the demo, until Redis is no replica any more."""
    said: list[str] = []
    children = Children(said.append)
    worker = [sys.executable, "-m", "celery", "-A", "hsl_dashboard", "worker", "--queues=default", "--concurrency=1"]
    system.environment["PYTHONUNBUFFERED"] = "1"
    child = children.start("worker", [*worker, "--loglevel=info"], system.environment, tmp_path, again=True)
    log = tmp_path / "worker.log"
    try:
        wait_for(lambda: " ready." in log.read_text(), system)
        with Redis.from_url(system.valkey.url) as redis:
            redis.replicaof("127.0.0.1", "9")
            until = time.monotonic() + 25
            while time.monotonic() < until:
                children.check()  # raises where it ends too often
                time.sleep(0.5)
            assert "READONLY" in log.read_text() or "read only replica" in log.read_text()
            redis.replicaof("NO", "ONE")

        def works() -> bool:
            children.check()
            return child.process.poll() is None and log.read_text().rfind(" ready.") > log.read_text().rfind("ONLY")

        wait_for(works, system)
    finally:
        children.stop()
