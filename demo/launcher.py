"""The launcher behind ``make demo``: servers, demo school, Telegram sandbox, web, workers and beat, until Ctrl-C.

It always uses the embedded servers and the sandbox, whatever the environment or ``.env`` say: it makes accounts with
known passwords and sends messages, which must never meet a real database or a real bot.
"""

import argparse
import contextlib
import fcntl
import importlib.util
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import IO, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from demo.processes import ChildEnded, Children
from demo.servers import embedded
from demo.servers.outdated import begin_anew_if_outdated

RUN, LOG = embedded.LOCAL / "run", embedded.LOCAL / "log"
FIRST_PAGE = "/accounts/login/"
READY_TIMEOUT = 60  # seconds for the first page; it takes 3 on two cores
BOT_TOKEN = "100000:demo-token-of-the-sandbox"
PAYMENT_SECRET = "payments-of-the-demo-school-are-signed"  # a notice of a payment service is signed with it
# Logins of the demo school; the command prepare_demo makes them.
PASSWORD = "hashslash-demo"
LOGINS = {
    "admin": "everything, the Django admin too",
    "marketing": "messages, referrals, analytics",
    "courses": "bookings, streams, people",
    "viewer": "sees all of it, changes nothing",
}


class Stopped(BaseException):
    """A signal asked us to end. Not an Exception: no handler of errors may swallow it."""


class DemoFailed(Exception):
    """The demo cannot go on; the text says what to do."""


def main() -> None:
    """Start all, print where it is, wait, stop all."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--port", type=int, default=8000, help="port of the page, 8000 unless told otherwise")
    port: int = parser.parse_args().port
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    children = Children(say)
    status = 0
    try:
        with _only_demo_of_this_clone(port):
            _run(port, children)
    except Stopped:
        say("\nStopping ...")
    except (DemoFailed, ChildEnded, embedded.EmbeddedServersFailed) as failure:
        say(f"\n{failure}")
        status = 1
    finally:
        # A second Ctrl-C while stopping does not interrupt it: children get ten seconds and are then killed anyway.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        children.stop()
        embedded.stop_if_unused()
        say("Everything is stopped. The data stays in .local; make clean removes it." if not status else "Stopped.")
    sys.exit(status)


def say(text: str) -> None:
    """Print, also when the terminal is gone already."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped


def _run(port: int, children: Children) -> None:
    _require_free_port(port)
    say("Starting PostgreSQL and Valkey ...")
    environment = _environment(port)
    if importlib.util.find_spec("demo.sandbox"):
        sandbox_port = free_port()
        environment["TELEGRAM_API_URL"] = f"http://127.0.0.1:{sandbox_port}"
        command = [sys.executable, "-m", "demo.sandbox", "--port", str(sandbox_port), "--token", BOT_TOKEN]
        children.start("sandbox", command, environment, LOG)
    say("Preparing the database and the demo school ...")
    owner = {**environment, "OWNER_DATABASE_URL": embedded.database_url()}
    prepare = children.start("prepare", [sys.executable, "manage.py", "prepare_demo"], owner, LOG)
    children.wait_for(prepare)
    say("Starting web, workers and beat ...")
    children.start("web", _web(port), environment, LOG)
    _wait_for_page(port, children)  # first alone: two cores start one process at a time faster than four at once
    for name, command in _background().items():
        children.start(name, command, environment, LOG, again=True)
    _announce(port, environment)
    _watch(children)


