"""When students are left alone: one definition for broadcasts and automations, by the clock of TIME_ZONE, Moscow."""

from datetime import datetime, time, timedelta

from django.utils import timezone

QUIET_FROM, QUIET_UNTIL = time(21), time(9)
# As staff read them.
NIGHT = {"night_from": f"{QUIET_FROM:%H:%M}", "night_until": f"{QUIET_UNTIL:%H:%M}"}


def is_quiet(at: datetime, *, until: datetime | None = None) -> bool:
    """Whether students are left alone at this moment, or at any from it to ``until``."""
    clock = timezone.localtime(at).time()
    night = clock >= QUIET_FROM or clock < QUIET_UNTIL
    return night or (until is not None and until >= start_of_night(at))


def start_of_night(at: datetime) -> datetime:
    """The next moment from which on nothing is sent by itself, for a moment of the day."""
    return timezone.localtime(at).replace(hour=QUIET_FROM.hour, minute=QUIET_FROM.minute, second=0, microsecond=0)


def end_of_day(at: datetime) -> datetime:
    """The last moment of the day at which something may still be sent, or ``at`` itself when it has passed."""
    return max(at, start_of_night(at))


def end_of_night(at: datetime) -> datetime:
    """When students may be written to again, for a moment of the night."""
    now = timezone.localtime(at)
    morning = now.replace(hour=QUIET_UNTIL.hour, minute=QUIET_UNTIL.minute, second=0, microsecond=0)
    return morning if morning > now else morning + timedelta(days=1)
