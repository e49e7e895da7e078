"""Times as staff read them: how long ago, in one unit."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

register = template.Library()

MINUTE = 60  # seconds


@register.filter
def ago(at: datetime | None) -> str:
    """Say how long ago something was; a dash for never, the date for what lies ahead."""
    if at is None:
        return "—"
    seconds = (timezone.now() - at).total_seconds()
    if seconds < -MINUTE:
        return timezone.localtime(at).strftime("%d.%m.%Y")
    if seconds < MINUTE:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, depth=1)}
