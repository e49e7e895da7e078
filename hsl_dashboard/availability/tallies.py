"""What all processes together have done, counted in Redis: results of calls, tasks, errors; ever, and by the minute."""

import logging
from collections import Counter
from collections.abc import Mapping

from django.conf import settings
from redis.exceptions import RedisError

from hsl_dashboard.availability.heartbeats import connect

logger = logging.getLogger(__name__)

KEY = "hsl:tallies"
KEPT = 2 * 60 * 60  # seconds that a minute is kept

Tallies = Mapping[tuple[str, str], int]


def add_up(counts: Tallies) -> None:
    """Add to the counts, by kind and label; where Redis does not take them, they are missing."""
    if not counts:
        return
    try:
        redis = connect(settings.REDIS_URL)
        minute = f"{KEY}:{_minute(redis.time()[0])}"
        with redis.pipeline(transaction=False) as pipeline:
            for (kind, label), count in counts.items():
                pipeline.hincrby(KEY, f"{kind} {label}", count)
                pipeline.hincrby(minute, f"{kind} {label}", count)
            pipeline.expire(minute, KEPT)
            pipeline.execute()
    except RedisError as error:
        logger.debug("Not counted: %s", error)


def ever() -> Counter[tuple[str, str]]:
    """Give all counts since Redis began.

    Raises:
        RedisError: it does not answer.
    """
    return _counts(connect(settings.REDIS_URL).hgetall(KEY))


def of_last(minutes: int) -> Counter[tuple[str, str]]:
    """Give the counts of the last minutes, the one that has just begun included.

    Raises:
        RedisError: it does not answer.
    """
    redis = connect(settings.REDIS_URL)
    now = _minute(redis.time()[0])
    with redis.pipeline(transaction=False) as pipeline:
        for minute in range(now - minutes + 1, now + 1):
            pipeline.hgetall(f"{KEY}:{minute}")
        return sum((_counts(stored) for stored in pipeline.execute()), Counter())


def _minute(seconds: object) -> int:
    return int(str(seconds)) // 60


def _counts(stored: object) -> Counter[tuple[str, str]]:
    rows = stored.items() if isinstance(stored, dict) else ()
    return Counter({(name.split(" ", 1)[0], name.split(" ", 1)[1]): int(count) for name, count in rows})
