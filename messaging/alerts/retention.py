"""Incidents that are over go when they are old."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from messaging.models import Incident
from users.retention.own import count_rows, forget_rows
from users.retention.rules import KeepingRule

INCIDENTS = KeepingRule(
    name="incidents",
    setting="KEEP_INCIDENTS_DAYS",
    label=_("Incidents"),
    count=partial(count_rows, Incident, "ended_at"),
    forget=partial(forget_rows, Incident, "ended_at"),
)
