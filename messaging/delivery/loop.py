"""The sending loop: a window of calls, each claimed in PostgreSQL before it starts and recorded after it.

All state is in PostgreSQL. A runner works for some seconds and ends; any number of runners may work at the same time.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pghistory
from celery import current_task
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from hsl_dashboard.availability import tallies
from messaging.delivery.bot import Outcome, TelegramBot, Verdict
from messaging.delivery.lifecycle import longest_halt
from messaging.delivery.limiter import Limiter, LimiterForgot, LimiterUnavailable, Slot, SlotGrant
from messaging.delivery.queues import Claim, Queue, Result, Unused, delete_runners, touch_runner
from messaging.delivery.watch import Watch

T = TypeVar("T")

logger = logging.getLogger(__name__)

SLICE = 5.0  # seconds a runner works before it makes room for another broadcast
# Seconds it may work while nothing else waits: each change of runners is a gap of 0.1 s, and one every 5 s would cost
# more of the rate than the 2 % that may be lost.
LONGEST_SLICE = 60.0
# Calls claimed and not answered: a second's worth, so that slow answers do not lower the rate; 256 are enough at
# 1,000/s, where each takes 100 ms with its wait for its moment.
FEWEST, MOST = 16, 256
RECORD_EVERY = 0.1  # seconds
RECORD_AT = 50  # rows
SEEN_EVERY = 1.0  # seconds between two signs of life, and two looks for others who wait
SHORT_HALT = 2.0  # seconds that a runner sits out; for longer ones beat wakes another
GIVE_UP = 15.0  # seconds that an ending process tries to reach a database that is gone


def runners_wanted() -> int:
    """Processes that the rate needs: one sends some 500 messages/s, so each is asked for at most 300."""
    return min(max(-(-int(settings.TELEGRAM_MESSAGES_PER_SECOND) // 300), 1), 8)


class _Database:
    """A thread with a connection of its own, so that the loop never waits for PostgreSQL."""

    def __init__(self) -> None:
        task = current_task.request.id if current_task else None
        # The audit's context belongs to a thread: without one, nobody knew which task wrote what this thread writes.
        # It is kept here, since it ends when nobody holds it.
        self.context = pghistory.context(task=task) if task else contextlib.nullcontext()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="delivery-db", initializer=self.context.__enter__)

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, lambda: self._do(function, arguments))

    @staticmethod
    def _do(function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        try:
            return function(*arguments)
        except (OperationalError, InterfaceError):
            connection.close()  # the next one opens a new one
            raise

    async def close(self) -> None:
        # Not connection.close itself: here, outside the thread, the proxy is another connection.
        await self.run(lambda: connection.close())
        self.thread.shutdown()


class Delivery:
    """One runner at work on one queue."""

    def __init__(
        self, queue: Queue, *, bot: TelegramBot, limiter: Limiter, worker: str, watch: Watch, stop: Callable[[], bool]
    ) -> None:
        self.queue, self.bot, self.limiter = queue, bot, limiter
        self.worker, self.watch, self.stop = worker, watch, stop
        self.claims, self.records = _Database(), _Database()
        self.calls: set[asyncio.Task[None]] = set()
        self.results: list[tuple[Claim, Result]] = []
        # Claims whose slot was missed (with the time of the claim), and those slots. Both are handled in batches: a
        # hundred requests to Redis at once would make the next hundred calls late too.
        self.waiting: deque[tuple[Claim, float]] = deque()
        self.missed: list[Slot] = []
        self.full, self.ended = asyncio.Event(), asyncio.Event()
        self.halted_until = 0.0  # time.monotonic()
        self.over = False
        self.again = True
        self.seen_at = time.monotonic()
        self.others_wait = False
        self.window = min(max(int(limiter.per_second), FEWEST), MOST)
        # A row claimed longer ago than half the time to its rescue is not called for any more.
        self.claim_lasts = settings.TELEGRAM_CALL_TIMEOUT / 2

    async def run(self, runner_id: int, *, seconds: float, at_most: float) -> bool:
        """Work for ``seconds``, or ``at_most`` while nobody else waits, then finish and record the calls in flight.

        Returns whether another runner should follow at once.
        """
        self.ends_at = time.monotonic() + seconds
        self.ends_anyway_at = time.monotonic() + at_most
        recorder = asyncio.create_task(self._record_until_over(runner_id))
        try:
            while self._should_continue():
                await self._round()
        finally:
            self.over = True
            if self.calls:
                await asyncio.wait(self.calls)
            await self._release_waiting()
            await self._return_missed_slots()
            self.full.set()
            await recorder
            finished = await self._try_database(self.queue.finish)
            await self._try_database(delete_runners, [runner_id])
            await self.claims.close()
            await self.records.close()
        return self.again and not finished and not self._is_halted()

    def _should_continue(self) -> bool:
        ends_at = self.ends_at if self.others_wait else self.ends_anyway_at
        return not self.over and not self.stop() and time.monotonic() < ends_at

    def _is_halted(self) -> bool:
        return self.halted_until > time.monotonic() + SHORT_HALT

    # Taking rows

    async def _round(self) -> None:
        window = min(self.window, self.watch.window)
        free = window - len(self.calls) - len(self.waiting)
        enough = min(self.limiter.batch, max(window // 4, 1))  # not a claim for each call that ends
        if free < enough and not self.waiting:
            await self._wait_for_a_call(0.25)
            return
        slots = deque(await self._slots(min(self.limiter.batch, max(free, len(self.waiting)))))
        if not slots:
            return
        while self.waiting and slots:
            self._begin(*self.waiting.popleft(), slots.popleft())
        if slots and free >= enough:
            await self._claim_for(slots)
        self.missed += slots

    async def _claim_for(self, slots: deque[Slot]) -> None:
        """Claim a row for each slot and start its call; return unused slots in time for others."""
        try:
            claims = await self.claims.run(self.queue.claim, len(slots), self.worker)
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database does not answer: %s", error)
            claims = []
            await asyncio.sleep(0.5)
        claimed_at = time.monotonic()
        for claim in claims:
            self._begin(claim, claimed_at, slots.popleft())
        if slots:
            self.missed += slots
            slots.clear()
            await self._return_missed_slots()
        if not claims:
            await self._handle_nothing_claimed()

    def _begin(self, claim: Claim, claimed_at: float, slot: Slot) -> None:
        call = asyncio.create_task(self._call(claim, claimed_at, slot))
        self.calls.add(call)
        call.add_done_callback(self._call_ended)

    def _call_ended(self, call: "asyncio.Task[None]") -> None:
        self.calls.discard(call)
        self.ended.set()

    async def _wait_for_a_call(self, seconds: float) -> None:
        # An event, not asyncio.wait(): that one visits every call in flight each time.
        self.ended.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)

    async def _slots(self, want: int) -> tuple[Slot, ...]:
        wait = self.halted_until - time.monotonic()
        if wait <= 0:
            grant = await self._request_slots(want)
            if grant.slots:
                return grant.slots
            wait = grant.wait
            if grant.halted:
                self.halted_until = time.monotonic() + wait
        if self.halted_until > time.monotonic():
            await self._release_waiting()
        if wait > SHORT_HALT:
            self.over = True
        else:
            await asyncio.sleep(min(max(wait, 0.001), 0.25))
        return ()

    async def _request_slots(self, want: int) -> SlotGrant:
        missed, self.missed = self.missed, []
        try:
            return await self.limiter.reserve(want, give_back=missed)
        except LimiterUnavailable as error:
            logger.warning("Nothing is sent without Redis: %s", error)
            return SlotGrant(wait=0.5)
        except LimiterForgot:
            await self._restore_limiter()
            return SlotGrant()

    async def _return_missed_slots(self) -> None:
        if self.missed:
            await self._request_slots(0)

    async def _restore_limiter(self) -> None:
        """Give Redis back the halt that PostgreSQL remembers, after Redis lost its memory."""
        try:
            until = await self.claims.run(lambda: longest_halt(at=timezone.now()))
            await self.limiter.begin(halted_until=until)
        except (LimiterUnavailable, OperationalError, InterfaceError) as error:
            logger.warning("Nothing is sent without Redis and PostgreSQL: %s", error)
            await asyncio.sleep(0.5)

    async def _handle_nothing_claimed(self) -> None:
        """Wait or end when nothing could be claimed: stopped, taken by other runners, or not due yet."""
        try:
            remaining = await self.claims.run(self.queue.remaining)
        except (OperationalError, InterfaceError):
            await asyncio.sleep(0.5)
            return
        if not remaining.live:
            self.over, self.again = True, False
        elif self.calls:
            await self._wait_for_a_call(0.1)
        elif remaining.wait is not None:
            await asyncio.sleep(min(max(remaining.wait, 0.01), 0.25))
        elif self.results or remaining.sending:
            await asyncio.sleep(0.1)
        else:
            self.over = True

    # Calling

    async def _call(self, claim: Claim, claimed_at: float, slot: Slot) -> None:
        await asyncio.sleep(max(slot.at - time.monotonic(), 0))
        if self._must_not_call(claimed_at):
            self.missed.append(slot)
            await self._note(claim, Unused())
            return
        if slot.late():
            self.missed.append(slot)
            self.waiting.append((claim, claimed_at))
            return
        try:
            result = await self.queue.call(self.bot, claim)
        except Exception as error:
            # The outermost place that knows the row: whatever it was, the call may have gone out.
            logger.exception("Unexpected error for row %s", claim.id)
            result = Outcome(Verdict.UNCERTAIN, reason="no_answer", text=type(error).__name__)
        await self._note(claim, result)

    def _must_not_call(self, claimed_at: float) -> bool:
        now = time.monotonic()
        return self.halted_until > now or self.stop() or self.watch.stopped or now - claimed_at > self.claim_lasts

    async def _release_waiting(self) -> None:
        while self.waiting:
            claim, _claimed_at = self.waiting.popleft()
            await self._note(claim, Unused())

    async def _note(self, claim: Claim, result: Result) -> None:
        self.results.append((claim, result))
        if len(self.results) >= RECORD_AT:
            self.full.set()
        if not isinstance(result, Outcome):
            return
        if result.verdict is Verdict.HALT:
            await self._halt(result.retry_after)
        # An answer says nothing about the message of this queue; a token that Telegram refuses stops everything.
        if claim.answer is not None and result.verdict is not Verdict.STOP:
            return
        if reason := self.watch.note(result):
            self.over, self.again = True, False
            # Without Telegram's words: they quote the message. Its page has them.
            logger.warning("%s is paused: %s", self.queue.key, reason.partition(":")[0])
            await self._try_database(self.queue.pause, reason)

    async def _halt(self, seconds: float) -> None:
        """Telegram said 429: nobody calls until then."""
        self.halted_until = max(self.halted_until, time.monotonic() + seconds)
        until = timezone.now() + timedelta(seconds=seconds)
        try:
            await self.limiter.halt(seconds)
        except LimiterUnavailable:
            logger.warning("The halt until %s could not be shared through Redis", until)
        await self._try_database(self.queue.halt, until)

    # Recording

    async def _record_until_over(self, runner_id: int) -> None:
        """Record results every RECORD_EVERY seconds or RECORD_AT rows; after the end, until none is left."""
        given_up_at: float | None = None
        while not (self.over and not self.calls and not self.results):
            if not self.over:
                await self._wait_for_results()
            given_up_at = given_up_at or (time.monotonic() + GIVE_UP if self.stop() else None)
            if not await self._record(runner_id):
                if given_up_at and time.monotonic() > given_up_at:
                    logger.error("%s results are lost; their rows will be named uncertain", len(self.results))
                    return
                await asyncio.sleep(0.25)
            elif self.over:
                await asyncio.sleep(0.01)

    async def _wait_for_results(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.full.wait(), RECORD_EVERY)
        self.full.clear()

    async def _record(self, runner_id: int) -> bool:
        """Record the results so far; False when the database does not answer, and then all are kept."""
        results, self.results = self.results, []
        try:
            if results:
                await self._write(results)
            if time.monotonic() - self.seen_at > SEEN_EVERY:
                self.seen_at = time.monotonic()
                await self.records.run(touch_runner, runner_id)
                self.others_wait = await self.records.run(self.queue.others_wait)
        except (OperationalError, InterfaceError) as error:
            logger.warning("Results wait for the database: %s", error)
            self.results = results + self.results
            return False
        return True

    async def _write(self, results: list[tuple[Claim, Result]]) -> None:
        """Record the results, one by one if the database refuses the batch."""
        try:
            await self.records.run(self.queue.record, results, self.worker)
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError:
            if len(results) == 1:
                logger.exception("Row %s cannot be recorded, and will be named uncertain", results[0][0].id)
                return
            for result in results:
                await self._write([result])
        else:
            verdicts = Counter(
                ("telegram", result.verdict) for _claim, result in results if isinstance(result, Outcome)
            )
            await self.records.run(tallies.add_up, {(kind, str(verdict)): n for (kind, verdict), n in verdicts.items()})

    async def _try_database(self, function: Callable[..., T], *arguments: Any) -> T | None:
        """Write what beat would also find out later by itself; None when the database does not answer."""
        try:
            return await self.records.run(function, *arguments)
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database does not answer: %s", error)
            return None
