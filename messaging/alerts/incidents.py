"""Incidents: each begins once, whoever sees it, is told once, and so is its end."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F

from messaging.alerts.checks import Findings, switched_off
from messaging.alerts.telling import tell_beginning, tell_end
from messaging.models import Incident

SIGNS = ("worker-default", "worker-telegram", "beat", "tick")  # kinds that only Redis knows about
CALM = timedelta(minutes=1)  # for which nobody sees the trouble before it counts as over
STALE = timedelta(hours=1)  # after which an alert that could not be sent is dropped


def keep_incidents(findings: Findings, *, at: datetime) -> None:
    """Begin what is new, go on with what is there, and end what nobody has seen for a while."""
    going_on = Incident.objects.filter(ended_at=None)
    # Nobody looks any more, so nobody can say that it is well again.
    going_on.filter(kind__in=set(switched_off()) - findings.keys()).update(ended_at=at, end_told_at=at)
    if going_on.filter(kind="redis").exists():
        # Signs of life are kept there: while it is away, and at first when it is back, none of them is fresh.
        findings = {kind: value for kind, value in findings.items() if kind not in SIGNS}
    troubles = {kind: value for kind, value in findings.items() if value is not None}
    Incident.objects.bulk_create(
        [Incident(kind=kind, value=value, began_at=at, seen_at=at) for kind, value in troubles.items()],
        ignore_conflicts=True,
    )
    known = going_on.filter(kind__in=findings)
    known.filter(kind__in=troubles).update(seen_at=at)
    known.exclude(kind__in=troubles).filter(seen_at__lte=at - CALM).update(ended_at=at)


def tell_incidents(*, accounts: Sequence[int], at: datetime) -> None:
    """Tell what has begun and what has ended since. Of two processes one claims the telling."""
    begun = Incident.objects.filter(told_at=None, end_told_at=None, began_at__gt=at - STALE).order_by("began_at")
    for incident in begun:
        if Incident.objects.filter(pk=incident.pk, told_at=None).update(told_at=at) and not tell_beginning(
            incident.kind, incident.value, began_at=incident.began_at, accounts=accounts
        ):
            Incident.objects.filter(pk=incident.pk).update(told_at=None)
    over = Incident.objects.filter(end_told_at=None, ended_at__gt=at - STALE).exclude(told_at=None)
    for incident in over.order_by(F("ended_at")):
        if Incident.objects.filter(pk=incident.pk, end_told_at=None).update(end_told_at=at) and not tell_end(
            incident.kind,
            incident.value,
            began_at=incident.began_at,
            ended_at=incident.ended_at or at,
            accounts=accounts,
        ):
            Incident.objects.filter(pk=incident.pk).update(end_told_at=None)
