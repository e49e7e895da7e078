"""A line in the log for each change of a booking, whoever made it: numbers and names of columns alone.

The audit is read, since what the bot writes with raw SQL stands nowhere else; so a line comes within a minute.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from redis import Redis

from bookings.models import Booking
from hsl_dashboard.availability.heartbeats import connect
from users.audit.lines import changes_of
from users.models import AuditEntry

# Lines of the audit that are in the log already, by their moment: the newest of them is where the next look begins.
LOGGED = "hsl:bookings:logged"
# A line has the moment at which its transaction began; one that lasted shows its lines behind those of later ones.
OVERLAP = timedelta(minutes=10)
AT_ONCE = 200  # lines

logger = logging.getLogger(__name__)


def log_changes(at: datetime) -> int:
    """Log what the audit has about bookings and the log has not; give how many lines."""
    redis = connect(settings.REDIS_URL)
    since = _newest(redis, at) - OVERLAP
    found = AuditEntry.objects.filter(object_table=Booking._meta.db_table, at__gte=since).order_by("at", "pk")
    known: set[Any] = set(redis.zrange(LOGGED, 0, -1))
    new = (entry for entry in found.iterator(chunk_size=AT_ONCE) if str(entry.pk) not in known)
    number = 0
    while entries := list(islice(new, AT_ONCE)):
        for entry, words in _in_words(entries):
            _log(entry, words)
        # Behind the lines: whoever dies in between writes some of them again, and loses none.
        redis.zadd(LOGGED, {str(entry.pk): entry.at.timestamp() for entry in entries})
        number += len(entries)
    redis.zremrangebyscore(LOGGED, "-inf", (since - timedelta(seconds=1)).timestamp())
    return number


def _newest(redis: Redis, at: datetime) -> datetime:
    newest: Any = redis.zrange(LOGGED, -1, -1, withscores=True)
    return datetime.fromtimestamp(newest[0][1], UTC) if newest else at


def _in_words(entries: list[AuditEntry]) -> Iterator[tuple[AuditEntry, str]]:
    changes = changes_of([entry.pk for entry in entries])
    for entry in entries:
        was, now = changes.get(entry.pk, (None, None))
        match entry.what.rpartition(".")[2]:
            case "status":
                yield entry, f"status {(was or {}).get('confirmed')} → {(now or {}).get('confirmed')}"
            case "update":
                # A status has a line of its own.
                if columns := sorted((now or {}).keys() - {"confirmed"}):
                    yield entry, ", ".join(columns)
            case "insert":
                yield entry, "new"
            case done:
                yield entry, done


def _log(entry: AuditEntry, words: str) -> None:
    number = int(entry.object_id or 0)
    fields = {
        "booking": number,
        "by": entry.done_by_id,  # nobody: the bot, or a task
        "changed_at": entry.at.isoformat(timespec="milliseconds"),
        "changed_in": entry.request or None,
    }
    logger.info("Booking %s: %s, by %s", number, words, entry.done_by_id or "the bot or a task", extra=fields)
