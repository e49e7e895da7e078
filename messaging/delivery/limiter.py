"""The one rate of all workers: moments to call Telegram at, given out by Redis, and the halt that a 429 sets for all.

A grant is not a permission to call at once but a *slot*: a moment on Redis' own clock. Slots of all processes on all
machines are at least ``1.015 / rate`` seconds apart, so that several workers together look to Telegram like one, and no
second sees more than 98.5 % of the rate. The rest is for what no limiter can see: a call that leaves a process late. A
process that is more than LATE behind its slot gives it back and asks for another.

What was lost (slots that came back too late for another, a pause) is not caught up: a hole that is filled up quickly
makes the second after it dense, and a few late calls are then more than the rate.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

LATE = 0.005  # seconds behind its slot after which a call must not start any more
GUARD = 0.015  # seconds of each second that are kept for late calls; the rate stays within 2 % with it
# How far ahead slots are given out: time for some 8 calls, since what is claimed is what a crash leaves unknown; but no
# less than PostgreSQL needs for a claim on a busy machine, and no more than a pause may take to be felt.
AHEAD = 8  # calls
SHORTEST, LONGEST = 0.05, 0.2  # seconds
COLD_START = 1.05  # seconds without a slot after Redis has forgotten everything: the last second may have been full

# KEYS: the last slot given out (µs), the moment until which everyone halts (µs).
# ARGV: slots wanted, spacing µs, horizon µs, then the slots that are given back, newest first.
# Answer: {now, wait µs until asking again makes sense, halted (0/1), slot, slot, …}; wait -1: Redis has forgotten.
# About 10 µs in Redis; numbers stay below 2^53, where Lua's are exact.
_RESERVE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local want, spacing, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local last = tonumber(redis.call('GET', KEYS[1]))
if not last then return {now, -1, 0} end
-- Those at the end can be given out again; a gap before others stays one.
for i = 4, #ARGV do
    if tonumber(ARGV[i]) == last then last = last - spacing end
end
local answer = {now, 0, 0}
local halt = tonumber(redis.call('GET', KEYS[2]) or '0')
if halt > now then
    answer = {now, halt - now, 1}
elseif want > 1 and last + spacing > now + horizon / 2 then
    -- Not one by one: who wants several waits until half of the horizon is free, so that a claim takes several rows.
    answer[2] = last + spacing - now - horizon / 2
else
    for i = 1, want do
        local slot = math.max(now, last + spacing)
        if slot > now + horizon then
            answer[2] = slot - now - horizon
            break
        end
        last = slot
        answer[#answer + 1] = slot
    end
end
redis.call('SET', KEYS[1], string.format('%.0f', last))
return answer
"""

# KEYS as above. ARGV: seconds to halt (0: none), whether to begin (1), the cold start µs.
# Sets the halt when it is longer than the one in force; begins the slots when there is none.
_HALT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local untl = now + tonumber(ARGV[1]) * 1000000
if untl > tonumber(redis.call('GET', KEYS[2]) or '0') and untl > now then
    redis.call('SET', KEYS[2], string.format('%.0f', untl), 'PX', math.ceil((untl - now) / 1000))
end
if ARGV[2] == '1' then
    redis.call('SET', KEYS[1], string.format('%.0f', now + tonumber(ARGV[3])), 'NX')
end
return redis.call('PTTL', KEYS[2])
"""


class LimiterUnavailable(Exception):
    """Redis does not answer: nothing may be sent until it does."""


class LimiterForgot(Exception):
    """Redis answers but has lost the last slot and the halt (flushed, restarted): tell it the halt, then ask again."""


@dataclass(frozen=True)
class SlotGrant:
    """Slots to call at, in order, on this process' ``time.monotonic()``; ``wait`` in seconds when there are none."""

    slots: tuple["Slot", ...] = ()
    wait: float = 0.0
    halted: bool = False


@dataclass(frozen=True)
class Slot:
    """A moment to start one call."""

    at: float  # time.monotonic()
    mark: int  # the same moment as Redis knows it, µs

    def late(self) -> bool:
        return time.monotonic() - self.at > LATE


