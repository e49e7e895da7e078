"""A typed door to a running sandbox for tests, benchmarks and demonstrations; the standard library is enough."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROJECT_ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class LedgerEntry:
    """One request as the sandbox saw it; see ledger.CallRecord for the meaning of the fields."""

    seq: int
    at: float
    monotonic: float
    bot_id: int
    method: str
    chat_id: int
    text: str
    file: str
    options: dict[str, Any]
    outcome: str
    status: int
    description: str
    message_id: int
    accepted: bool
    fault: int


_ENTRY_FIELDS = tuple(field.name for field in fields(LedgerEntry))


@dataclass(frozen=True)
class Peaks:
    """The most requests, and the most accepted ones, in any window of one second."""

    requested: int
    accepted: int


class SandboxError(RuntimeError):
    """The sandbox refused a command of the control API, or did not start."""


class SandboxClient:
    """Commands over HTTP; safe to use beside the code under test, from any process of this machine."""

    def __init__(self, url: str, token: str, process: subprocess.Popen[str] | None = None) -> None:
        self.url = url
        self.token = token
        self.process = process

    @property
    def bot_url(self) -> str:
        """For python-telegram-bot: ``Bot(token, base_url=…)``."""
        return f"{self.url}/bot"

    @property
    def file_url(self) -> str:
        """For python-telegram-bot: ``Bot(token, base_file_url=…)``."""
        return f"{self.url}/file/bot"

    # The witness

    def ledger(self, *, accepted: bool | None = None, method: str | None = None) -> list[LedgerEntry]:
        """Every request since the reset, in order of arrival."""
        found: list[LedgerEntry] = []
        after: int | None = 0
        while after is not None:
            answer = self._ask("GET", f"/_sandbox/ledger?after={after}")
            found += [LedgerEntry(**{name: entry[name] for name in _ENTRY_FIELDS}) for entry in answer["entries"]]
            after = answer["next"]
        return [
            entry
            for entry in found
            if (accepted is None or entry.accepted is accepted) and (method is None or entry.method == method)
        ]

    def accepted_counts(self) -> dict[int, int]:
        """How many sends, edits and deletes each chat has accepted."""
        counts = self._ask("GET", "/_sandbox/ledger/counts")
        return {int(chat_id): count["accepted"] for chat_id, count in counts.items() if count["accepted"]}

    def duplicates(self) -> list[dict[str, Any]]:
        """Sends that a chat accepted more than once with the same words and file."""
        found: list[dict[str, Any]] = self._ask("GET", "/_sandbox/ledger/duplicates")
        return found

    def peaks(self) -> Peaks:
        answer = self._ask("GET", "/_sandbox/ledger/peaks")
        return Peaks(requested=answer["peak_requested"], accepted=answer["peak_accepted"])

    def state(self) -> dict[str, Any]:
        """The totals: requests, accepted, chats, duplicates, peaks, in_flight, and the settings."""
        answer: dict[str, Any] = self._ask("GET", "/_sandbox/state")
        return answer

    # What goes wrong

    def fault(self, effect: str, **rule: Any) -> int:
        """Add a rule (see faults.Rule for its fields) and give its id."""
        answer = self._ask("POST", "/_sandbox/faults", {"effect": effect, **rule})
        return int(answer["id"])

    def fault_hits(self, rule_id: int) -> int:
        return next(int(rule["hits"]) for rule in self._ask("GET", "/_sandbox/faults") if rule["id"] == rule_id)

    def clear_faults(self) -> None:
        self._ask("DELETE", "/_sandbox/faults")

    def configure(self, **settings: Any) -> None:
        """rate (messages/s, 0: no limits), latency_ms ((low, high)), seed, advance_clock_seconds."""
        self._ask("POST", "/_sandbox/settings", settings)

    def reset(self, *, keep_people: bool = False) -> None:
        self._ask("POST", "/_sandbox/reset", {"keep_people": keep_people})

    # People

    def add_people(self, people: Iterable[dict[str, Any]]) -> None:
        """Give names and states: ``{"id": 1, "first_name": …, "username": …, "state": "blocked"}``."""
        self._ask("POST", "/_sandbox/people", {"people": list(people)})

    def set_state(self, chat_id: int, state: str) -> None:
        """active, blocked, deactivated, not_started, unknown or migrated."""
        self._ask("POST", f"/_sandbox/people/{chat_id}", {"state": state})

    def block(self, chat_id: int) -> None:
        self.set_state(chat_id, "blocked")

    def unblock(self, chat_id: int) -> None:
        self.set_state(chat_id, "active")

    def write(self, chat_id: int, text: str) -> int:
        """The person writes to the bot; gives the message's id."""
        return int(self._ask("POST", f"/_sandbox/people/{chat_id}/messages", {"text": text})["message_id"])

    def press(self, chat_id: int, message_id: int, *, row: int = 0, column: int = 0) -> str:
        """The person presses an inline button; gives the callback query's id."""
        where = {"message_id": message_id, "row": row, "column": column}
        return str(self._ask("POST", f"/_sandbox/people/{chat_id}/presses", where)["id"])

    # The process

    def stop(self, *, kill: bool = False) -> int:
        """End the process that run_sandbox started; gives its exit status."""
        if self.process is None:
            raise SandboxError("this client did not start the sandbox")
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(STOP_SECONDS)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=30)
        with contextlib.closing(connection):
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= 400:
            raise SandboxError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return json.loads(content)


def start_sandbox(
    *,
    port: int = 0,
    rate: int = 0,
    latency_ms: tuple[float, float] = (0, 0),
    token: str = "",
    ledger: Path | None = None,
    seed: int = 0,
) -> SandboxClient:
    """Start a sandbox process and wait until it listens. For tests: without limits and latency unless asked."""
    command = [sys.executable, "-m", "demo.sandbox", f"--port={port}", f"--rate={rate}", f"--seed={seed}"]
    command.append(f"--latency-ms={latency_ms[0]}-{latency_ms[1]}")
    if token:
        command.append(f"--token={token}")
    if ledger:
        command.append(f"--ledger={ledger}")
    environment = {name: value for name, value in os.environ.items() if name not in {"DEBUG", "HSL_ENV"}}
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SandboxError(f"the sandbox did not start (exit status {process.wait(STOP_SECONDS)})")
    listening = json.loads(line)
    return SandboxClient(listening["url"], listening["token"], process)


@contextlib.contextmanager
def run_sandbox(**options: Any) -> Iterator[SandboxClient]:
    """A sandbox for the length of a block; takes what start_sandbox takes."""
    client = start_sandbox(**options)
    try:
        yield client
    finally:
        client.stop()
        if client.process and client.process.stdout:
            client.process.stdout.close()
