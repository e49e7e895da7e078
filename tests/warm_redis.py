"""A Redis that remembers, as it does while beat runs."""

from redis import Redis

from messaging.delivery.limiter import connect_limiter


def warm_up(settings) -> None:
    """Begin the slots, as beat's tick does long before anybody clicks."""
    keys = connect_limiter().keys
    with Redis.from_url(settings.REDIS_URL) as redis:
        redis.delete(*keys)
        redis.set(keys[0], 1)
