"""Bots by token, and how updates reach them: long polling or a webhook on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import itertools
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from demo.sandbox.errors import bad_request, conflict, not_found, unauthorized
from demo.sandbox.rates import Limits

DEFAULT_TOKEN = "1000000001:SANDBOX-not-a-secret-SANDBOX-0123456"
TOKEN_FORM = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,}")
SECRET_FORM = re.compile(r"[A-Za-z0-9_-]{1,256}")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
WEBHOOK_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MAX_KEPT_UPDATES = 100_000
WEBHOOK_TIMEOUT = aiohttp.ClientTimeout(total=10)
WEBHOOK_WAITS = (0.2, 0.5, 1, 2, 5, 10, 30)  # seconds between tries, the last one for ever


@dataclass
class Webhook:
    url: str
    secret: str = ""
    last_error_date: int = 0
    last_error: str = ""


@dataclass
class Bot:
    """One token: its limits, its queue of updates, its webhook."""

    token: str
    limits: Limits
    allowed_updates: list[str] = field(default_factory=list)
    commands: list[dict[str, str]] = field(default_factory=list)
    updates: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_KEPT_UPDATES))
    webhook: Webhook | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    polls: int = 0  # a newer long poll ends the older one
    sender: asyncio.Task[None] | None = None
    _update_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.id = int(self.token.partition(":")[0])

    def as_user_json(self) -> dict[str, Any]:
        name = {"first_name": "Песочница HSL", "username": f"hsl_sandbox_{self.id}_bot"}
        return {"id": self.id, "is_bot": True, **name}

    def as_me_json(self) -> dict[str, Any]:
        abilities = ("can_read_all_group_messages", "supports_inline_queries", "can_connect_to_business")
        return self.as_user_json() | {"can_join_groups": True} | dict.fromkeys(abilities, False)

    def emit(self, kind: str, payload: dict[str, Any]) -> None:
        """Queue an update unless the bot asked not to hear of its kind."""
        if self.allowed_updates and kind not in self.allowed_updates:
            return
        self.updates.append({"update_id": next(self._update_ids), kind: payload})
        self.arrived.set()

    async def poll(self, offset: int, limit: int, timeout: float) -> list[dict[str, Any]]:
        """Long polling; ``offset`` confirms everything before it, a negative one keeps only the last ones."""
        if self.webhook:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self.polls += 1
        mine = self.polls
        self.arrived.set()  # wakes an older poll, which finds that it is not the newest any more
        self._confirm(offset)
        end = asyncio.get_running_loop().time() + timeout
        while not self.updates:
            self.arrived.clear()
            left = end - asyncio.get_running_loop().time()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.arrived.wait(), max(left, 0))
            if self.polls != mine:
                raise conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running"
                )
            if left <= 0:
                break
        return list(itertools.islice(self.updates, limit))

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.updates) > -offset:
                self.updates.popleft()
        while self.updates and self.updates[0]["update_id"] < offset:
            self.updates.popleft()

    def set_webhook(self, url: str, secret: str, now: Callable[[], int]) -> None:
        """Deliver updates to ``url``; '' ends it. Only addresses of this machine: nothing ever leaves it."""
        if self.sender:
            self.sender.cancel()
            self.sender = None
        if not url:
            self.webhook = None
            return
        if secret and not SECRET_FORM.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise bad_request("bad webhook: invalid webhook URL specified")
        if parts.hostname not in LOOPBACK_HOSTS:
            raise bad_request("bad webhook: the sandbox delivers to this machine only")
        self.webhook = Webhook(url, secret)
        self.sender = asyncio.get_running_loop().create_task(self._deliver(self.webhook, now))

    def forget(self, now: Callable[[], int]) -> None:
        """Back to a bot that has just been made: no updates, no webhook, no wishes."""
        self.updates.clear()
        self.allowed_updates = []
        self.commands = []
        self.set_webhook("", "", now)

    async def _deliver(self, webhook: Webhook, now: Callable[[], int]) -> None:
        headers = {WEBHOOK_SECRET_HEADER: webhook.secret} if webhook.secret else {}
        failures = 0
        async with aiohttp.ClientSession(timeout=WEBHOOK_TIMEOUT, headers=headers) as session:
            while True:
                if not self.updates:
                    self.arrived.clear()
                    await self.arrived.wait()
                    continue
                update = self.updates[0]
                error = await _post(session, webhook.url, update)
                if not error:
                    failures = 0
                    if self.updates and self.updates[0] is update:
                        self.updates.popleft()
                    continue
                webhook.last_error, webhook.last_error_date = error, now()
                await asyncio.sleep(WEBHOOK_WAITS[min(failures, len(WEBHOOK_WAITS) - 1)])
                failures += 1

    def webhook_info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": self.webhook.url if self.webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
        }
        if self.webhook and self.webhook.last_error:
            info |= {"last_error_date": self.webhook.last_error_date, "last_error_message": self.webhook.last_error}
        if self.allowed_updates:
            info["allowed_updates"] = self.allowed_updates
        return info


async def _post(session: aiohttp.ClientSession, url: str, update: dict[str, Any]) -> str:
    """Deliver one update; '' when it was taken, else what went wrong in Telegram's words."""
    try:
        async with session.post(url, json=update, allow_redirects=False) as answer:
            if 200 <= answer.status < 300:
                return ""
            return f"Wrong response from the webhook: {answer.status} {answer.reason}"
    except TimeoutError:
        return "Read timeout expired"
    except aiohttp.ClientError:
        return "Connection refused"


class Bots:
    """The bots that may call; with ``only`` set, nobody else."""

    def __init__(self, only: str, per_second: int) -> None:
        self.only = only
        self.per_second = per_second
        self.by_token: dict[str, Bot] = {}
        self.default = self._add(only or DEFAULT_TOKEN)

    def _add(self, token: str) -> Bot:
        bot = self.by_token[token] = Bot(token, Limits(self.per_second))
        return bot

    def authenticate(self, token: str) -> Bot:
        """Raises ApiError: 404 for what is no token, 401 for a token of nobody."""
        bot = self.by_token.get(token)
        if bot is not None:
            return bot
        if not TOKEN_FORM.fullmatch(token):
            raise not_found()
        if self.only and not hmac.compare_digest(token, self.only):
            raise unauthorized()
        return self._add(token)

    def set_rate(self, per_second: int) -> None:
        self.per_second = per_second
        for bot in self.by_token.values():
            bot.limits.set_rate(per_second)

    async def close(self) -> None:
        for bot in self.by_token.values():
            if bot.sender:
                bot.sender.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await bot.sender
