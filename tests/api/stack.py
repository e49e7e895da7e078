"""gunicorn with everything that stands before the routes, on the test's database, as the application's role."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

from demo.launcher import free_port
from demo.sandbox.client import SandboxClient
from tests.database_roles import application_url

ROOT = Path(__file__).parents[2]


@contextmanager
def running_web(telegram: SandboxClient, log: Path) -> Iterator[str]:
    """The address of a server of its own, for the length of a block."""
    port, probes = free_port(), free_port()
    command = ["gunicorn", "hsl_dashboard.wsgi", f"--bind=127.0.0.1:{port}", "--workers=1", "--threads=4"]
    environment = os.environ | {
        "DATABASE_URL": application_url(),
        "REDIS_URL": settings.REDIS_URL,
        "BOT_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.url,
        "DJANGO_SETTINGS_MODULE": "hsl_dashboard.settings",
        "DEBUG": "true",  # production's files have names with hashes, which are collected for the image
        "DEBUG_PAGES": "false",
        "PROBES_PORT": str(probes),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--no-control-socket"],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api/openapi.json", log)
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        with suppress(URLError, ConnectionError):
            urlopen(address, timeout=30).close()
            break
        assert time.monotonic() < deadline, log.read_text()[-2_000:]
        time.sleep(0.1)
