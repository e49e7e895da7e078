"""The page of the system: what works, what does not and what to do about it; apps add what they know.

Each app registers its lines once, in its AppConfig.ready(). A line that cannot be read says so and hides no other.
"""

import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import django
from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django_celery_beat.models import PeriodicTask
from redis.exceptions import RedisError

from hsl_dashboard.availability import heartbeats
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.violations import violations

SEE_SYSTEM = "users.view_user"
# A task may miss two of its moments; beat writes down only every three minutes what it has sent.
LATE_AFTER, LATE_TIMES = timedelta(minutes=7), 3
LONG_QUEUE = 1_000  # tasks
LITTLE_DISK = 0.1  # of the disk
SHOWN = 10  # tables, slow queries, reports
SECTIONS: dict[str, Any] = {
    "processes": gettext_lazy("Processes"),
    "queues": gettext_lazy("Queues"),
    "ticks": gettext_lazy("Regular tasks"),
    "storage": gettext_lazy("Storage"),
    "keeping": gettext_lazy("How long data is kept"),
    "versions": gettext_lazy("Versions"),
    "alerts": gettext_lazy("Alerts"),
}

# What people call the tasks of beat; the code name stands beside.
TICKS: dict[str, Any] = {
    "users.fold_person_totals": gettext_lazy("Totals of people"),
    "users.cool_leads": gettext_lazy("Leads that cool down"),
    "bookings.count_problems": gettext_lazy("Data quality: count of problems"),
    "messaging.count_people": gettext_lazy("Audiences: count of people"),
    "users.recount_leads": gettext_lazy("Leads after a change of their rules"),
    "bookings.fold_lesson_steps": gettext_lazy("Steps after free lessons"),
    "bookings.fold_payments": gettext_lazy("Queue of payments"),
    "bookings.log_changes": gettext_lazy("Changes of bookings into the log"),
    "bookings.fold_money": gettext_lazy("Sums of money"),
    "analytics.refresh_numbers": gettext_lazy("Numbers of analytics"),
    "analytics.bring_digests": gettext_lazy("Morning digests"),
    "bookings.apply_incoming_payments": gettext_lazy("Payments from payment services"),
    "users.forget_api_answers": gettext_lazy("Old answers of the API are forgotten"),
    "messaging.tick": gettext_lazy("Start of scheduled messages"),
    "messaging.tell_staff": gettext_lazy("Notices to staff"),
    "messaging.end_blocks": gettext_lazy("Blocks that end"),
}


@dataclass(frozen=True)
class SystemLine:
    """One thing that works or does not. ``what_to_do`` stands beside one that does not."""

    section: str  # of SECTIONS
    name: Any
    value: Any
    is_well: bool = True
    what_to_do: Any = ""
    code: str = ""  # its name in the code and the logs, where people have another
    is_set_up: bool = True  # what nobody has set up is no trouble, and not forgotten either


Reader = Callable[[datetime], Iterator[SystemLine]]
_readers: list[Reader] = []


def register_system_lines(reader: Reader) -> None:
    """Have the page show what an app knows about itself."""
    _readers.append(reader)


@require_safe
@permission_required(SEE_SYSTEM, raise_exception=True)
def system_detail(request: HttpRequest) -> HttpResponse:
    now, [[version, size, has_statistics]] = timezone.now(), _rows(SERVER)
    lines = [
        line for reader in (_processes, _queues, _ticks, _storage, _versions, *_readers) for line in _read(reader, now)
    ]
    lines += [
        SystemLine("storage", "PostgreSQL", filesizeformat(size)),
        SystemLine("versions", "PostgreSQL", version),
    ]
    context = {
        "sections": [(label, [line for line in lines if line.section == name]) for name, label in SECTIONS.items()],
        "troubles": [line for line in lines if not line.is_well],
        "missing": [line for line in lines if not line.is_set_up],
        "tables": _rows(TABLES),
        "slow": _rows(SLOW) if has_statistics else None,
        "reports": _reports(),
        "checked_at": now,
    }
    return render(request, "system_detail.html", context)


def _read(reader: Reader, now: datetime) -> list[SystemLine]:
    try:
        return list(reader(now))
    except RedisError:
        restart = _("Start Redis, or check that this machine can reach it. Nothing is lost meanwhile; sending waits.")
        return [SystemLine("queues", "Redis", _("does not answer"), is_well=False, what_to_do=restart)]
    except DatabaseError as error:
        return [SystemLine("storage", "PostgreSQL", type(error).__name__, is_well=False)]
    except OSError as error:  # a disk of the network that is away
        return [SystemLine("storage", error.filename or _("Disk of the files"), error.strerror, is_well=False)]


