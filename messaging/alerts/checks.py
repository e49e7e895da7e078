"""Checks for everything that an administrator would get up for. Thresholds are settings; 0 switches a check off."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from bookings.models import Booking
from hsl_dashboard.availability import heartbeats, tallies
from hsl_dashboard.backup.archive import is_too_old, latest_backup

WINDOW = 15  # minutes
ENOUGH = 20  # answers of Telegram: of fewer, a share says nothing
WEEKS = 4  # that today is compared with
FEWEST = 10  # bookings that the weekday usually brings by now: below that, a day without any says nothing
COUNT_EVERY = 600.0  # seconds between two counts of bookings
TICK = "messaging.tick"

# Checks that a setting switches off.
SWITCHES = {
    "tick": "ALERT_TICK_SECONDS",
    "failures": "ALERT_FAILED_PERCENT",
    "errors": "ALERT_ERRORS",
    "disk": "ALERT_DISK_PERCENT",
    "backup": "ALERT_BACKUP_HOURS",
    "signups": "ALERT_SIGNUPS_PERCENT",
}

# What is wrong, by kind; None: it is well. A missing kind is unknown now, and its incident stays as it was.
Findings = dict[str, str | None]


def look(at: datetime) -> Findings:
    """Ask everything; what cannot be read is not known."""
    found: Findings = {}
    checks: tuple[Callable[[datetime], Iterator[tuple[str, str | None]]], ...]
    checks = (_processes, _ticks, _failures, _errors, _disks, _backup, _signups)
    for check in checks:
        try:
            found |= dict(check(at))
        except (RedisError, OSError):
            continue
    return found


def switched_off() -> list[str]:
    """List the kinds whose check is off: an incident of theirs would never end by itself."""
    kinds = [kind for kind, setting in SWITCHES.items() if not getattr(settings, setting)]
    return kinds if settings.BACKUP_DIR else [*kinds, "backup"]


def _processes(at: datetime) -> Iterator[tuple[str, str | None]]:
    silent = {silence.what: silence for silence in heartbeats.silences()}
    yield "redis", "" if "redis" in silent else None
    if "redis" not in silent:
        for name in (*(f"worker-{queue}" for queue in heartbeats.QUEUES), heartbeats.BEAT):
            since = silent[name].since if name in silent else None
            yield name, (_moment(since) if since else "") if name in silent else None


def _ticks(at: datetime) -> Iterator[tuple[str, str | None]]:
    if not settings.ALERT_TICK_SECONDS or {"worker-default", heartbeats.BEAT, "redis"} & {
        silence.what for silence in heartbeats.silences()
    }:
        return  # they say why
    last, now = heartbeats.last_tick(TICK)
    yield "tick", _moment(datetime.fromtimestamp(last, UTC)) if now - last > settings.ALERT_TICK_SECONDS else None


def _failures(at: datetime) -> Iterator[tuple[str, str | None]]:
    if settings.ALERT_FAILED_PERCENT:
        counts = tallies.of_last(WINDOW)
        sent = counts["telegram", "sent"]
        failed = counts["telegram", "failed"] + counts["telegram", "uncertain"]
        is_bad = sent + failed >= ENOUGH and failed * 100 >= settings.ALERT_FAILED_PERCENT * (sent + failed)
        yield "failures", f"{failed}/{sent + failed}" if is_bad else None


def _errors(at: datetime) -> Iterator[tuple[str, str | None]]:
    if settings.ALERT_ERRORS:
        counts = tallies.of_last(WINDOW)
        errors = counts["error", "page"] + counts["error", "task"]
        yield "errors", str(errors) if errors >= settings.ALERT_ERRORS else None


def _disks(at: datetime) -> Iterator[tuple[str, str | None]]:
    if settings.ALERT_DISK_PERCENT:
        media = settings.MEDIA_ROOT if settings.MEDIA_ROOT.exists() else settings.MEDIA_ROOT.parent
        disks = [shutil.disk_usage(media)]
        with suppress(OSError):  # no folder of backups: _backup says so, and the other disk is looked at
            disks += [shutil.disk_usage(settings.BACKUP_DIR)] if settings.BACKUP_DIR else []
        least = min(100 * disk.free / disk.total for disk in disks)
        yield "disk", f"{least:.0f} %" if least < settings.ALERT_DISK_PERCENT else None


def _backup(at: datetime) -> Iterator[tuple[str, str | None]]:
    if settings.BACKUP_DIR and settings.ALERT_BACKUP_HOURS:
        newest = latest_backup()
        yield "backup", (_moment(newest) if newest else "—") if is_too_old(at) else None


def _signups(at: datetime) -> Iterator[tuple[str, str | None]]:
    if settings.ALERT_SIGNUPS_PERCENT and heartbeats.is_first_within("alerts-signups", COUNT_EVERY):
        today, usual = signups(at)
        is_low = usual >= FEWEST and 100 * today < settings.ALERT_SIGNUPS_PERCENT * usual
        yield "signups", f"{today}/{usual:.0f}" if is_low else None


def signups(at: datetime) -> tuple[int, float]:
    """Bookings of today until now, and those of the same weekday until the same time, on average of WEEKS weeks."""
    now = timezone.localtime(at)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)

    def count(weeks: int) -> int:
        back = timedelta(weeks=weeks)
        return Booking.objects.filter(created_at__gte=midnight - back, created_at__lt=now - back).count()

    return count(0), sum(count(week) for week in range(1, WEEKS + 1)) / WEEKS


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%d.%m.%Y %H:%M}"
