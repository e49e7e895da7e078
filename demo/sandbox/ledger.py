"""The witness: an append-only ledger of all that was asked and what was accepted, with counts kept as it grows."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any, TextIO

OPTIONS = ("reply_markup", "disable_notification", "link_preview_options", "allow_paid_broadcast", "parse_mode")


class CallRecord:
    """One request: when it came, what it asked, what became of it."""

    __slots__ = (
        "accepted",
        "at",
        "bot_id",
        "chat_id",
        "description",
        "fault",
        "file",
        "message_id",
        "method",
        "monotonic",
        "options",
        "outcome",
        "seq",
        "status",
        "text",
    )
    seq: int
    at: float  # wall clock, seconds
    monotonic: float  # seconds; comparable with time.monotonic() of any process on this machine
    bot_id: int
    method: str
    chat_id: int
    text: str
    file: str  # what identifies the file, '' without one
    options: dict[str, Any]  # how it was asked to arrive: the parameters of OPTIONS, as far as they were given
    outcome: str  # "ok", "refused", "limited", or the fault's effect
    status: int  # the HTTP status that was meant for the client
    description: str
    message_id: int
    accepted: bool
    fault: int  # the rule's id, 0 without one

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Peak:
    """The most events that any window of one second has held; a step costs the same however many there were."""

    def __init__(self) -> None:
        self.moments: deque[float] = deque()
        self.most = 0
        self.at = 0.0

    def add(self, monotonic: float, at: float) -> None:
        moments = self.moments
        moments.append(monotonic)
        while moments[0] <= monotonic - 1.0:
            moments.popleft()
        if len(moments) > self.most:
            self.most = len(moments)
            self.at = at


class Ledger:
    """Everything asked of the sandbox since the start or the last reset."""

    def __init__(self, path: Path | None = None) -> None:
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None
        self.reset()

    def reset(self) -> None:
        self.entries: list[CallRecord] = []
        self.requested_of_chat: Counter[int] = Counter()
        self.accepted_of_chat: Counter[int] = Counter()
        self.of_chat: dict[int, list[CallRecord]] = {}
        self.requested = 0  # sends, edits and deletes; getMe and its like are entries only
        self.accepted = 0
        self.sends: dict[tuple[int, str, str], int] = {}
        self.repeated: dict[tuple[int, str, str], list[int]] = {}
        self.peak_requested = Peak()
        self.peak_accepted = Peak()

    def record(self, entry: CallRecord, *, counts: bool, sends: bool) -> None:
        """``counts``: the call is one of those that Telegram limits; ``sends``: it makes a message."""
        entry.seq = len(self.entries) + 1
        self.entries.append(entry)
        if counts:
            self._count(entry, sends=sends)
        if self._file:
            self._file.write(json.dumps(entry.as_json(), ensure_ascii=False) + "\n")

    def _count(self, entry: CallRecord, *, sends: bool) -> None:
        self.requested += 1
        self.requested_of_chat[entry.chat_id] += 1
        self.of_chat.setdefault(entry.chat_id, []).append(entry)
        self.peak_requested.add(entry.monotonic, entry.at)
        if not entry.accepted:
            return
        self.accepted += 1
        self.accepted_of_chat[entry.chat_id] += 1
        self.peak_accepted.add(entry.monotonic, entry.at)
        if sends:
            key = (entry.chat_id, entry.text, entry.file)
            first = self.sends.setdefault(key, entry.message_id)
            if first != entry.message_id:
                self.repeated.setdefault(key, [first]).append(entry.message_id)

    def flush(self) -> None:
        if self._file:
            self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def page(self, after: int, limit: int) -> list[dict[str, Any]]:
        return [entry.as_json() for entry in self.entries[after : after + limit]]

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            str(chat_id): {"requested": requested, "accepted": self.accepted_of_chat[chat_id]}
            for chat_id, requested in self.requested_of_chat.items()
        }

    def duplicates(self) -> list[dict[str, Any]]:
        return [
            {"chat_id": chat_id, "text": text, "file": file, "count": len(ids), "message_ids": ids}
            for (chat_id, text, file), ids in self.repeated.items()
        ]

    def summary(self) -> dict[str, Any]:
        return {
            "requests": len(self.entries),
            "requested": self.requested,
            "accepted": self.accepted,
            "chats": len(self.accepted_of_chat),
            "duplicates": len(self.repeated),
            "peak_requested": self.peak_requested.most,
            "peak_requested_at": self.peak_requested.at,
            "peak_accepted": self.peak_accepted.most,
            "peak_accepted_at": self.peak_accepted.at,
        }


def new_entry(method: str, bot_id: int, chat_id: int, text: str) -> CallRecord:
    entry = CallRecord()
    entry.seq = 0
    entry.at = time.time()
    entry.monotonic = time.monotonic()
    entry.bot_id = bot_id
    entry.method = method
    entry.chat_id = chat_id
    entry.text = text
    entry.file = ""
    entry.options = {}
    entry.outcome = "ok"
    entry.status = 200
    entry.description = ""
    entry.message_id = 0
    entry.accepted = False
    entry.fault = 0
    return entry