class Limiter:
    """A process' view of the shared rate; make one an event loop."""

    def __init__(self, redis: Redis, *, token: str, per_second: float) -> None:
        bot = hashlib.sha256(token.encode()).hexdigest()[:16]  # the token itself must not stand in Redis
        self.redis = redis
        self.keys = [f"telegram:{{{bot}}}:last-slot", f"telegram:{{{bot}}}:halt"]
        self.spacing = math.ceil((1 + GUARD) / per_second * 1e6)  # µs
        self.ahead = min(max(AHEAD / per_second, SHORTEST), LONGEST)  # seconds
        self.horizon = round(self.ahead * 1e6)
        self.per_second = per_second
        self._reserve = redis.register_script(_RESERVE)
        self._halt = redis.register_script(_HALT)
        self._clock = _Clock()

    @property
    def batch(self) -> int:
        """Slots that are worth asking for at once: what one horizon holds, at most 50."""
        return min(max(math.ceil(self.per_second * self.ahead), 1), 50)

    async def reserve(self, want: int, *, give_back: Iterable[Slot] = ()) -> SlotGrant:
        """Ask for up to ``want`` slots within the horizon; ``give_back`` returns those that will not be used.

        Raises:
            LimiterUnavailable: Redis does not answer.
            LimiterForgot: Redis has lost its memory; call ``begin``.
        """
        returned = sorted((slot.mark for slot in give_back), reverse=True)
        arguments = [want, self.spacing, self.horizon, *returned]
        asked = time.monotonic()
        answer = await self._ask(self._reserve(keys=self.keys, args=arguments))
        now, wait, halted, *marks = (int(number) for number in answer)
        self._clock.note(asked=asked, answered=time.monotonic(), redis_now=now)
        if wait == -1:
            raise LimiterForgot
        slots = tuple(Slot(at=self._clock.local(mark), mark=mark) for mark in marks)
        return SlotGrant(slots=slots, wait=wait / 1e6, halted=bool(halted))

    async def halt(self, seconds: float) -> None:
        """Stop everyone for ``seconds``, unless they are stopped for longer already.

        Raises:
            LimiterUnavailable: Redis does not answer.
        """
        await self._ask(self._halt(keys=self.keys, args=[seconds, 0, 0]))

    async def begin(self, *, halted_until: datetime | None) -> None:
        """Set the slots and the halt in a Redis that lost its memory; calling it twice changes nothing.

        Raises:
            LimiterUnavailable: Redis does not answer.
        """
        seconds = max((halted_until - datetime.now(UTC)).total_seconds(), 0) if halted_until else 0
        cold_start = round((COLD_START + LONGEST) * 1e6)
        await self._ask(self._halt(keys=self.keys, args=[seconds, 1, cold_start]))

    async def _ask(self, question: Awaitable[Any]) -> Any:
        try:
            return await question
        except RedisError as error:
            raise LimiterUnavailable(str(error)) from error


class _Clock:
    """Where Redis' clock stands on ours: from the answer that came back quickest, for at most a minute."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.trip = math.inf
        self.noted = -math.inf

    def note(self, *, asked: float, answered: float, redis_now: int) -> None:
        trip = answered - asked
        if trip <= self.trip or answered - self.noted > 60:
            self.offset = (asked + answered) / 2 - redis_now / 1e6
            self.trip, self.noted = trip, answered

    def local(self, mark: int) -> float:
        return mark / 1e6 + self.offset


def prepare_slots(*, halted_until: datetime | None) -> None:
    """Start the slots before they are needed: the first message after a restart of Redis need not wait COLD_START.

    Raises:
        LimiterUnavailable: Redis does not answer.
    """

    async def begin() -> None:
        limiter = connect_limiter()
        try:
            await limiter.begin(halted_until=halted_until)
        finally:
            await limiter.redis.aclose()

    asyncio.run(begin())


def connect_limiter() -> Limiter:
    """Make the limiter of this event loop, from the settings.

    Answers that do not come within two seconds count as no Redis: the worker asks again, and sends nothing meanwhile.
    """
    from_url = cast("Callable[..., Redis]", Redis.from_url)
    redis = from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0), max_connections=20
    )
    return Limiter(redis, token=settings.BOT_TOKEN, per_second=settings.TELEGRAM_MESSAGES_PER_SECOND)
