"""The kinds of trouble, in words."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

POSTGRESQL = "postgresql"
SENTENCES: dict[str, Any] = {
    "worker-default": gettext_lazy("The worker “default” has been silent since %(value)s"),
    "worker-telegram": gettext_lazy("The worker “telegram” has been silent since %(value)s: nothing is sent"),
    "beat": gettext_lazy("Beat has been silent since %(value)s: nothing starts by itself"),
    "redis": gettext_lazy("Redis does not answer: sending waits, and nothing is lost"),
    POSTGRESQL: gettext_lazy("PostgreSQL cannot be reached: no page shows data"),
    "tick": gettext_lazy(
        "The regular check of what to send has been missing since %(value)s: scheduled messages do not start"
    ),
    "failures": gettext_lazy("Messages of the last 15 minutes that Telegram did not accept: %(value)s"),
    "errors": gettext_lazy("Pages and tasks that failed in the last 15 minutes: %(value)s"),
    "signups": gettext_lazy("Fewer bookings today than this weekday usually brings by now: %(value)s"),
    "disk": gettext_lazy("A disk is nearly full: %(value)s free"),
    "backup": gettext_lazy("The newest backup is too old: %(value)s"),
}


def sentence(kind: str, value: str) -> str:
    """Say what is wrong; ``value`` is empty where nobody knows."""
    return str(SENTENCES.get(kind, kind)) % {"value": value or _("an unknown moment")}
