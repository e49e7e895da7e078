"""Times as staff read them: exactly in Moscow, or how long ago in one unit. Filters, since pages show a hundred."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from django import template
from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hsl_dashboard.calendar import FarDay, FarMoment, unknown
from hsl_dashboard.calendar import words as words_for_far

register = template.Library()

MINUTE = 60  # seconds
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@register.filter
def when(at: datetime | None) -> str:
    """Show an exact Moscow time; a dash for never."""
    return _time(timezone.localtime(at), None) if at else "—"


@register.filter
def known(at: datetime | None) -> str:
    """Show the exact Moscow time of what did happen, or say that it is unknown."""
    return when(at) if at else unknown()


@register.filter
def row_time(at: datetime | None) -> str:
    """Show what ``known`` shows as text alone: fifty tags of a list weigh 2 KB."""
    return _as_text(timezone.localtime(at)) if at else unknown()


@register.filter
def row_moment(at: datetime | None) -> str:
    """Show what ``moment`` shows, without the time for machines: fifty of a list weigh 2 KB."""
    if not at or isinstance(at, FarMoment):
        return moment(at)
    title = f"{_as_text(timezone.localtime(at))} {_moscow_time(get_language())}"
    return mark_safe(f'<span title="{title}">{escape(ago(at))}</span>')  # noqa: S308 - digits, and words of our own


@register.filter
def moment(at: datetime | None) -> SafeString:
    """Show how long ago something was, the exact Moscow time on hover; a faint dash for never."""
    return _time(timezone.localtime(at), ago(at)) if at else mark_safe('<span class="faint">—</span>')


@register.filter
def ago(at: datetime | None) -> str:
    """Say how long ago something was; a dash for never, the date for what lies ahead."""
    if at is None:
        return "—"
    if isinstance(at, FarMoment):
        return words_for_far()
    now = timezone.now()
    seconds = (now - at).total_seconds()
    if seconds < -MINUTE:
        return timezone.localtime(at).strftime("%d.%m.%Y")
    unit = DAY if seconds >= DAY else HOUR if seconds >= HOUR else MINUTE
    return _since(int(seconds // unit) * unit, get_language(), now.date())


@register.filter
def day(on: date | None) -> SafeString | str:
    """Show a date, or the Moscow day of a moment; a dash for never."""
    if on is None:
        return "—"
    if isinstance(on, FarDay | FarMoment):
        return far(on)
    return (timezone.localtime(on) if isinstance(on, datetime) else on).strftime("%d.%m.%Y")


@register.filter
def second(at: datetime | None) -> str:
    """Show an exact Moscow time with its seconds; a dash for never."""
    if at is None:
        return "—"
    if isinstance(at, FarMoment):
        return far(at)
    local = timezone.localtime(at)
    return mark_safe(f'<time datetime="{local.isoformat()}">{local:%d.%m.%Y %H:%M:%S}</time>')  # noqa: S308 - digits


def far(at: FarDay | FarMoment) -> SafeString:
    """Say in words that no calendar has this date; what the database holds, on hover."""
    return format_html('<span class="quiet" title="{}">{}</span>', at.text, words_for_far())


def _time(local: datetime, words: str | None) -> SafeString:
    if isinstance(local, FarMoment):
        return far(local)
    exact = _as_text(local)
    title = f' title="{exact} {_moscow_time(get_language())}"' if words else ""
    # Digits, and words of our own: what format_html() would escape is escaped.
    machine = local.isoformat(timespec="seconds")
    return mark_safe(f'<time datetime="{machine}"{title}>{escape(words or exact)}</time>')  # noqa: S308


def _as_text(local: datetime) -> str:
    if isinstance(local, FarMoment):
        return far(local)
    return f"{local.day:02}.{local.month:02}.{local.year} {local.hour:02}:{local.minute:02}"


@lru_cache(maxsize=10)
def _moscow_time(_language: str | None) -> str:
    return escape(_("Moscow time"))


@lru_cache(maxsize=5_000)
def _since(seconds: int, _language: str | None, _today: date) -> str:
    """Say it as ``timesince`` does, which takes 30 µs; how long a month is depends on the day."""
    if seconds < MINUTE:
        return _("just now")
    now = timezone.now()
    # In Russian a minute "ago" has another ending than a minute.
    words = NaturalTimeFormatter.past_substrings
    return _("%(time)s ago") % {"time": timesince(now - timedelta(seconds=seconds), now, time_strings=words, depth=1)}