def _environment(port: int) -> dict[str, str]:
    """What every child is started with."""
    secret = embedded.LOCAL / "secret_key"
    database, redis = embedded.database_url(), embedded.redis_url()
    # The servers may run already, for a process of the code that was here before.
    if said := begin_anew_if_outdated(database):
        say(said)
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(os.urandom(32).hex())
    return {
        **os.environ,
        "DATABASE_URL": embedded.application_url(),
        "OWNER_DATABASE_URL": "",  # of the one child that migrates
        "POSTGRES_PASSWORD": "",
        "OWNER_PASSWORD": "",
        "REDIS_URL": redis,
        "SECRET_KEY": secret.read_text(),  # kept, so that a second start keeps the sessions
        "DEBUG": "true",
        "DEBUG_PAGES": "false",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "CSRF_TRUSTED_ORIGINS": f"http://localhost:{port},http://127.0.0.1:{port}",
        "BOT_TOKEN": BOT_TOKEN,
        "PAYMENT_WEBHOOK_SECRETS": PAYMENT_SECRET,
        "TELEGRAM_API_URL": "http://127.0.0.1:9",  # the "discard" port: no sandbox, no message
        "SENTRY_DSN": "",
        "PROBES_PORT": str(free_port()),
        "PYTHONUNBUFFERED": "1",
        "PTB_TIMEDELTA": "1",
    }


def _web(port: int) -> list[str]:
    options = ["--workers=2", "--threads=4", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", "hsl_dashboard.wsgi", f"--bind=127.0.0.1:{port}", *options]


def _background() -> dict[str, list[str]]:
    celery = [sys.executable, "-m", "celery", "-A", "hsl_dashboard"]
    worker = [*celery, "worker", "--loglevel=info", "--without-gossip", "--without-mingle"]
    return {
        "worker-default": [*worker, "--queues=default", "--concurrency=1", "--hostname=default@%h"],
        "worker-telegram": [*worker, "--queues=telegram", "--concurrency=2", "--hostname=telegram@%h"],
        "beat": [*celery, "beat", "--loglevel=info", f"--pidfile={RUN / 'beat.pid'}"],
    }


@contextlib.contextmanager
def _only_demo_of_this_clone(port: int) -> Iterator[IO[str]]:
    """Hold the lock of this clone's demo; the file says where the running one is."""
    RUN.mkdir(parents=True, exist_ok=True)
    with (RUN / "demo.json").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            running = json.loads(lock.read() or "{}").get("port", port)
            raise DemoFailed(f"The demo of this clone is running already: http://localhost:{running}/") from None
        lock.truncate(0)
        lock.write(json.dumps({"port": port}))
        lock.flush()
        yield lock


def _require_free_port(port: int) -> None:
    # Five seconds: the children of a launcher that was killed may still be on their way out.
    for _ in range(25):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return
        time.sleep(0.2)
    raise DemoFailed(f"Port {port} is taken by another program. Choose another one:  make demo PORT={port + 1}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_page(port: int, children: Children) -> None:
    deadline = time.monotonic() + READY_TIMEOUT
    while time.monotonic() < deadline:
        children.check()
        try:
            with urlopen(f"http://127.0.0.1:{port}{FIRST_PAGE}", timeout=5):
                return
        except HTTPError as error:
            web = children["web"]
            raise DemoFailed(f"The first page answers {error.code}. The end of {web.log}:\n{web.tail()}") from error
        except (URLError, OSError):
            time.sleep(0.1)
    web = children["web"]
    raise DemoFailed(f"The first page did not come within {READY_TIMEOUT} s. The end of {web.log}:\n{web.tail()}")


def _announce(port: int, environment: Mapping[str, str]) -> None:
    width = max(map(len, LOGINS))
    sandbox = environment["TELEGRAM_API_URL"]
    lines = [
        "",
        "The HSL dashboard is running; Ctrl-C stops all of it. Logs: .local/log",
        "",
        f"  Telegram sandbox  {sandbox}/" if not sandbox.endswith(":9") else "  Telegram sandbox  none",
        f"  Dashboard         http://localhost:{port}/",
        "",
        f"  payment secret    {PAYMENT_SECRET}",
        f"  password of all   {PASSWORD}",
        *(f"  {name:<{width}}         {what}" for name, what in LOGINS.items()),
    ]
    say("\n".join(lines))


def _watch(children: Children) -> NoReturn:
    """Wait for a signal, the death of a child that is not started again, or of the make that started us."""
    parent = os.getppid()
    while True:
        children.check()
        if "MAKELEVEL" in os.environ and os.getppid() != parent:
            raise Stopped
        time.sleep(0.5)


if __name__ == "__main__":
    main()
