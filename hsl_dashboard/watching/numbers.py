"""What PostgreSQL, Redis and the disks say at the moment of a scrape; apps add questions about their own tables."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from hsl_dashboard.availability import heartbeats, tallies
from hsl_dashboard.availability.health import probe_connection
from hsl_dashboard.backup.archive import latest_backup


@dataclass(frozen=True)
class DatabaseGauge:
    """A gauge that PostgreSQL knows: ``sql`` gives one number, or with a ``label`` rows of label and number."""

    name: str
    help: str
    sql: str
    label: str = ""


_gauges = [
    DatabaseGauge(
        "hsl_database_connections",
        "Connections of everybody to the database.",
        "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1",
        label="state",
    ),
    DatabaseGauge("hsl_database_bytes", "Size of the database.", "SELECT pg_database_size(current_database())"),
    DatabaseGauge(
        "hsl_database_longest_transaction_seconds",
        "Age of the oldest transaction that is open.",
        "SELECT coalesce(extract(epoch FROM max(now() - xact_start)), 0) FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend'",
    ),
]


def register_gauge(question: DatabaseGauge) -> None:
    """Have each scrape ask PostgreSQL something quick about an app's tables."""
    _gauges.append(question)


class SystemCollector(Collector):
    """One scrape. What does not answer is missing, and ``hsl_up`` says so."""

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("hsl_up", "Whether it answers.", labels=["what"])
        for what, read, refused in (("database", _database, psycopg.Error), ("redis", _redis, RedisError)):
            try:
                metrics = list(read())
            except refused:
                metrics, is_up = [], 0
            else:
                is_up = 1
            up.add_metric([what], is_up)
            yield from metrics
        yield up
        yield from _disks()
        limit = settings.TELEGRAM_MESSAGES_PER_SECOND
        yield _gauge("hsl_telegram_messages_per_second_limit", "What all workers together may send.", [("", limit)])


def _gauge(name: str, words: str, rows: Iterable[tuple[str, float]], label: str = "") -> GaugeMetricFamily:
    metric = GaugeMetricFamily(name, words, labels=[label] if label else None)
    for value, number in rows:
        metric.add_metric([value] if label else [], number)
    return metric


def _database() -> Iterator[Metric]:
    with probe_connection() as server:
        for question in _gauges:
            try:
                rows = server.execute(question.sql).fetchall()
            except psycopg.ProgrammingError:  # a table that a migration has not made yet
                continue
            named = [(str(row[0]), float(row[-1])) for row in rows if row[-1] is not None]
            yield _gauge(question.name, question.help, named, question.label)


def _redis() -> Iterator[Metric]:
    redis = heartbeats.connect(settings.REDIS_URL)
    lengths = [(queue, float(str(redis.llen(queue)))) for queue in heartbeats.QUEUES]
    yield _gauge("hsl_queue_tasks", "Tasks that wait for a worker.", lengths, "queue")
    signs, now = heartbeats.read()
    silent: dict[str, float] = {}
    for key, sign in signs.items():
        name = key.split(" ")[0]
        silent[name] = min(silent.get(name, now), max(now - sign.at, 0))
    yield _gauge("hsl_process_silent_seconds", "Since the last sign of life.", silent.items(), "process")
    ages = [(name, max(now - at, 0)) for name, at in heartbeats.ticks().items()]
    yield _gauge("hsl_tick_age_seconds", "Since a regular task last ended.", ages, "task")
    yield from _counters(tallies.ever().items())


def _counters(counts: Iterable[tuple[tuple[str, str], int]]) -> Iterator[Metric]:
    families: dict[str, Callable[[], CounterMetricFamily]] = {
        "telegram": lambda: CounterMetricFamily("hsl_telegram_calls", "Answers of Telegram.", labels=["outcome"]),
        "task": lambda: CounterMetricFamily("hsl_tasks", "Tasks that ended.", labels=["task", "state"]),
        "error": lambda: CounterMetricFamily("hsl_errors", "What broke.", labels=["what"]),
    }
    made = {kind: family() for kind, family in families.items()}
    for (kind, label), count in counts:
        if kind in made:
            made[kind].add_metric(label.split(" "), count)
    yield from made.values()


def _disks() -> Iterator[Metric]:
    room = GaugeMetricFamily("hsl_disk_free_ratio", "Free part of a disk.", labels=["disk"])
    media = settings.MEDIA_ROOT if settings.MEDIA_ROOT.exists() else settings.MEDIA_ROOT.parent
    places: dict[str, Any] = {"media": media, "backups": settings.BACKUP_DIR}
    for name, place in places.items():
        try:
            disk = shutil.disk_usage(place) if place else None
        except OSError:
            disk = None
        if disk:
            room.add_metric([name], disk.free / disk.total)
    yield room
    try:
        made_at = latest_backup()
    except OSError:
        made_at = None
    ages = [("", time.time() - made_at.timestamp())] if made_at else []
    yield _gauge("hsl_backup_age_seconds", "Since the newest backup.", ages)
