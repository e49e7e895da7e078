"""The cache: Redis, and this process's memory while Redis is full, read-only, silent or gone.

Sign-in counts its tries here. Counted by each process alone they are fewer than they should be, and still counted.
"""

import logging
import threading
import time
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PAUSE = 5.0  # seconds without Redis after a failure: a silent one costs its time-out once, not in every page


class Circuit:
    """Whether Redis is asked: not for PAUSE seconds after a failure, and then only once it takes a write again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._broken, self._ask_at = False, 0.0

    def breaks(self, why: RedisError) -> None:
        with self._lock:
            if not self._broken:
                logger.warning("Redis does not serve, so each process counts sign-ins for itself: %s", why)
            self._broken, self._ask_at = True, time.monotonic() + PAUSE

    def is_closed(self, cache: "SteadyRedisCache") -> bool:
        if not self._broken:
            return True
        with self._lock:
            if time.monotonic() < self._ask_at:
                return False
            self._ask_at = time.monotonic() + PAUSE  # one thread tries, the others go on without
        try:
            # A full or read-only Redis still reads: only a write tells.
            RedisCache.set(cache, "circuit", 1, 10)
        except RedisError:
            return False
        self._broken = False
        logger.warning("Redis serves again")
        return True


_circuit = Circuit()


def _by_either(name: str) -> Any:
    def method(self: "SteadyRedisCache", *args: Any, **options: Any) -> Any:
        if _circuit.is_closed(self):
            try:
                return getattr(RedisCache, name)(self, *args, **options)
            except RedisError as error:
                _circuit.breaks(error)
        return getattr(self.memory, name)(*args, **options)

    return method


class SteadyRedisCache(RedisCache):
    """Django's cache in Redis that never raises because of Redis."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.memory = LocMemCache("without-redis", {**params, "OPTIONS": {}})

    add = _by_either("add")
    get = _by_either("get")
    set = _by_either("set")
    touch = _by_either("touch")
    delete = _by_either("delete")
    get_many = _by_either("get_many")
    set_many = _by_either("set_many")
    delete_many = _by_either("delete_many")
    has_key = _by_either("has_key")
    incr = _by_either("incr")
    clear = _by_either("clear")
