"""Quiet hours: one definition for broadcasts and automations, in TIME_ZONE (Moscow)."""

from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

QUIET_FROM, QUIET_UNTIL = time(21), time(9)
NIGHT = {"night_from": f"{QUIET_FROM:%H:%M}", "night_until": f"{QUIET_UNTIL:%H:%M}"}


def is_quiet(at: datetime, *, until: datetime | None = None) -> bool:
    """Whether ``at``, or any moment between it and ``until``, is in the quiet hours."""
    clock = timezone.localtime(at).time()
    night = clock >= QUIET_FROM or clock < QUIET_UNTIL
    return night or (until is not None and until >= start_of_night(at))


def quiet_sentence(*, is_scheduled: bool) -> str:
    """Warn staff that a message would wake students; it is sent all the same."""
    if is_scheduled:
        return (
            _("This is in the quiet hours (%(night_from)s–%(night_until)s): the message will arrive at the set time.")
            % NIGHT
        )
    return _("Quiet hours now (%(night_from)s–%(night_until)s): the message will arrive at once.") % NIGHT


def start_of_night(at: datetime) -> datetime:
    """When the next quiet hours begin, for a moment of the day."""
    return timezone.localtime(at).replace(hour=QUIET_FROM.hour, minute=QUIET_FROM.minute, second=0, microsecond=0)


def end_of_day(at: datetime) -> datetime:
    """The last moment of the day outside the quiet hours, or ``at`` itself when that has passed."""
    return max(at, start_of_night(at))


def end_of_night(at: datetime) -> datetime:
    """When the quiet hours end, for a moment in them."""
    now = timezone.localtime(at)
    morning = now.replace(hour=QUIET_UNTIL.hour, minute=QUIET_UNTIL.minute, second=0, microsecond=0)
    return morning if morning > now else morning + timedelta(days=1)
