"""What runs in earnest beside the live server: worker and beat on the test's database, as the application's role."""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from bookings.models import Booking
from demo.sandbox.client import SandboxClient
from hsl_dashboard.web.logs import JsonLines
from messaging.models import Broadcast
from tests.browser.helpers import ROOT
from tests.database_roles import application_url
from users.models import Event, TelegramUser, User

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
        "LOG_FORMAT": "json",
        "PYTHONWARNINGS": "ignore",  # Celery's about running as root, where the tests do
    }
    web = logging.FileHandler(logs / "web.log")
    web.setFormatter(JsonLines())
    logging.getLogger().addHandler(web)
    processes = [_start(command, environment, logs) for command in COMMANDS]
    try:
        yield
        assert_nothing_personal_in(logs)
    finally:
        logging.getLogger().removeHandler(web)
        web.close()
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def assert_nothing_personal_in(logs: Path) -> None:
    """What web, worker and beat said in a whole run: lines of JSON, without names, e-mails, texts and tokens."""
    lines = {path.name: path.read_text().splitlines() for path in logs.glob("*.log")}
    for said in lines.values():
        for line in said:
            assert json.loads(line)["message"]
    assert lines["worker.log"] and lines["beat.log"]
    found = {word: line for word in _personal_words() for said in lines.values() for line in said if word in line}
    assert not found, found


def _personal_words() -> set[str]:
    """What the run wrote about people and said to them, in pieces that a line would hold whole."""
    people = TelegramUser.objects.values_list("first_name", "username")
    bookings = Booking.objects.values_list("first_name", "username")
    staff = User.objects.values_list("last_name", "first_name", "email")
    details: Iterable[Any] = Event.objects.values_list("details", flat=True)
    texts = [
        *Broadcast.objects.values_list("message_text", flat=True),
        *(said["message_text"] for said in details if said and "message_text" in said),
    ]
    words = {word for row in (*people, *bookings, *staff) for word in row if word}
    words |= {piece for text in texts for line in (text or "").splitlines() for piece in line.split(". ")}
    # Shorter ones are parts of other words.
    return {word for word in words if len(word) > 4} | {settings.BOT_TOKEN, settings.SECRET_KEY}


def _start(command: tuple[str, ...], environment: dict[str, str], logs: Path) -> "subprocess.Popen[bytes]":
    with (logs / f"{command[0]}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "celery", "--quiet", "-A", "hsl_dashboard", *command, "--loglevel=info"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a group of its own: the signal reaches its children
        )
