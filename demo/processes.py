"""Child processes of the launcher: each with a log of its own, some started again, all ended together.

Honcho would leave its processes running when it is killed, and knows no SIGHUP and no log per process.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
GRACE = 10  # seconds from SIGTERM to SIGKILL
# A worker that Redis refuses ends after some 8 seconds, one that cannot work at all after 2, each time.
RESTARTS, WITHIN = 10, 60  # restarts, seconds


class ChildEnded(Exception):
    """A process that should run has ended; the text has the end of its log."""


class Child:
    """One process and its log."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.log = log
        self.log.write_bytes(b"")
        self.process = self._begin()
        self._restarts: deque[float] = deque(maxlen=RESTARTS)

    def _begin(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C reaches the launcher alone, which then stops everyone in order.
                process_group=0,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - the launcher has one thread
            )

    def restart(self) -> None:
        """Start it again, behind what is in its log.

        Raises:
            ChildEnded: it was started again too often within a minute.
        """
        now = time.monotonic()
        if len(self._restarts) == RESTARTS and now - self._restarts[0] < WITHIN:
            raise self.failure()
        self._restarts.append(now)
        self.kill_group()  # a worker that was killed leaves its own children
        self.process = self._begin()

    def tail(self, lines: int = 15) -> str:
        """The end of the log, indented."""
        return "\n".join(f"    {line}" for line in self.log.read_text(errors="replace").splitlines()[-lines:])

    def failure(self) -> ChildEnded:
        """The error that tells how the process ended."""
        return ChildEnded(f"{self.how_it_ended()}. The end of {self.log}:\n{self.tail()}")

    def how_it_ended(self) -> str:
        """Its name, and the exit code or signal."""
        code = self.process.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{self.name} {how}"

    def kill_group(self) -> None:
        """End whatever is left of the process and its children."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Children:
    """All processes of one launcher."""

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self._running: dict[str, Child] = {}
        self._restarted: set[str] = set()
        self._say = say

    def __getitem__(self, name: str) -> Child:
        return self._running[name]

    def start(
        self, name: str, command: list[str], environment: Mapping[str, str], log: Path, *, again: bool = False
    ) -> Child:
        """Start one; its output goes to ``<log>/<name>.log``. ``again``: whenever it ends, until we stop it."""
        log.mkdir(parents=True, exist_ok=True)
        child = self._running[name] = Child(name, command, environment, log / f"{name}.log")
        if again:
            self._restarted.add(name)
        return child

    def wait_for(self, child: Child) -> None:
        """Wait until one ends well, while the others go on.

        Raises:
            ChildEnded: it, or another one, ended otherwise.
        """
        while child.process.poll() is None:
            self.check()
            time.sleep(0.05)
        if child.process.returncode:
            raise child.failure()
        del self._running[child.name]

    def check(self) -> None:
        """See that all run, and start again those that may be.

        Raises:
            ChildEnded: one does not, or does not go on running.
        """
        for child in self._running.values():
            if child.process.poll() is None:
                continue
            if child.name not in self._restarted:
                raise child.failure()
            how = child.how_it_ended()
            child.restart()
            self._say(f"{how}, and was started again; see {child.log}")

    def stop(self) -> None:
        """Ask all to end, wait, and kill what is left, children of children too."""
        for child in self._running.values():
            if child.process.poll() is None:
                # Only to the first of the group: gunicorn and celery end their own workers in order.
                child.process.terminate()
        deadline = time.monotonic() + GRACE
        for child in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            child.kill_group()
            child.process.wait()
        self._running.clear()


def _end_with_parent() -> None:
    """On Linux the kernel sends SIGTERM when the launcher is killed and cannot do it itself."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
