"""What may go wrong while messages are sent, each with the same questions at its end."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from django.db import OperationalError, connection, connections
from django.utils import timezone

from hsl_dashboard.db import run_sql
from messaging.audiences.criteria import Audience, Individuals
from messaging.broadcasts.services.acts import cancel_broadcast, pause_broadcast, resume_broadcast, retry_failed
from messaging.content.content import Content
from messaging.delivery.services import (
    BroadcastMoved,
    create_broadcast,
    edit_broadcast,
    schedule_broadcast,
    start_broadcast,
)
from messaging.models import Broadcast, Recipient
from tests.chaos.system import System
from users.models import User

TELEGRAM_LIMIT = 1.2  # of the configured rate: as Telegram's 30 stand to our 25
PATIENCE = 240  # seconds for one scenario
AWAY = 4  # seconds that a server or all of a kind are stopped
ENDED = {"finished", "cancelled"}


class Broken(AssertionError):
    """A promise was not kept; the text says which."""


@dataclass
class Result:
    """One line of the table."""

    name: str
    recipients: int = 0
    states: dict[str, int] = field(default_factory=dict)
    lost_at_most: int = 0
    duplicates: int = 0
    peak: int = 0
    seconds: float = 0.0
    note: str = ""

    def row(self) -> str:
        counts = [self.states.get(state, 0) for state in ("sent", "failed", "cancelled", "uncertain")]
        cells = [self.name, self.recipients, *counts, self.lost_at_most, self.duplicates, self.peak]
        return "| " + " | ".join(str(cell) for cell in [*cells, f"{self.seconds:.0f}", self.note]) + " |"


HEAD = (
    "| scenario | people | sent | failed | cancelled | uncertain "
    "| under way | duplicates | most in 1 s | seconds | also |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"
)


class Chaos:
    """A running system, the staff who use it, and the dice."""

    def __init__(self, system: System, *, seed: int, scale: int) -> None:
        self.system = system
        self.dice = random.Random(seed)
        self.scale = scale
        self.staff = User.objects.create(username="chaos")
        self.next_person = 1_000_000

    def people(self, count: int) -> list[int]:
        first, self.next_person = self.next_person, self.next_person + count
        run_sql(
            "INSERT INTO users (user_id, first_name) SELECT id, 'Анна' FROM generate_series(%s, %s) AS id",
            [first, first + count - 1],
        )
        return list(range(first, first + count))

    def start(self, count: int, **fields: object) -> Broadcast:
        audience = Audience(include=(Individuals(ids=tuple(self.people(count))),))
        content = Content(text=f"Привет {uuid.uuid4()}", audience=audience.as_json())
        return create_broadcast(content=replace(content, **fields), by=self.staff, at=timezone.now())  # type: ignore[arg-type]

    @contextmanager
    def scenario(self, name: str) -> Iterator[Result]:
        self.system.sandbox.reset()
        self.system.sandbox.configure(latency_ms=(20, 80))
        self.system.lost_in_kills = 0
        started = time.monotonic()
        result = Result(name)
        yield result
        result.seconds = time.monotonic() - started

    def wait(self, done: Callable[[], bool], what: str, *, within: float = PATIENCE) -> None:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                if done():
                    return
            except OperationalError:
                connection.close()
            time.sleep(0.1)
        raise Broken(f"{what}: not within {within} s")

    def wait_for_state(self, broadcast: Broadcast, *states: str) -> None:
        def reached() -> bool:
            broadcast.refresh_from_db()
            return broadcast.state in states

        self.wait(reached, f"#{broadcast.pk} becomes {' or '.join(states)}")

    def wait_for_calls(self, count: int) -> None:
        self.wait(lambda: self.system.sandbox.state()["requests"] >= count, f"{count} calls")

    def judge(self, result: Result, broadcast: Broadcast, *, faults: int = 0) -> Result:
        """Ask the questions that every scenario ends with; the sandbox is the witness."""
        broadcast.refresh_from_db()
        rows = list(Recipient.objects.filter(message=broadcast).values_list("telegram_user_id", "state"))
        accepted = self.system.sandbox.accepted_counts()
        result.recipients, result.states = len(rows), dict(Counter(state for _person, state in rows))
        result.lost_at_most = self.system.lost_in_kills + faults
        result.duplicates = sum(1 for person, _state in rows if accepted.get(person, 0) > 1)
        result.peak = self.system.sandbox.peaks().requested
        unfinished = result.states.keys() & {"pending", "sending"}
        _insist(broadcast.state in ENDED and not unfinished, f"{broadcast.state} with {result.states}")
        _insist(result.duplicates == 0, f"{result.duplicates} people got it twice")
        for person, state in rows:
            times = accepted.get(person, 0)
            _insist(state != "sent" or times == 1, f"{person} is said to have it, and does not")
            _insist(state in {"sent", "uncertain"} or times == 0, f"{person} is {state}, and has it")
        uncertain = result.states.get("uncertain", 0)
        _insist(uncertain <= result.lost_at_most, f"{uncertain} uncertain, {result.lost_at_most} were under way")
        limit = self.system.rate * TELEGRAM_LIMIT
        _insist(result.peak <= limit, f"{result.peak} calls in a second, and the limit is {limit}")
        return result


def _insist(kept: bool, broken: str) -> None:
    if not kept:
        raise Broken(broken)


def kills(chaos: Chaos, *, count: int, times: int) -> Result:
    """SIGKILL at random moments, with 3 % of the answers dropped after the message was taken."""
    with chaos.scenario(f"kill -9 of a worker, {times} times, 3 % of answers dropped") as result:
        fault = chaos.system.sandbox.fault("drop_after", probability=0.03)
        broadcast = chaos.start(count)
        for number in range(times):
            chaos.wait_for_calls(round(count * (number + chaos.dice.random()) / (times + 1)))
            chaos.system.kill_worker(chaos.dice.randrange(len(chaos.system.workers)), only_child=number % 2 == 1)
        chaos.wait_for_state(broadcast, "finished")
        return chaos.judge(result, broadcast, faults=chaos.system.sandbox.fault_hits(fault))


def updates(chaos: Chaos, *, count: int, times: int) -> Result:
    """SIGTERM, as at every update: not one recipient may become uncertain by it."""
    with chaos.scenario(f"SIGTERM of a worker, {times} times") as result:
        broadcast = chaos.start(count)
        for number in range(times):
            chaos.wait_for_calls(round(count * (number + 0.5) / (times + 1)))
            chaos.system.terminate_worker(chaos.dice.randrange(len(chaos.system.workers)))
        chaos.wait_for_state(broadcast, "finished")
        return chaos.judge(result, broadcast)


def valkey_is_lost(chaos: Chaos, *, count: int) -> Result:
    """FLUSHALL, and later a restart with everything forgotten."""
    with chaos.scenario(f"Valkey flushed, then killed, and back empty after {AWAY} s") as result:
        broadcast = chaos.start(count)
        chaos.wait_for_calls(count // 4)
        chaos.system.flush_valkey()
        chaos.wait_for_calls(count // 2)
        chaos.system.restart_valkey(away=AWAY)
        chaos.wait_for_state(broadcast, "finished")
        return chaos.judge(result, broadcast)


def postgres_restarts(chaos: Chaos, *, count: int) -> Result:
    """PostgreSQL is stopped in the middle and started again: between a call's answer and its record, too."""
    with chaos.scenario(f"PostgreSQL stopped, and back after {AWAY} s") as result:
        broadcast = chaos.start(count)
        chaos.wait_for_calls(count // 2)
        chaos.system.restart_postgres(away=AWAY)
        connections.close_all()
        chaos.wait_for_state(broadcast, "finished")
        return chaos.judge(result, broadcast)


def postgres_freezes(chaos: Chaos, *, count: int) -> Result:
    """PostgreSQL takes everything and answers nothing, for longer than a claim lasts before beat gives it up."""
    with chaos.scenario("PostgreSQL frozen for 12 s") as result:
        broadcast = chaos.start(count)
        chaos.wait_for_calls(count // 2)
        with chaos.system.frozen_postgres():
            time.sleep(12)
        chaos.wait_for_state(broadcast, "finished")
        return chaos.judge(result, broadcast)


def workers_stop(chaos: Chaos, *, count: int) -> Result:
    """Every worker is stopped in the middle: nothing is sent meanwhile, and nothing is lost."""
    with chaos.scenario(f"every worker stopped, and back after {AWAY} s") as result:
        broadcast = chaos.start(count)
        chaos.wait_for_calls(count // 2)
        stopped = chaos.system.stop_workers()
        calls = chaos.system.sandbox.state()["requests"]
        time.sleep(AWAY)
        _insist(chaos.system.sandbox.state()["requests"] == calls, "somebody sent without a worker")
        _insist(calls < count, "it had ended before the workers were stopped")
        for _ in range(stopped):
            chaos.system.start_worker()
        chaos.wait_for_state(broadcast, "finished")
        return chaos.judge(result, broadcast)


def beats_stop(chaos: Chaos, *, count: int) -> Result:
    """No beat when a message is due: it begins when one is back. What is under way needs none."""
    with chaos.scenario(f"every beat stopped, a message due, and back after {AWAY} s") as result:
        under_way = chaos.start(count)
        stopped = chaos.system.stop_beats()
        due = chaos.start(count, when="at", at=(timezone.now() + timedelta(seconds=1)).isoformat())
        chaos.wait_for_state(under_way, "finished")
        chaos.judge(result, under_way)
        time.sleep(AWAY)
        due.refresh_from_db()
        _insist(due.state == "scheduled", f"without a beat it became {due.state}")
        for _ in range(stopped):
            chaos.system.start_beat()
        chaos.wait_for_state(due, "finished")
        result.note = f"{result.recipients} more were sent without a beat"
        return chaos.judge(result, due)


def everybody_starts(chaos: Chaos, *, count: int) -> Result:
    """Due for two beats, started by hand from four places at once, and its form posted twice."""
    with chaos.scenario("two beats, three workers, four clicks and a form posted twice") as result:
        token = uuid.uuid4()
        people = chaos.people(count)
        text = f"Привет {token}"
        audience = Audience(include=(Individuals(ids=tuple(people)),))
        ids: list[int] = []
        won: list[bool] = []

        def click() -> None:
            soon = timezone.now() + timedelta(milliseconds=200)
            content = Content(text=text, audience=audience.as_json(), when="at", at=soon.isoformat())
            broadcast = create_broadcast(content=content, by=chaos.staff, at=timezone.now(), token=token)
            ids.append(broadcast.pk)
            try:
                schedule_broadcast(broadcast=broadcast, starts_at=timezone.now(), by=chaos.staff)
                start_broadcast(broadcast=broadcast, by=chaos.staff, at=timezone.now())
                won.append(True)
            except BroadcastMoved:
                won.append(False)
            finally:
                connections.close_all()

        clicks = [threading.Thread(target=click) for _ in range(4)]
        for thread in clicks:
            thread.start()
        for thread in clicks:
            thread.join()
        _insist(len(ids) == 4 and len(set(ids)) == 1, f"the form made {len(set(ids))} broadcasts")
        _insist(won.count(True) <= 1, "it was started twice")
        broadcast = Broadcast.objects.get(pk=ids[0])
        chaos.wait_for_state(broadcast, "finished")
        return chaos.judge(result, broadcast)


def storm_of_429(chaos: Chaos, *, count: int) -> Result:
    """429 with a second or two to wait, again and again: nobody fails, and the halts are kept."""
    with chaos.scenario("storm of 429") as result:
        for retry_after in (1, 2):
            chaos.system.sandbox.fault("too_many_requests", retry_after=retry_after, times=2, nth=count // 5)
        broadcast = chaos.start(count)
        chaos.wait_for_state(broadcast, "finished")
        _insist(Recipient.objects.filter(message=broadcast, state="failed").count() == 0, "a 429 failed somebody")
        result.note = f"{_calls_in_a_halt(chaos)} calls in a halt"
        return chaos.judge(result, broadcast)


def _calls_in_a_halt(chaos: Chaos) -> int:
    """Calls between a 429 and the end of its halt, but for those whose moment had been given out before."""
    entries = chaos.system.sandbox.ledger()
    refused = [entry for entry in entries if entry.status == 429]
    given_out = 0.35  # seconds: the limiter's horizon, the latency, and a loaded machine
    early = [
        entry
        for one in refused
        for entry in entries
        if one.monotonic + given_out < entry.monotonic < one.monotonic + 0.95
    ]
    _insist(not early, f"{len(early)} calls in a halt")
    return len(early)


def poison(chaos: Chaos, *, count: int) -> Result:
    """A message that Telegram refuses: it stops for a handful, is corrected, and reaches everybody."""
    with chaos.scenario("a poisoned message, corrected and resumed") as result:
        broadcast = chaos.start(count, text=f"poison {uuid.uuid4()}")
        chaos.system.sandbox.fault("bad_request", text_contains="poison")
        chaos.wait_for_state(broadcast, "paused")
        chaos.wait(lambda: not broadcast.recipients.filter(state="sending").exists(), "calls end")
        failed = broadcast.recipients.filter(state="failed").count()
        _insist(failed <= 3 * 6, f"{failed} failed before it stopped")
        edit_broadcast(broadcast=broadcast, by=chaos.staff, at=timezone.now(), text=f"Исправлено {uuid.uuid4()}")
        resume_broadcast(broadcast=broadcast, by=chaos.staff)
        retry_failed(broadcast=broadcast, by=chaos.staff)
        chaos.wait_for_state(broadcast, "finished")
        result.note = f"{failed} failed at first"
        return chaos.judge(result, broadcast)


def pause_resume_cancel(chaos: Chaos, *, count: int) -> Result:
    """Under load: pausing takes at most two seconds, resuming continues exactly, cancelling keeps the rest back."""
    with chaos.scenario("pause, resume and cancel under load") as result:
        broadcast = chaos.start(count)
        chaos.wait_for_calls(count // 6)
        pause_broadcast(broadcast=broadcast, by=chaos.staff, at=timezone.now())
        paused_at = time.time()
        time.sleep(2)
        calls = chaos.system.sandbox.state()["requests"]
        time.sleep(1)
        _insist(chaos.system.sandbox.state()["requests"] == calls, "it went on after two seconds of pause")
        last = max(entry.at for entry in chaos.system.sandbox.ledger())
        resume_broadcast(broadcast=broadcast, by=chaos.staff)
        chaos.wait_for_calls(count // 2)
        cancel_broadcast(broadcast=broadcast, by=chaos.staff, at=timezone.now())
        chaos.wait(
            lambda: not broadcast.recipients.filter(state__in=["pending", "sending"]).exists(), "the rest is cancelled"
        )
        result.note = f"last call {max(last - paused_at, 0):.2f} s after the pause"
        judged = chaos.judge(result, broadcast)
        _insist(judged.states.get("cancelled", 0) > 0, "nobody was left to cancel")
        return judged


def found_too_late(chaos: Chaos, *, count: int) -> Result:
    """Scheduled, and found three hours later: held, and nothing is sent until a person says so."""
    with chaos.scenario("scheduled, found three hours late") as result:
        late = timezone.now() - timedelta(hours=3)
        broadcast = chaos.start(count, when="at", at=late.isoformat())
        chaos.wait_for_state(broadcast, "held")
        _insist(chaos.system.sandbox.state()["requests"] == 0, "it was sent")
        start_broadcast(broadcast=broadcast, by=chaos.staff, at=timezone.now())
        chaos.wait_for_state(broadcast, "finished")
        result.note = "held, then started by hand"
        return chaos.judge(result, broadcast)


def all_scenarios(chaos: Chaos, *, only: str = "") -> Iterator[Result]:
    """Each scenario, or those with ``only`` in their names; the long version sends to many times more people."""
    scale = chaos.scale
    few = scale < 1000
    scenarios: list[partial[Result]] = [
        partial(kills, chaos, count=scale * 2, times=2 if few else 20),
        partial(updates, chaos, count=scale, times=1 if few else 5),
        partial(valkey_is_lost, chaos, count=scale),
        partial(postgres_restarts, chaos, count=scale),
        partial(postgres_freezes, chaos, count=scale),
        # Starting all of them anew takes most of a minute: only where nobody waits, or where they are asked for.
        *(
            []
            if few and not only
            else [partial(workers_stop, chaos, count=scale), partial(beats_stop, chaos, count=scale // 4)]
        ),
        partial(everybody_starts, chaos, count=scale // 2),
        partial(storm_of_429, chaos, count=scale),
        partial(poison, chaos, count=scale // 4),
        partial(pause_resume_cancel, chaos, count=scale),
        partial(found_too_late, chaos, count=scale // 10),
    ]
    for scenario in scenarios:
        if only in scenario.func.__name__:
            yield scenario()
