"""Who works: workers, beat and its ticks leave a sign of life in Redis, with its clock and their own."""

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

KEY, TICKS = "hsl:heartbeats", "hsl:ticks"
EVERY = 5.0  # seconds
SILENT_AFTER = 30.0  # seconds: a worker that is busy or starts again is silent for less
TOO_FAR = 5.0  # seconds between two clocks
FORGOTTEN_AFTER = 7 * 24 * 60 * 60  # seconds
WAIT = 1.0  # seconds for an answer

# What sending needs, by the name under which it is started: docker-compose.yml and make demo call them the same.
BEAT = "beat"
QUEUES = ("default", "telegram")


@dataclass(frozen=True)
class Sign:
    """A sign of life: when, by the clock of Redis, and how far the clock of who left it was ahead (seconds)."""

    at: float
    ahead: float


@dataclass(frozen=True)
class Silence:
    """What does not work, and since when; None is since nobody knows."""

    what: str  # worker-telegram, worker-default, beat, redis
    since: datetime | None


@cache
def connect(url: str) -> Redis:
    """Give this process's client: it waits a second, and never tries twice."""
    from_url = cast("Callable[..., Redis]", Redis.from_url)
    return from_url(
        url, socket_timeout=WAIT, socket_connect_timeout=WAIT, retry=Retry(NoBackoff(), 0), decode_responses=True
    )


def note(*names: str) -> None:
    """Leave signs of life; where Redis does not take them, they are missing, which says the same."""
    try:
        redis = connect(settings.REDIS_URL)
        now, own = _seconds(redis.time()), time.time()
        redis.hset(KEY, mapping={f"{name} {socket.gethostname()}": f"{now} {own - now}" for name in names})
    except RedisError as error:
        logger.warning("No sign of life could be left: %s", error)


def forget_old() -> None:
    """Forget machines that are gone; called where beat starts."""
    signs, now = read()
    if old := [name for name, sign in signs.items() if now - sign.at > FORGOTTEN_AFTER]:
        connect(settings.REDIS_URL).hdel(KEY, *old)


def read() -> tuple[dict[str, Sign], float]:
    """Give all signs by ``name host``, and the time of Redis.

    Raises:
        RedisError: it does not answer.
    """
    with connect(settings.REDIS_URL).pipeline(transaction=False) as pipeline:
        pipeline.hgetall(KEY)
        pipeline.time()
        stored, clock = pipeline.execute()
    signs = {name: Sign(*map(float, sign.split())) for name, sign in stored.items()}
    return signs, _seconds(clock)


def silences() -> list[Silence]:
    """What of all that sending needs has given no sign for SILENT_AFTER seconds."""
    try:
        signs, now = read()
    except RedisError:
        return [Silence("redis", None)]
    found = []
    for name, shown in {**{queue: f"worker-{queue}" for queue in QUEUES}, BEAT: BEAT}.items():
        last = max((sign.at for key, sign in signs.items() if key.split(" ")[0] == name), default=None)
        if last is None or now - last > SILENT_AFTER:
            found.append(Silence(shown, datetime.fromtimestamp(last, UTC) if last else None))
    return found


def clocks_apart() -> list[str]:
    """Whose clock differs from that of Redis by more than TOO_FAR seconds: of those who live, and this process."""
    signs, now = read()
    ahead = {name: sign.ahead for name, sign in signs.items() if now - sign.at <= SILENT_AFTER}
    ahead[f"web {socket.gethostname()}"] = time.time() - now
    return [f"{name}: {seconds:+.0f} s" for name, seconds in ahead.items() if abs(seconds) > TOO_FAR]


def is_first_within(name: str, seconds: float) -> bool:
    """Say whether nobody called this for so long, by one clock, that of Redis; without Redis, yes."""
    try:
        return bool(connect(settings.REDIS_URL).set(f"hsl:tick:{name}", 1, nx=True, px=round(seconds * 1000)))
    except RedisError:
        return True


def note_tick(name: str) -> None:
    """Write down, by the clock of Redis, that a regular task has ended well."""
    try:
        redis = connect(settings.REDIS_URL)
        redis.hset(TICKS, name, str(_seconds(redis.time())))
    except RedisError as error:
        logger.warning("No tick could be noted: %s", error)


def last_tick(name: str) -> tuple[float, float]:
    """When a regular task ended last, and what time it is now, by the clock of Redis; one never seen ended just now.

    Raises:
        RedisError: it does not answer.
    """
    redis = connect(settings.REDIS_URL)
    now = _seconds(redis.time())
    redis.hsetnx(TICKS, name, str(now))
    stored: Any = redis.hget(TICKS, name)
    return float(stored), now


def ticks() -> dict[str, float]:
    """When each regular task ended last, by the clock of Redis.

    Raises:
        RedisError: it does not answer.
    """
    stored: Any = connect(settings.REDIS_URL).hgetall(TICKS)
    return {name: float(at) for name, at in stored.items() if name in settings.CELERY_BEAT_SCHEDULE}


def _seconds(clock: Any) -> float:
    seconds, micros = clock
    return float(seconds) + float(micros) / 1e6
