"""A worker process: its one event loop, its one bot, and what happens when it is told to end."""

import asyncio
import contextlib
import contextvars
import gc
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings

from messaging.delivery.bot import TelegramBot, WrongToken, connect_bot
from messaging.delivery.limiter import Limiter, connect_limiter
from messaging.delivery.loop import LONGEST_SLICE, SLICE, Delivery, runners_wanted
from messaging.delivery.queues import Queue
from messaging.delivery.watch import Watch
from messaging.models.reasons import StateReason, with_words

# Set in the parent when the worker is told to shut down; its children, forked later, see the same flag.
shutting_down = multiprocessing.Event()


@dataclass
class Process:
    """The loop, bot and limiter of a process: making them for each task would cost 58 ms of CPU per task."""

    made_for: tuple[object, ...]
    loop: asyncio.Runner
    bot: TelegramBot
    limiter: Limiter
    watches: dict[str, Watch] = field(default_factory=dict)
    terminated: bool = False

    @property
    def worker(self) -> str:
        return f"{socket.gethostname()}:{os.getpid()}"

    def stop(self) -> bool:
        return self.terminated or shutting_down.is_set()

    def watch(self, key: str) -> Watch:
        """The watch of a queue; a stopped one is replaced, since a person has decided to continue."""
        watch = self.watches.get(key)
        if watch is None or watch.stopped:
            self.watches = dict(list(self.watches.items())[-20:])
            watch = self.watches[key] = Watch()
        return watch


_process: Process | None = None


def run_queue(queue: Queue, *, most: int | None = None, seconds: float = SLICE, at_most: float = LONGEST_SLICE) -> bool:
    """Work on a queue for ``seconds``, up to ``at_most`` while nothing else waits; unless enough runners do already.

    Returns whether another runner should follow at once. Safe to call from any number of processes at once.
    """
    runner_id = queue.enlist(f"{socket.gethostname()}:{os.getpid()}", most=most or runners_wanted())
    if runner_id is None:
        return False
    try:
        process = _this_process()
    except WrongToken as error:
        queue.pause(with_words(StateReason.WRONG_TOKEN, str(error)))
        return False
    delivery = Delivery(
        queue,
        bot=process.bot,
        limiter=process.limiter,
        worker=process.worker,
        watch=process.watch(queue.key),
        stop=process.stop,
    )
    with _ended_by_sigterm(process):
        run = delivery.run(runner_id, seconds=seconds, at_most=at_most)
        # The loop outlives the task for which it was made; its lines name the one that runs now.
        return process.loop.run(run, context=contextvars.copy_context())


def _this_process() -> Process:
    """Make the loop, the bot and the limiter once a process, after the fork."""
    global _process
    made_for = (
        os.getpid(),
        settings.BOT_TOKEN,
        settings.TELEGRAM_API_URL,
        settings.REDIS_URL,
        settings.TELEGRAM_MESSAGES_PER_SECOND,
        settings.TELEGRAM_CALL_TIMEOUT,
        settings.TELEGRAM_PAID_BROADCAST,
    )
    if _process is None or _process.made_for != made_for:
        close_process()
        # What is loaded by now stays: without it a full collection stops the loop for 50 ms, and calls come late.
        gc.collect()
        gc.freeze()
        loop = asyncio.Runner()
        _process = Process(made_for=made_for, loop=loop, bot=connect_bot(), limiter=connect_limiter())
    return _process


def close_process() -> None:
    """Close the connections of this process, if it has any; a forked child only forgets its parent's."""
    global _process
    process, _process = _process, None
    if process is None or process.made_for[0] != os.getpid():
        return

    async def close() -> None:
        await process.bot.close()
        await process.limiter.redis.aclose()

    process.loop.run(close())
    process.loop.close()


@contextlib.contextmanager
def _ended_by_sigterm(process: Process) -> Iterator[None]:
    """On SIGTERM end the runner: calls in flight get their answer and are recorded; then the signal does its work."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    process.terminated = False

    def terminate(_number: int, _frame: object) -> None:
        process.terminated = True

    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
        if process.terminated:
            os.kill(os.getpid(), signal.SIGTERM)
