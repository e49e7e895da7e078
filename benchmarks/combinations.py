"""Every filter of `/users/` alone and every two together, in every order: what each page reads, the worst drawn too.

``python -m benchmarks.combinations`` takes a quarter of an hour for some five thousand lists.
"""

import itertools
import time
from collections.abc import Iterator
from typing import Any

# One of each field and of each kind of answer: hardly anybody, few, many.
FILTERS = (
    "stream=8th_stream",
    "stream=9th_stream",
    "stream=none",
    "status=5",
    "status=2",
    "status=0",
    "status=4&status=5",
    "lead=3",
    "lead=3&lead=2",
    "lead=0",
    "blocked=yes",
    "blocked=no",
    "booking=active",
    "booking=yes",
    "booking=no",
    "language=kk",
    "language=ru",
    "language=none",
    "lesson=cursor_lesson",
    "lesson=ai_lesson",
    "lesson_on=2026-05-05",
    "since=2026-03-01&until=2026-03-31",
    "since=2024-06-01&until=2026-05-31",
    "until=2024-03-01",
    "q=анна",
    "q=щукин",
    "q=щу",
    "q=1a2b",
)
RUNS, DRAWN = 3, 20  # the least of so many, after one that warms up; so many of the worst are drawn


def lists() -> Iterator[str]:
    """The queries of all addresses: filters of one field exclude each other."""
    from users.people.filters import SORTS

    pairs = [
        "&".join(pair)
        for pair in itertools.combinations(FILTERS, 2)
        if not {field(part) for part in pair[0].split("&")} & {field(part) for part in pair[1].split("&")}
    ]
    for narrowed in ("", *FILTERS, *pairs):
        for sort in SORTS:
            yield from (f"{narrowed}&sort={sort}", f"{narrowed}&sort=-{sort}")


def field(part: str) -> str:
    return part.split("=")[0]


def data_of(query: str) -> float:
    """Milliseconds until the rows and their count are there; the least of some runs."""
    from django.http import QueryDict

    from users.people.listing import people_list

    took = []
    for _run in range(RUNS + 1):
        data = QueryDict(query)
        started = time.perf_counter()
        people_list(data, with_emails=True).page(data)
        took.append((time.perf_counter() - started) * 1000)
        if took[-1] > 1_000:
            break
    return min(took[1:] or took)


def report(times: dict[str, float], client: Any) -> Iterator[str]:
    from benchmarks.people import timed_page

    ordered = sorted(times.values())
    at = {share: ordered[int(len(ordered) * share) - 1] for share in (0.5, 0.9, 0.99, 1)}
    yield f"{len(ordered):,} lists; data, ms: " + ", ".join(f"{share:.0%} within {ms:.0f}" for share, ms in at.items())
    yield ""
    yield "| the worst | data, ms | page, median, ms | queries |\n|---|--:|--:|--:|"
    for query in sorted(times, key=lambda query: -times[query])[:DRAWN]:
        page = timed_page(client, f"/users/?{query}")
        yield f"| `{query.strip('&')}` | {times[query]:.0f} | {page.milliseconds:.0f} | {page.queries} |"


def main() -> None:
    from benchmarks import school

    school.build(school.prepare())
    from django.conf import settings

    settings.DEBUG = False  # or Django would keep every query
    from benchmarks.people import staff_client

    times = {query: data_of(query) for query in lists()}
    for line in report(times, staff_client()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
