"""Waiting for the engine: a request stays a while, so that scripts of the previous dashboard get their old answer."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore

from django.http import HttpRequest

WAIT = 25.0  # seconds; below the minute after which proxies give up
LOOK_EVERY = 0.25  # seconds
# Requests of one process that wait at the same time: each holds a thread that pages need.
_places = BoundedSemaphore(2)


def wants_no_wait(request: HttpRequest) -> bool:
    return "respond-async" in request.headers.get("Prefer", "").lower()


def wait_until(is_done: Callable[[], bool], *, request: HttpRequest) -> bool:
    """Whether it was done within WAIT; at once where the caller wants no waiting, or others wait already."""
    if is_done():
        return True
    if wants_no_wait(request) or not _places.acquire(blocking=False):
        return False
    try:
        ends = time.monotonic() + WAIT
        while time.monotonic() < ends:
            time.sleep(LOOK_EVERY)
            if is_done():
                return True
        return False
    finally:
        _places.release()
