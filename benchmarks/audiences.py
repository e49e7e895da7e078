"""The composer and the last page before sending, by the size of the audience: what a marketer waits for."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import psutil

from benchmarks import school

RUNS = 3
SIZES = (10_000, 100_000)  # people; the goals are set up to the last one
# Each text makes the last page look for something else: nothing, missing values, values that make it too long.
TEXTS = {
    "no placeholder": "Привет!",
    "a name": "Привет, {first_name}!",
    "a stream and its start": "{first_name|друг}, {stream} начинается {starts_on}.",
    "full, with a name": "я" * 4_090 + "{first_name|}",
    "full, with all values": "я" * 4_030 + "{first_name|} {username|} {stream|} {course|} {starts_on|}",
    "full for everybody": "я" * 4_095 + "{first_name|}{username|}",
}
GOALS = {"the form": 50, "a count that fills in": 300, "the chosen audience": 500, "the last page": 1_000}  # ms


@dataclass(frozen=True)
class Wait:
    """One thing that one waits for: milliseconds of the median run, and of the processor in the one that took least."""

    what: str
    goal: str
    people: int
    median: float
    processor: float


def _timed(what: str, goal: str, people: int, ask: Callable[[], Any]) -> Wait:
    from django.db import connection

    ask()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0])
    took, busy = [], []
    for _run in range(RUNS):
        before, own, started = server.cpu_times(), time.thread_time(), time.perf_counter()
        ask()
        took.append((time.perf_counter() - started) * 1000)
        after = server.cpu_times()
        spent = time.thread_time() - own + after.user + after.system - before.user - before.system
        busy.append(spent * 1000)
    return Wait(what, goal, people, statistics.median(took), min(busy))


def audience_of(people: int) -> Any:
    """Streams and statuses, as staff tick them, of about so many people and no more; how many that are."""
    from django.utils import timezone

    from bookings.models import Booking, Stream
    from messaging.audiences.criteria import Audience, InStream

    now, every = timezone.now(), tuple(status.value for status in Booking.Status)
    chosen, most = Audience(), 0
    for stream in Stream.objects.order_by("code"):
        for statuses in (every, (Booking.Status.CONFIRMED.value,), (Booking.Status.NEW.value,)):
            wider = Audience(include=(*chosen.include, InStream(stream.code, stream.course_id, statuses)))
            if most < (count := wider.reached(at=now).count()) <= people:
                chosen, most = wider, count
                break
    return chosen, most


def audience_without_streams(people: int) -> Any:
    """Those who were active since a day, about so many people and no more, of whom each may have booked any stream."""
    from django.utils import timezone

    from messaging.audiences.criteria import ActiveSince, Audience

    now = timezone.now()
    chosen, most = Audience(), 0
    for days in range(365):
        wider = Audience(include=(ActiveSince((now - timedelta(days=days)).date()),))
        if (count := wider.reached(at=now).count()) > people:
            break
        chosen, most = wider, count
    return chosen, most


def measure() -> Iterator[Wait]:
    from django.db import connection
    from django.urls import reverse

    from benchmarks.people import staff_client
    from messaging.audiences.choices import GROUPS
    from messaging.compose import confirmation
    from messaging.content.content import Content
    from messaging.models import Draft

    with connection.cursor() as cursor:  # or others would work for it, whom nobody counts
        cursor.execute("SET max_parallel_workers_per_gather = 0")
    client, htmx = staff_client(), {"HX-Request": "true"}
    new, counts = reverse("messaging:compose_message"), reverse("messaging:compose_counts")
    yield _timed(new, "the form", 0, lambda: client.get(new))
    yield _timed("streams by status", "a count that fills in", 0, lambda: client.get(counts, headers=htmx))
    for group in GROUPS:
        ask = {"group": group}
        yield _timed(group, "a count that fills in", 0, partial(client.get, counts, ask, headers=htmx))
    confirmation.LARGE = max(SIZES) * 10  # what it takes, rather than that it says to wait
    for size in SIZES:
        audience, people = audience_of(size)
        for name, text in TEXTS.items():
            draft = Draft.objects.create(content=Content(text=text, audience=audience.as_json()).as_json())
            form = reverse("messaging:compose_message", args=[draft.pk])
            total = reverse("messaging:draft_total", args=[draft.pk])
            last = reverse("messaging:compose_confirm", args=[draft.pk])
            if name == "no placeholder":
                yield _timed(form, "the form", people, partial(client.get, form))
            yield _timed(name, "the chosen audience", people, partial(client.get, total, headers=htmx))
            yield _timed(name, "the last page", people, partial(client.get, last))
            draft.delete()
    audience, people = audience_without_streams(max(SIZES))
    text = TEXTS["a stream and its start"]
    draft = Draft.objects.create(content=Content(text=text, audience=audience.as_json()).as_json())
    total, last = (reverse(f"messaging:{name}", args=[draft.pk]) for name in ("draft_total", "compose_confirm"))
    name = "a start, of people of any stream"
    yield _timed(name, "the chosen audience", people, partial(client.get, total, headers=htmx))
    yield _timed(name, "the last page", people, partial(client.get, last))
    draft.delete()


def main() -> None:
    school.build(school.prepare())
    from django.conf import settings

    settings.DEBUG = False  # or Django would keep every query
    print("| what | goal | people | median, ms | processor, ms |\n|---|---|--:|--:|--:|")
    for wait in measure():
        late = " ✗" if wait.median > GOALS[wait.goal] else ""
        cells = [f"{wait.goal}: {wait.what}{late}", f"{GOALS[wait.goal]} ms", f"{wait.people:,}"]
        print(f"| {' | '.join([*cells, f'{wait.median:.0f}', f'{wait.processor:.0f}'])} |", flush=True)


if __name__ == "__main__":
    main()
