"""How fast the sending engine is against the sandbox: ``make bench ARGS=sending`` prints the table."""

import argparse
import asyncio
import os
import statistics
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from messaging.delivery.services import create_broadcast
from tests.chaos.system import System, kill, running_system

UNLIMITED = 100_000.0  # messages/s: more than any process can
PARTS = ["freezing", "first", "rates", "unlimited", "memory"]


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    what: str
    result: str
    target: str
    kept: bool

    def row(self) -> str:
        return f"| {self.what} | {self.result} | {self.target} | {'yes' if self.kept else '**no**'} |"


HEAD = "| measured | result | target | kept |\n|---|---|---|---|"


class Bench:
    """A running system whose rate and number of workers change."""

    def __init__(self, system: System) -> None:
        from users.models import User

        self.system = system
        self.staff = User.objects.create(username="bench")
        self.next_person = 1_000_000

    def workers(self, count: int, *, rate: float, latency_ms: int = 50) -> None:
        """Replace the workers: so many processes, with this rate, which have sent something already."""
        for worker in self.system.workers:
            kill(worker)
        self.system.workers.clear()
        self.system.environment["TELEGRAM_MESSAGES_PER_SECOND"] = str(rate)
        for _ in range(count):
            self.system.start_worker()
        time.sleep(2 + 2 * count)  # Django and Celery load
        self.send(20 * count, at_once=count)
        self.system.sandbox.reset()
        self.system.sandbox.configure(latency_ms=(latency_ms, latency_ms))

    def cpu(self) -> Counter[str]:
        """Seconds of processor time that each part of the system has used so far."""
        parts = {
            "worker": [worker.pid for worker in self.system.workers],
            "sandbox": [self.system.sandbox.process.pid] if self.system.sandbox.process else [],
            "PostgreSQL": [self.system.postgres.process.pid],
            "Valkey": [self.system.valkey.process.pid],
        }
        return Counter({name: sum(map(_cpu_of, pids)) for name, pids in parts.items()})

    def draft(self, count: int):  # type: ignore[no-untyped-def]
        """A message to as many new people, to be started."""
        from django.db import connection

        from messaging.audiences.criteria import Audience, InStream
        from messaging.content.content import Content

        first, self.next_person = self.next_person, self.next_person + count
        stream = f"bench_{first}"
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO users (user_id, first_name) SELECT id, 'Анна' FROM generate_series(%s, %s) AS id",
                [first, first + count - 1],
            )
            # Without the triggers that count: their cost is measured elsewhere.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "INSERT INTO bookings (user_id, confirmed, course_stream)"
                " SELECT id, 2, %s FROM generate_series(%s, %s) AS id",
                [stream, first, first + count - 1],
            )
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute("ANALYZE users; ANALYZE bookings")
        audience = Audience(include=(InStream(stream),))
        return Content(text=f"Привет, {uuid.uuid4()}", audience=audience.as_json())

    def start(self, content: Any) -> tuple[Any, float]:
        """Create and start it; the broadcast, and the seconds that the click took."""
        from django.utils import timezone

        began = time.monotonic()
        broadcast = create_broadcast(content=content, by=self.staff, at=timezone.now())
        return broadcast, time.monotonic() - began

    def send(self, count: int, *, at_once: int = 1) -> "Counter[str]":
        """Send to ``count`` people, in so many broadcasts; give the processor time that it took."""
        drafts = [self.draft(count // at_once) for _ in range(at_once)]
        before = self.cpu()
        for broadcast in [self.start(draft)[0] for draft in drafts]:
            while broadcast.state != "finished":
                time.sleep(0.2)
                broadcast.refresh_from_db()
                if broadcast.state == "paused":
                    raise RuntimeError(broadcast.state_reason)
        return self.cpu() - before

    def rate(self) -> float:
        """The messages/s that the sandbox saw since its last reset."""
        return per_second([entry.monotonic for entry in self.system.sandbox.ledger(accepted=True)])


def _cpu_of(pid: int) -> float:
    """Seconds of a process and its children, those that have ended too."""
    process = psutil.Process(pid)
    own = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    seconds: float = sum(times.user + times.system for times in own)
    return seconds + own[0].children_user + own[0].children_system  # type: ignore[no-any-return]


def per_second(moments: list[float]) -> float:
    """The rate in the middle 80 %: the start of a runner and its last call are not the rate."""
    moments = sorted(moments)
    middle = moments[len(moments) // 10 : -(len(moments) // 10) or None]
    return (len(middle) - 1) / (middle[-1] - middle[0])


def freezing(bench: Bench) -> Iterator[Measured]:
    for count, target in ((1_000, 1.0), (100_000, 5.0)):
        _broadcast, took = bench.start(bench.draft(count))
        yield Measured(f"audience of {count:,} frozen and started", f"{took:.2f} s", f"{target:.0f} s", took <= target)
    from messaging.models import Broadcast, Recipient

    Recipient.objects.filter(state="pending").update(state="cancelled")
    Broadcast.objects.filter(state="sending").update(state="cancelled")


def first_message(bench: Bench) -> Measured:
    waits = []
    bench.workers(2, rate=25)
    time.sleep(6)  # beat begins the limiter
    for _ in range(5):
        bench.system.sandbox.reset(keep_people=True)
        draft = bench.draft(50)
        clicked = time.time()
        broadcast, _took = bench.start(draft)
        while not (entries := bench.system.sandbox.ledger()):
            time.sleep(0.01)
        waits.append(entries[0].at - clicked)
        while broadcast.state != "finished":
            time.sleep(0.1)
            broadcast.refresh_from_db()
    wait = statistics.median(waits)
    return Measured("from the click to the first message (median of 5)", f"{wait:.2f} s", "1 s", wait <= 1)


def held_rates(bench: Bench) -> Iterator[Measured]:
    for rate, count in ((30, 600), (1000, 12_000)):
        for workers in (1, 2, 4):
            bench.workers(workers, rate=rate)
            used = bench.send(count, at_once=workers)
            got, peak = bench.rate(), bench.system.sandbox.peaks().requested
            kept = got >= rate * 0.98 and peak <= rate
            result = f"{got:.1f}/s, at most {peak} in a second"
            yield Measured(f"{rate}/s by {workers} workers", result, f"≥ {rate * 0.98:g}, ≤ {rate}", kept)
            if rate == 1000:
                yield _processor(f"{rate}/s by {workers} workers", used, count)


def _processor(what: str, used: "Counter[str]", count: int) -> Measured:
    """What a message costs of two processors, which have 2 ms for it at 1,000/s, whatever else the machine does."""
    total = used.total() / count * 1000
    parts = ", ".join(f"{name} {seconds / count * 1000:.2f}" for name, seconds in used.items())
    return Measured(f"processor time of a message, {what}", f"{total:.2f} ms ({parts})", "2 ms", total <= 2)


async def bare_loop(system: System, count: int) -> float:
    """The same library and transport in a loop of nothing else: messages/s."""
    from messaging.delivery.bot import Letter, TelegramBot

    bot = TelegramBot(token=system.sandbox.token, api_url=system.sandbox.url, timeout=20)
    places = asyncio.Semaphore(128)

    async def one(number: int) -> None:
        async with places:
            await bot.send(Letter(9_000_000 + number, "Привет"))

    began = time.monotonic()
    await asyncio.gather(*(one(number) for number in range(count)))
    took = time.monotonic() - began
    await bot.close()
    return count / took


def unlimited(bench: Bench) -> Measured:
    bench.workers(1, rate=UNLIMITED)
    bare = asyncio.run(bare_loop(bench.system, 5_000))
    bench.system.sandbox.reset()
    bench.system.sandbox.configure(latency_ms=(50, 50))
    bench.send(8_000)
    ours = bench.rate()
    share = ours / bare
    result = f"{ours:.0f}/s of {bare:.0f}/s: {share:.0%}"
    return Measured("without a limit, one worker, of a bare loop", result, "60 %", share >= 0.6)


def memory(bench: Bench, *, most: int) -> Measured:
    bench.workers(1, rate=UNLIMITED, latency_ms=0)
    sizes = []
    for count in (1_000, most):
        bench.send(count)
        parent = psutil.Process(bench.system.workers[0].pid)
        sizes.append(max(child.memory_info().rss for child in parent.children()) / 2**20)
    grown = sizes[1] - sizes[0]
    result = f"{sizes[0]:.1f} MB, then {sizes[1]:.1f} MB"
    return Measured(f"a worker's memory after 1,000 and after {most:,} more", result, "flat (≤ 10 MB)", grown <= 10)


def main() -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.sending", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 instead of 100,000 recipients for the memory")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="some of it")
    options = parser.parse_args()
    with running_system(workers=0, beats=1, rate=25) as system:
        os.environ.update(system.environment)
        import django

        django.setup()
        from django.db import connections

        bench = Bench(system)
        print(HEAD, flush=True)
        all_kept = True
        try:
            for measured in _parts(bench, options.only, most=20_000 if options.quick else 100_000):
                print(measured.row(), flush=True)
                all_kept = all_kept and measured.kept
        finally:
            connections.close_all()
    return 0 if all_kept else 1


def _parts(bench: Bench, parts: list[str], *, most: int) -> Iterator[Measured]:
    if "freezing" in parts:
        yield from freezing(bench)
    if "first" in parts:
        yield first_message(bench)
    if "rates" in parts:
        yield from held_rates(bench)
    if "unlimited" in parts:
        yield unlimited(bench)
    if "memory" in parts:
        yield memory(bench, most=most)


if __name__ == "__main__":
    sys.exit(main())
