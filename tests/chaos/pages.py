"""The web of the running system: gunicorn as in production, and staff who click."""

import http.client
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil

from demo.launcher import free_port
from tests.chaos.system import ROOT, System, kill

BROKE_OFF = 0  # the status of a request that got no answer
CSRF = "c" * 32
PIECES = ("/progress/", "/counts/")  # htmx asks for them; without it they lead to their page
LONGEST_ANSWER = 60  # seconds: new processes begin within them on a busy machine too


class Gunicorn:
    """One web of the dashboard, with two processes of four threads each."""

    def __init__(self, system: System, *, name: str = "web", code: Path = ROOT) -> None:
        self.port, self.probes = free_port(), free_port()
        # Production's files have names with hashes, which are collected for the image.
        more = {"PROBES_PORT": str(self.probes), "DEBUG": "true", "DEBUG_PAGES": "false"}
        command = ["gunicorn", "hsl_dashboard.wsgi", f"--bind=127.0.0.1:{self.port}"]
        options = ["--workers=2", "--threads=4", "--no-control-socket", "--access-logfile=/dev/null"]
        with (system.folder / "log" / f"{name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command, *options],
                cwd=code,
                env={**system.environment, **more},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ask(self, place: str, *, session: str = "", data: dict[str, str] | None = None, port: int = 0) -> int:
        """Ask for a page and read all of it; BROKE_OFF where the connection ended first."""
        return self.read(place, session=session, data=data, port=port)[0]

    def read(
        self, place: str, *, session: str = "", data: dict[str, str] | None = None, port: int = 0
    ) -> tuple[int, str]:
        """Ask for a page; give its status and what stands on it."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=LONGEST_ANSWER)
        headers = {"Host": "localhost", "Cookie": f"sessionid={session}; csrftoken={CSRF}"}
        if place.endswith(PIECES):
            headers["HX-Request"] = "true"
        if data is not None:
            headers |= {"X-CSRFToken": CSRF, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("GET" if data is None else "POST", place, urlencode(data or {}) or None, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            return BROKE_OFF, ""
        else:
            return response.status, text
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """What a balancer asks before it sends anybody here."""
        return self.ask("/health/ready", port=self.probes) == 200

    def lives(self) -> bool:
        return self.ask("/health/live", port=self.probes) == 200

    def workers(self) -> list[int]:
        """The processes that serve pages."""
        with suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(self.process.pid).children()]
        return []

    def memory(self) -> int:
        """Bytes that belong to its processes alone."""
        return memory_of([self.process.pid])

    def stop(self) -> None:
        kill(self.process)


def memory_of(pids: list[int]) -> int:
    """Bytes of these processes and their children that no other process shares."""
    found = 0
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            main = psutil.Process(pid)
            for process in [main, *main.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    found += process.memory_full_info().uss
    return found


@contextmanager
def running_web(system: System, *, name: str = "web", seconds: float = 120, code: Path = ROOT) -> Iterator[Gunicorn]:
    """One that is ready, for the length of a block."""
    web = Gunicorn(system, name=name, code=code)
    try:
        deadline = time.monotonic() + seconds
        while not web.is_ready():
            log = system.folder / "log" / f"{name}.log"
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.3)
        yield web
    finally:
        web.stop()


@dataclass
class Clicks:
    """What staff asked for, what they got, and how long it took."""

    answers: list[tuple[str, int, float]] = field(default_factory=list)

    def statuses(self) -> dict[int, int]:
        return dict(Counter(status for _place, status, _took in self.answers))

    def failures(self) -> list[tuple[str, int]]:
        """Give the answers that failed: broken off, or a 5xx."""
        return [(place, status) for place, status, _took in self.answers if status == BROKE_OFF or status >= 500]

    def percentile(self, share: float) -> float:
        """Seconds within which so many of the answers came."""
        times = sorted(took for _place, _status, took in self.answers)
        return times[min(int(len(times) * share), len(times) - 1)] if times else 0.0


class Staff:
    """Colleagues who click, each with so many seconds of thought, until they are told to stop."""

    def __init__(
        self, sessions: list[str], places: list[str], *, think: float = 1.0, web: Callable[[], Gunicorn]
    ) -> None:
        self.clicks = Clicks()
        self._stopped = threading.Event()
        self._places, self._think, self._web = places, think, web
        self._threads = [
            threading.Thread(target=self._click, args=(number, session), daemon=True)
            for number, session in enumerate(sessions)
        ]

    def __enter__(self) -> Clicks:
        for thread in self._threads:
            thread.start()
        return self.clicks

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(LONGEST_ANSWER + 5)

    def _click(self, number: int, session: str) -> None:
        # Nobody begins at the same moment, or on the same page.
        turn = number
        if self._stopped.wait(self._think * (number % 10) / 10):
            return
        while not self._stopped.is_set():
            place = self._places[turn % len(self._places)]
            began = time.monotonic()
            status = self._web().ask(place, session=session)
            self.clicks.answers.append((place, status, time.monotonic() - began))
            turn += 1
            self._stopped.wait(self._think)
