"""Fifty members of staff who click while a broadcast runs and the bot writes; an hour of it, with an eye on memory."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.chaos.faults import PLACES, Found, in_words, insist, sent, sign_in
from tests.chaos.pages import Clicks, Gunicorn, Staff, memory_of
from tests.chaos.scenarios import Chaos
from tests.chaos.system import System

STAFF, THINK = 50, 1.0  # people, seconds
SLOWEST = 0.5  # seconds for 95 of 100 answers, on two cores that do nothing else
FLAT = 16 * 1024 * 1024  # bytes that all processes of web, or of workers, may have grown by
BOT_EVERY = 0.2  # seconds
WARM_UP = 0.25  # of the soak: pools, caches and templates are filled


@contextmanager
def bot_writing(system: System) -> Iterator[list[float]]:
    """The bot's statements, five times a second; gives how long each took."""
    stopped, took = threading.Event(), [0.0]

    def write() -> None:
        with psycopg.connect(system.postgres.url, autocommit=True) as connection:
            number = 0
            while not stopped.wait(BOT_EVERY):
                number += 1
                began, person = time.monotonic(), 3_000_000 + number % 5_000
                connection.execute(
                    "INSERT INTO users (user_id, first_name) VALUES (%s, 'Ира')"
                    " ON CONFLICT (user_id) DO UPDATE SET updated_at = now()",
                    [person],
                )
                connection.execute(
                    "INSERT INTO events (user_id, event_type, details) VALUES (%s, 'view_program', %s)",
                    [person, '{"course_id": 1}'],
                )
                if number % 10 == 0:
                    connection.execute(
                        "INSERT INTO bookings (user_id, course_id, course_stream, confirmed)"
                        " SELECT %s, min(id), '8th_stream', 0 FROM courses",
                        [person],
                    )
                took.append(time.monotonic() - began)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield took
    finally:
        stopped.set()
        thread.join(10)


def crowd(chaos: Chaos, web: Gunicorn, *, minutes: float) -> Found:
    """Everybody at once: no answer of the server is an error, and how long they take."""
    count = max(round(chaos.system.rate * 60 * minutes * 0.8), 20)
    with chaos.scenario("crowd") as result:
        broadcast = chaos.start(count)
        places = [*PLACES, f"/messages/{broadcast.pk}/", f"/messages/{broadcast.pk}/progress/"]
        with (
            bot_writing(chaos.system) as bot,
            Staff(sign_in(STAFF), places, think=THINK, web=lambda: web) as clicks,
        ):
            time.sleep(60 * minutes)
        chaos.wait_for_state(broadcast, "finished")
        judged = chaos.judge(result, broadcast)
    _insist_on_pages(clicks)
    slow = clicks.percentile(0.95)
    words = "kept" if slow <= SLOWEST else "NOT KEPT"
    found = Found(
        f"{STAFF} members of staff with {THINK:.0f} s of thought, {minutes:g} min",
        f"a broadcast at {chaos.system.rate:g}/s, the bot writing {1 / BOT_EVERY:.0f} times a second;"
        f" load of the machine {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores",
        f"{in_words(clicks)}; median {1000 * clicks.percentile(0.5):.0f} ms, p95 {1000 * slow:.0f} ms (at most"
        f" {1000 * SLOWEST:.0f}: {words}); the bot waited at most {1000 * max(bot):.0f} ms; {sent(judged)}",
    )
    insist(slow <= SLOWEST, found.row())
    return found


def soak(chaos: Chaos, web: Gunicorn, *, minutes: float) -> Found:
    """Broadcast after broadcast under clicks: after the first quarter no process may grow."""
    until, warm_at = time.monotonic() + 60 * minutes, time.monotonic() + 60 * minutes * WARM_UP
    seen: list[tuple[int, int]] = []
    results = []
    with (
        bot_writing(chaos.system),
        Staff(sign_in(10), PLACES, think=0.5, web=lambda: web) as clicks,
    ):
        while time.monotonic() < until:
            with chaos.scenario("soak") as result:
                broadcast = chaos.start(chaos.scale)
                chaos.wait_for_state(broadcast, "finished")
                results.append(chaos.judge(result, broadcast))
            if time.monotonic() >= warm_at:
                seen.append((web.memory(), _of_workers(chaos.system)))
    _insist_on_pages(clicks)
    insist(len(seen) >= 4, f"{len(seen)} looks at the memory are too few: let it run for longer")
    web_growth, worker_growth = (_growth([look[which] for look in seen]) for which in (0, 1))
    insist(max(web_growth, worker_growth) <= FLAT, f"grew by {_mb(web_growth)} and {_mb(worker_growth)}")
    people = sum(result.recipients for result in results)
    return Found(
        f"a soak of {minutes:g} min",
        f"{len(results)} broadcasts to {people} people, 10 people clicking, the bot writing; {len(seen)} looks at the"
        " memory after the first quarter",
        f"web {_mb(seen[-1][0])} ({_mb(web_growth)} more), workers {_mb(seen[-1][1])} ({_mb(worker_growth)} more);"
        f" {len(clicks.answers)} answers, none of them an error",
    )


def _insist_on_pages(clicks: Clicks) -> None:
    """No answer is an error of the server, and nobody was led to the sign-in, which is quick to make."""
    insist(not clicks.failures(), f"{len(clicks.failures())} failed: {clicks.failures()[:5]}")
    elsewhere = {place for place, status, _took in clicks.answers if status not in {200, 204, 286}}
    insist(not elsewhere, f"no pages: {sorted(elsewhere)[:5]}")
    insist(len(clicks.answers) > 100, f"{len(clicks.answers)} answers say nothing")


def _of_workers(system: System) -> int:
    with contextlib.suppress(ProcessLookupError):
        return memory_of([process.pid for process in [*system.workers, *system.beats]])
    return 0


def _growth(looks: list[int]) -> int:
    """Compare the lowest values of both halves: memory that is only in use goes up and down."""
    half = len(looks) // 2
    return min(looks[half:]) - min(looks[:half])


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:.0f} MB"