def _processes(now: datetime) -> Iterator[SystemLine]:
    signs, clock = heartbeats.read()
    wanted = {**{queue: f"worker-{queue}" for queue in heartbeats.QUEUES}, heartbeats.BEAT: heartbeats.BEAT}
    start = _("Start it: docker compose up -d %(name)s, or its systemd unit. Its log says why it ended.")
    for name, shown in wanted.items():
        places = {key.split(" ", 1)[1]: sign for key, sign in signs.items() if key.split(" ")[0] == name}
        living = {host: sign for host, sign in places.items() if clock - sign.at <= heartbeats.SILENT_AFTER}
        last = max((sign.at for sign in places.values()), default=None)
        silent = _("silent since %(time)s") % {"time": _moment(last)} if last else _("never seen")
        value = ", ".join(sorted(living)) or silent
        yield SystemLine("processes", shown, value, is_well=bool(living), what_to_do=start % {"name": shown})
    apart = heartbeats.clocks_apart()
    clocks = _("Set all clocks from one time server (NTP): scheduled messages start by them.")
    yield SystemLine("processes", _("Clocks"), ", ".join(apart) or _("agree"), is_well=not apart, what_to_do=clocks)


def _queues(now: datetime) -> Iterator[SystemLine]:
    redis: Any = heartbeats.connect(settings.REDIS_URL)
    more = _("Tasks come in faster than the workers finish them: start another worker for this queue.")
    for queue in heartbeats.QUEUES:
        length = redis.llen(queue)
        value = _("%(count)d tasks wait") % {"count": length}
        yield SystemLine("queues", queue, value, is_well=length < LONG_QUEUE, what_to_do=more)


def _ticks(now: datetime) -> Iterator[SystemLine]:
    late = _(
        "Beat does not send it. Check that beat runs, and that nobody has switched the task off in the Django admin."
    )
    entries = settings.CELERY_BEAT_SCHEDULE.items()
    # The nightly backup has a line of its own (hsl_dashboard/backup/system.py).
    planned = {name: every for name, entry in entries if isinstance(every := entry["schedule"], float)}
    tasks = PeriodicTask.objects.filter(name__in=planned, enabled=True)
    runs = {
        name: (last_at, known_at)
        for name, last_at, known_at in tasks.values_list("name", "last_run_at", "date_changed")
    }
    for name, every in planned.items():
        last_at, known_at = runs.get(name, (None, None))
        since = last_at or known_at  # a task of every hour has had no moment yet where beat has just begun
        is_well = since is not None and now - since <= LATE_TIMES * timedelta(seconds=every) + LATE_AFTER
        value = _moment(last_at.timestamp()) if last_at else _("not sent yet")
        yield SystemLine("ticks", TICKS.get(name, name), value, is_well=is_well, what_to_do=late, code=name)


def _storage(now: datetime) -> Iterator[SystemLine]:
    used: Any = heartbeats.connect(settings.REDIS_URL).info("memory")
    yield SystemLine("storage", "Redis", filesizeformat(used["used_memory"]))
    place = settings.MEDIA_ROOT if settings.MEDIA_ROOT.exists() else settings.MEDIA_ROOT.parent
    disk = shutil.disk_usage(place)
    value = _("%(free)s of %(total)s free") % {"free": filesizeformat(disk.free), "total": filesizeformat(disk.total)}
    room = _("Make room or enlarge the disk: with a full one nothing can be uploaded.")
    yield SystemLine(
        "storage", _("Disk of the files"), value, is_well=disk.free > LITTLE_DISK * disk.total, what_to_do=room
    )


def _versions(now: datetime) -> Iterator[SystemLine]:
    redis: Any = heartbeats.connect(settings.REDIS_URL).info("server")
    yield SystemLine("versions", "Redis", redis.get("valkey_version") or redis["redis_version"])
    yield SystemLine("versions", "Django", django.get_version())
    yield SystemLine("versions", "Python", platform.python_version())


# Estimates: a count would read the whole of each table. Of a table that nobody has analysed yet there is none.
TABLES = f"""
    SELECT c.relname, nullif(c.reltuples, -1)::bigint, pg_total_relation_size(c.oid)
    FROM pg_class AS c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    ORDER BY pg_total_relation_size(c.oid) DESC
    LIMIT {SHOWN}
"""  # noqa: S608 - a number of ours
SERVER = """
    SELECT current_setting('server_version'), pg_database_size(current_database()),
        EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')
"""
# Values in it are $1, $2: no names, no texts.
SLOW = f"""
    SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 300), calls, mean_exec_time, max_exec_time
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND calls > 1
    ORDER BY mean_exec_time DESC
    LIMIT {SHOWN}
"""  # noqa: S608


def _rows(sql: str) -> list[tuple[Any, ...]]:
    try:
        return run_sql(sql)  # one statement is a transaction: a refused one spoils no other
    except DatabaseError:
        return []


def _reports() -> Any:
    try:
        return violations()[:SHOWN]
    except RedisError:
        return []


def _moment(seconds: float) -> str:
    return f"{timezone.localtime(datetime.fromtimestamp(seconds, UTC)):%d.%m.%Y %H:%M:%S}"
