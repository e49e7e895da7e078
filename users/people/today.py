"""What leads add to the page of today: how many are hot, and why the hottest is."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from hsl_dashboard.web.today import TodayLine, TodayLines
from users.leads import lead_activity
from users.models import ERASED_FROM, LeadRules, LeadTemperature, PersonTotals, User


def lead_lines(_user: User, _at: datetime) -> list[TodayLine]:
    """Hot leads, and what the one who did most has done (four queries)."""
    hot = PersonTotals.objects.filter(temperature=LeadTemperature.HOT, pk__lt=ERASED_FROM)
    first = hot.select_related("telegram_user").order_by("-last_activity_at").first()
    if first is None:
        return []
    why = lead_activity([first.pk], LeadRules.read())[first.pk]
    note = _("%(name)s: events %(events)d, days %(days)d") % {
        "name": first.telegram_user.display_name,
        "events": why.events,
        "days": why.days,
    }
    address = f"{reverse('users:person_list')}?lead={LeadTemperature.HOT.value}"
    return [TodayLine("leads-hot", _("Hot leads"), hot.count(), address, note=note)]


LINES = TodayLines("leads", "users.view_telegramuser", 50, lead_lines, slow=True)
