"""What runs in earnest beside the live server: worker and beat on the test's database, as the application's role."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from demo.sandbox.client import SandboxClient
from tests.browser.helpers import ROOT
from tests.database_roles import application_url

COMMANDS = (
    ("worker", "--queues=telegram,default", "--concurrency=1", "--without-gossip", "--without-mingle"),
    ("beat", "--pidfile="),
)


@contextlib.contextmanager
def running_stack(telegram: SandboxClient, logs: Path, *, rate: float, zone: str = "") -> Iterator[None]:
    """A worker that sends ``rate`` messages/s and a beat, for the length of a block; in ``zone`` it may be day."""
    environment = os.environ | {
        "DATABASE_URL": application_url(),
        "REDIS_URL": settings.REDIS_URL,
        "BOT_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.url,
        "TELEGRAM_MESSAGES_PER_SECOND": str(rate),
        "TELEGRAM_CALL_TIMEOUT": "2",
        "DJANGO_SETTINGS_MODULE": "hsl_dashboard.settings",
        "TIME_ZONE": zone or settings.TIME_ZONE,
    }
    processes = [_start(command, environment, logs) for command in COMMANDS]
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _start(command: tuple[str, ...], environment: dict[str, str], logs: Path) -> "subprocess.Popen[bytes]":
    with (logs / f"{command[0]}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "hsl_dashboard", *command, "--loglevel=info"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a group of its own: the signal reaches its children
        )
