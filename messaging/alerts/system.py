"""What the page of the system says about alerts: who is told, and the last incidents."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hsl_dashboard.web.system import SystemLine
from messaging.alerts.kinds import sentence
from messaging.alerts.telling import accounts_to_tell
from messaging.models import Incident

SHOWN = 10


def alert_lines(at: datetime) -> Iterator[SystemLine]:
    """Say who gets alerts, and what there was, the newest first (two queries)."""
    accounts, emails = len(accounts_to_tell()), len(settings.ALERT_EMAILS) if settings.HAS_EMAIL else 0
    is_set_up = bool(settings.ALERTS and (accounts or emails))
    yield SystemLine("alerts", _("Alerts go to"), _who(accounts, emails), is_set_up=is_set_up)
    for incident in Incident.objects.order_by("-began_at")[:SHOWN]:
        began = f"{timezone.localtime(incident.began_at):%d.%m.%Y %H:%M}"
        lasted = timesince(incident.began_at, incident.ended_at or at)
        words = _("%(began)s, for %(time)s") if incident.ended_at else _("%(began)s, goes on for %(time)s")
        yield SystemLine("alerts", sentence(incident.kind, incident.value), words % {"began": began, "time": lasted})


def _who(accounts: int, emails: int) -> str:
    if not settings.ALERTS:
        return _("nobody: ALERTS is false")
    if not accounts and not emails:
        return _("nobody: link your Telegram account, or set ALERT_EMAILS")
    in_telegram = ngettext("%(count)d administrator in Telegram", "%(count)d administrators in Telegram", accounts)
    by_mail = ngettext("%(count)d e-mail address", "%(count)d e-mail addresses", emails)
    return ", ".join([in_telegram % {"count": accounts}, by_mail % {"count": emails}])
