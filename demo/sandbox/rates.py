"""Telegram's speed limits: a window for the bot, an allowance for a chat, twenty a minute for a group."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil

PAID_PER_SECOND = 1000  # allow_paid_broadcast
CHAT_PER_SECOND = 1.0
CHAT_BURST = 5  # «short bursts pass»
GROUP_PER_MINUTE = 20


class Window:
    """At most ``limit`` in any ``seconds``, exactly: the moments of the last ``limit`` are kept."""

    def __init__(self, limit: int, seconds: float = 1.0) -> None:
        self.limit = limit
        self.seconds = seconds
        self.moments: deque[float] = deque(maxlen=limit)

    def wait(self, now: float) -> float:
        """Seconds until one more fits; 0 when it fits now."""
        if len(self.moments) < self.limit:
            return 0.0
        return max(self.moments[0] + self.seconds - now, 0.0)

    def take(self, now: float) -> None:
        self.moments.append(now)


class Allowance:
    """One a second on average with a short burst: the theoretical next moment is all it stores."""

    __slots__ = ("next_at",)

    def __init__(self) -> None:
        self.next_at = 0.0

    def wait(self, now: float) -> float:
        return max(self.next_at - (CHAT_BURST - 1) / CHAT_PER_SECOND - now, 0.0)

    def take(self, now: float) -> None:
        self.next_at = max(self.next_at, now) + 1 / CHAT_PER_SECOND


@dataclass
class Limits:
    """All limits of one bot; ``per_second`` 0 switches every one of them off."""

    per_second: int
    chats: dict[int, Allowance | Window] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.set_rate(self.per_second)

    def set_rate(self, per_second: int) -> None:
        self.per_second = per_second
        self.free = Window(max(per_second, 1))
        self.paid = Window(max(per_second, PAID_PER_SECOND))
        self.chats.clear()

    def retry_after(self, chat_id: int, now: float, *, paid: bool, counts_for_chat: bool) -> int:
        """Whole seconds to wait before asking again; 0 when the request is taken (and counted)."""
        if self.per_second == 0:
            return 0
        whole = self.paid if paid else self.free
        limits: list[Window | Allowance] = [whole]
        if counts_for_chat:
            limits.append(self._chat(chat_id))
        wait = max(limit.wait(now) for limit in limits)
        if wait > 0:
            return max(ceil(wait), 1)
        for limit in limits:
            limit.take(now)
        return 0

    def _chat(self, chat_id: int) -> Allowance | Window:
        limit = self.chats.get(chat_id)
        if limit is None:
            limit = Allowance() if chat_id > 0 else Window(GROUP_PER_MINUTE, 60.0)
            self.chats[chat_id] = limit
        return limit
