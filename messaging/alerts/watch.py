"""One round: is PostgreSQL there, what else is wrong, who has to be told. Each gunicorn process and beat goes round.

That PostgreSQL cannot be reached is kept in Redis and in the process, and told from there.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from redis.exceptions import RedisError

from hsl_dashboard.availability import heartbeats
from hsl_dashboard.availability.health import probe_connection
from hsl_dashboard.availability.limits import TimeLimits, within
from hsl_dashboard.watching.rounds import EVERY
from messaging.alerts.checks import look
from messaging.alerts.incidents import keep_incidents, tell_incidents
from messaging.alerts.kinds import POSTGRESQL
from messaging.alerts.telling import accounts_to_tell, tell_beginning, tell_end
from messaging.models import Incident

logger = logging.getLogger(__name__)

LIMITS = TimeLimits(statement=10, lock=2, idle=10)
OUTAGE, ACCOUNTS = "hsl:alerts:postgresql", "hsl:alerts:accounts"
SURE_AFTER = 2  # rounds of this process without PostgreSQL: it may be starting again
LAPSE = timedelta(minutes=5)  # between two missed rounds: they are not in a row


class AlertWatch:
    """What one process knows while PostgreSQL knows nothing."""

    def __init__(self) -> None:
        self.accounts: list[int] = []
        self.missed = 0
        self.missed_at: datetime | None = None
        self.alone_since: datetime | None = None  # the outage that this process has told without Redis

    def go_round(self, at: datetime) -> None:
        """Look and tell; whoever comes within the same seconds passes."""
        if not settings.ALERTS or not heartbeats.is_first_within("alerts", 0.8 * EVERY):
            return
        if not _database_answers():
            self._miss(at)
            return
        try:
            with within(LIMITS):
                self._remember(accounts_to_tell())
                self._end_outage(at)
                keep_incidents(look(at), at=at)
                tell_incidents(accounts=self.accounts, at=at)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("A round of alerts was not finished: %s", type(error).__name__)

    def _remember(self, accounts: Sequence[int]) -> None:
        """Keep whom to tell: PostgreSQL cannot say it when it is gone."""
        self.accounts = list(accounts)
        try:
            heartbeats.connect(settings.REDIS_URL).set(ACCOUNTS, ",".join(map(str, accounts)))
        except RedisError:
            return  # this process knows them

    def _miss(self, at: datetime) -> None:
        if self.missed_at and at - self.missed_at > LAPSE:
            self.missed = 0  # Redis let others through meanwhile, and they have seen it
        self.missed, self.missed_at = self.missed + 1, at
        if self.missed < SURE_AFTER or self.alone_since:
            return
        try:
            if not heartbeats.connect(settings.REDIS_URL).set(OUTAGE, at.isoformat(), nx=True):
                return  # another process has told it
        except RedisError:
            self.alone_since = at
        if not tell_beginning(POSTGRESQL, "", began_at=at, accounts=self.accounts or _kept_accounts()):
            self.alone_since = None  # the next round tries again
            _take_outage()

    def _end_outage(self, at: datetime) -> None:
        began_at = self.alone_since or _take_outage()
        self.missed, self.alone_since = 0, None
        if began_at:
            told = tell_end(POSTGRESQL, "", began_at=began_at, ended_at=at, accounts=self.accounts)
            Incident.objects.create(
                kind=POSTGRESQL,
                began_at=began_at,
                seen_at=at,
                ended_at=at,
                told_at=began_at,
                end_told_at=at if told else None,
            )


def _database_answers() -> bool:
    try:
        with probe_connection() as server:
            server.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def _take_outage() -> datetime | None:
    """When the outage began that somebody has told, once."""
    try:
        stored = heartbeats.connect(settings.REDIS_URL).getdel(OUTAGE)
    except RedisError:
        return None
    return datetime.fromisoformat(str(stored)) if stored else None


def _kept_accounts() -> list[int]:
    try:
        stored = heartbeats.connect(settings.REDIS_URL).get(ACCOUNTS)
    except RedisError:
        return []
    return [int(account) for account in str(stored or "").split(",") if account]
