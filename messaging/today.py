"""What messages add to the pages of today and of the system: what is being sent, what waits, and for how long."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from hsl_dashboard.watching.numbers import DatabaseGauge
from hsl_dashboard.web.system import SystemLine
from hsl_dashboard.web.today import TodayLine, TodayLines
from messaging.models import Broadcast, Draft, Outbox, Recipient
from messaging.models.recipient_types import NO_MESSAGES
from users.models import User

State = Broadcast.State
APPROVALS_SHOWN = 5
TOO_LONG = timedelta(minutes=10)  # in the outbox: rules rest at night, but what they queue is taken within seconds
RECENT = timedelta(days=30)  # older results that are not known will not be decided any more

# Of a message, as its page shows it (BroadcastRow.at); ``sent_at`` of one that waits is when its row was written.
MOMENT = Coalesce("started_at", "starts_at", "scheduled_at", "created_at")


def message_lines(_user: User, _at: datetime) -> list[TodayLine]:
    """Messages that run, stand still or are held (one query)."""
    states = dict.fromkeys((State.SENDING, State.PAUSED, State.HELD), (0, None))
    grouped = (
        Broadcast.objects.filter(state__in=states)
        .exclude(recipient_type__in=NO_MESSAGES)
        .order_by()
        .values_list("state")
    )
    states |= {state: (n, oldest) for state, n, oldest in grouped.annotate(n=Count("*"), oldest=Min(MOMENT))}
    words = {
        State.HELD: _("Messages held: their time has passed"),
        State.SENDING: _("Messages being sent"),
        State.PAUSED: _("Messages paused"),
    }
    page = reverse("messaging:broadcast_list")
    return [
        TodayLine(
            f"messages-{state}",
            words[state],
            states[state][0],
            f"{page}?state={state}",
            oldest=states[state][1],
            urgent=state == State.HELD,
        )
        for state in words
    ]


def uncertain_lines(_user: User, at: datetime) -> list[TodayLine]:
    """Messages with results that are not known, and that somebody has to decide about (one query)."""
    uncertain = (
        # Of recent messages: each is one look into the index on message and state.
        Recipient.objects.uncertain()
        .filter(message__in=Broadcast.objects.filter(sent_at__gte=at - RECENT).values("pk"))
        .exclude(reason=Recipient.Reason.DUPLICATE)
        .order_by("-message_id")
        .values_list("message_id")
        .annotate(n=Count("*"), oldest=Min("claimed_at"))[:5]
    )
    return [
        TodayLine(
            f"uncertain-{number}",
            _("Message № %(number)s: recipients whose result is not known") % {"number": number},
            count,
            f"{reverse('messaging:broadcast_detail', args=[number])}?state={Recipient.State.UNCERTAIN}",
            oldest=oldest,
        )
        for number, count, oldest in uncertain
    ]


def approval_lines(user: User, _at: datetime) -> list[TodayLine]:
    """Drafts of others that wait for the approval of this member of staff, the oldest first (one query)."""
    return [
        TodayLine(
            f"approval-{draft.pk}",
            _("A message waits for your approval"),
            1,
            reverse("messaging:compose_message", args=[draft.pk]),
            oldest=draft.asked_at,
        )
        for draft in Draft.objects.waiting_for(user).order_by("asked_at")[:APPROVALS_SHOWN]
    ]


LINES = (
    TodayLines("messages", "messaging.view_broadcast", 20, message_lines),
    TodayLines("uncertain", "messaging.view_broadcast", 21, uncertain_lines),
    TodayLines("approvals", "messaging.approve_broadcast", 18, approval_lines),
)


def oldest_waiting(at: datetime) -> Iterator[SystemLine]:
    """The oldest message that waits to be handed to the sending, and the one that has been sending longest."""
    queued_at = (
        Outbox.objects.filter(state=Outbox.State.QUEUED).order_by("id").values_list("queued_at", flat=True).first()
    )
    yield SystemLine(
        "queues",
        _("Oldest message in the outbox"),
        timesince(queued_at, at) if queued_at else _("none waits"),
        is_well=queued_at is None or at - queued_at <= TOO_LONG,
        what_to_do=_(
            "Automatic messages are not sent at night. By day, check that beat and the worker “default” are running."
        ),
    )
    sending = Broadcast.objects.filter(state=State.SENDING).aggregate(n=Count("*"), since=Min("started_at"))
    value = _("%(count)d, the longest for %(time)s")
    words = (
        value % {"count": sending["n"], "time": timesince(sending["since"], at)}
        if sending["since"]
        else _("none is sent")
    )
    yield SystemLine("queues", _("Messages being sent"), words)


# For /metrics: each reads only what waits or runs.
GAUGES = (
    DatabaseGauge(
        "hsl_messages",
        "Messages that have not ended.",
        "SELECT state, count(*) FROM message_history WHERE state IN ('scheduled', 'sending', 'paused', 'held')"
        " GROUP BY 1",
        label="state",
    ),
    DatabaseGauge(
        "hsl_outbox_waiting", "Notices that wait.", "SELECT count(*) FROM messaging_outbox WHERE state = 'queued'"
    ),
    DatabaseGauge(
        "hsl_outbox_oldest_seconds",
        "Age of the oldest notice that waits.",
        "SELECT coalesce(extract(epoch FROM now() - min(queued_at)), 0) FROM messaging_outbox WHERE state = 'queued'",
    ),
)
