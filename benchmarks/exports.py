"""How soon the first byte of an export leaves, and how much memory a hundred thousand rows of it take."""

import os
import time
from collections.abc import Iterable
from typing import cast

import psutil

LISTS = {
    "people as CSV": "/users/export/",
    "people with hot leads first": "/users/export/?sort=-lead",
    "people of a stream": "/users/export/?stream=8th_stream&sort=name",
    "people by a common name": "/users/export/?q=анна&sort=-events",
}
ROWS = 100_000  # rows: what the target of memory is set for


def main() -> None:
    from benchmarks import school

    school.build(school.prepare())
    from django.conf import settings

    settings.DEBUG = False  # or Django would keep every query
    from benchmarks.people import staff_client

    client = staff_client()
    list(client.post("/users/export/?q=zzzzqq", {"format": "csv"}))  # warm: what any first request loads
    process = psutil.Process(os.getpid())
    print("| export | first row, s | rows | rows/s | memory grew by, MB |\n|---|--:|--:|--:|--:|")
    for name, address in LISTS.items():
        before = process.memory_info().rss
        started = time.perf_counter()
        response = client.post(address, {"format": "csv"})
        assert response.status_code == 200, (address, response.status_code)
        first, rows, most = 0.0, 0, before
        lines = cast("Iterable[bytes]", response.streaming_content)  # type: ignore[attr-defined]
        for rows, _line in enumerate(lines):  # the first line holds the headings
            if rows == 1:
                first = time.perf_counter() - started
            if rows % 5_000 == 0:
                most = max(most, process.memory_info().rss)
            if rows == ROWS:
                break
        took = time.perf_counter() - started
        response.close()
        print(f"| {name} | {first:.2f} | {rows:,} | {rows / took:,.0f} | {(most - before) / 2**20:.0f} |", flush=True)


if __name__ == "__main__":
    main()
