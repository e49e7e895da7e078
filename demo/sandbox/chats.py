"""People with their phones: who they are, what stands in their chat with the bot, what they may receive."""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from demo.sandbox.errors import ApiError, blocked, chat_not_found, deactivated, migrated, not_started
from demo.sandbox.files import StoredFile
from demo.sandbox.markup import Entity
from demo.sandbox.validation import Keyboard

DELETABLE_SECONDS = 48 * 3600


class PersonState(StrEnum):
    """Whether the bot may write to the person."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    NOT_STARTED = "not_started"
    UNKNOWN = "unknown"
    MIGRATED = "migrated"


_REFUSALS: dict[PersonState, Callable[[], ApiError]] = {
    PersonState.BLOCKED: blocked,
    PersonState.DEACTIVATED: deactivated,
    PersonState.NOT_STARTED: not_started,
    PersonState.UNKNOWN: chat_not_found,
}


@dataclass(slots=True)
class Message:
    """A message in a chat, the bot's (``bot_id`` set) or the person's (``bot_id`` 0)."""

    id: int
    bot_id: int
    date: int
    text: str
    entities: list[Entity]
    keyboard: Keyboard
    file: StoredFile | None = None
    silent: bool = False
    edited_at: int = 0


@dataclass(slots=True)
class Press:
    """A press of an inline button and the bot's answer to it, once there is one."""

    id: str
    message_id: int
    data: str
    answer: str | None = None
    alert: bool = False


@dataclass(slots=True)
class Chat:
    """A person and the phone in their hand. A negative id is a group."""

    id: int
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    state: PersonState = PersonState.ACTIVE
    migrated_to: int = -1001000000000
    bot_token: str = ""  # who wrote here last: what the person does goes to that bot
    messages: dict[int, Message] = field(default_factory=dict)
    press: Press | None = None
    version: int = 0
    changed_at: float = 0.0

    @property
    def name(self) -> str:
        full = f"{self.first_name} {self.last_name}".strip()
        return full or (f"@{self.username}" if self.username else f"Студент {self.id}")

    def check_may_receive(self) -> None:
        """Raises ApiError: 403 or 400 in Telegram's words."""
        if self.state is PersonState.ACTIVE:
            return
        if self.state is PersonState.MIGRATED:
            raise migrated(self.migrated_to)
        raise _REFUSALS[self.state]()

    def as_user_json(self) -> dict[str, Any]:
        person = {"id": self.id, "is_bot": False, "first_name": self.first_name or self.name}
        return person | self._optional_names() | {"language_code": "ru"}

    def as_json(self) -> dict[str, Any]:
        if self.id < 0:
            return {"id": self.id, "type": "supergroup", "title": self.name}
        return {"id": self.id, "type": "private", "first_name": self.first_name or self.name} | self._optional_names()

    def _optional_names(self) -> dict[str, str]:
        names = {"last_name": self.last_name, "username": self.username}
        return {key: value for key, value in names.items() if value}


class Chats:
    """All chats, the one that changed last at the end."""

    def __init__(self) -> None:
        self.by_id: OrderedDict[int, Chat] = OrderedDict()
        self.clock_offset = 0.0
        self.version = 0
        self.waiting_presses: dict[str, Chat] = {}
        self._message_ids = itertools.count(1)
        self._press_ids = itertools.count(7_000_000_001)

    def now(self) -> int:
        """The sandbox's own Unix time: tests may turn its clock forward."""
        return int(time.time() + self.clock_offset)

    def get(self, chat_id: int) -> Chat:
        chat = self.by_id.get(chat_id)
        if chat is None:
            chat = self.by_id[chat_id] = Chat(chat_id)
        return chat

    def touch(self, chat: Chat, *, lift: bool = True) -> None:
        """Note that the page of this chat has something new; ``lift`` puts it on top of the list."""
        self.version += 1
        chat.version = self.version
        if lift:
            chat.changed_at = self.now()
            self.by_id.move_to_end(chat.id)

    def newest_first(self) -> Iterator[Chat]:
        return reversed(self.by_id.values())

    def next_message_id(self) -> int:
        return next(self._message_ids)

    def add_press(self, chat: Chat, message_id: int, data: str) -> Press:
        chat.press = Press(str(next(self._press_ids)), message_id, data)
        self.waiting_presses[chat.press.id] = chat
        self.touch(chat, lift=False)
        return chat.press

    def reset(self, *, keep_people: bool) -> None:
        """Empty every chat; message ids go on, so that no id ever comes twice."""
        self.clock_offset = 0.0
        people = list(self.by_id.values()) if keep_people else []
        self.by_id.clear()
        self.waiting_presses.clear()
        self.version += 1
        for old in people:
            self.by_id[old.id] = Chat(
                old.id, old.first_name, old.last_name, old.username, version=self.version, bot_token=old.bot_token
            )
