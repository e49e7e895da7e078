"""PostgreSQL, Valkey, workers and beat stopped and started in turn, on real processes: F8, F11, F12, G3, G4."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

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
    options = ["--workers=1", "--threads=2", "--no-control-socket"]
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

    def page(self) -> tuple[int, Any, float]:
        """Ask for a page that reads a session, as a colleague's browser does."""
        address = f"http://127.0.0.1:{self.port}/accounts/login/"
        began = time.monotonic()
        request = Request(address, headers={"Host": "localhost", "Cookie": f"sessionid={'x' * 32}"})
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
