"""What messages add to the page of today: what is being sent, and what waits for somebody's decision."""

from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from hsl_dashboard.web.today import TodayLine, TodayLines
from messaging.models import Broadcast, Recipient
from messaging.models.recipient_types import RecipientType
from users.models import User

State = Broadcast.State
RECENT = timedelta(days=30)  # older results that are not known will not be decided any more


def message_lines(_user: User, at: datetime) -> list[TodayLine]:
    """Messages that run, stand still or are held, and those with results that are not known (two queries)."""
    states = dict.fromkeys((State.SENDING, State.PAUSED, State.HELD), (0, None))
    grouped = (
        Broadcast.objects.filter(state__in=states)
        .exclude(recipient_type=RecipientType.REPORT)
        .order_by()
        .values_list("state")
    )
    states |= {state: (n, oldest) for state, n, oldest in grouped.annotate(n=Count("*"), oldest=Min("sent_at"))}
    words = {
        State.HELD: _("Messages held: their time has passed"),
        State.SENDING: _("Messages being sent"),
        State.PAUSED: _("Messages paused"),
    }
    page = reverse("messaging:broadcast_list")
    lines = [
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
    uncertain = (
        # Of recent messages: each is one look into the index on message and state.
        Recipient.objects.uncertain()
        .filter(message__in=Broadcast.objects.filter(sent_at__gte=at - RECENT).values("pk"))
        .exclude(reason=Recipient.Reason.DUPLICATE)
        .order_by("-message_id")
        .values_list("message_id")
        .annotate(n=Count("*"), oldest=Min("claimed_at"))[:5]
    )
    return lines + [
        TodayLine(
            f"uncertain-{number}",
            _("Message № %(number)s: recipients whose result is not known") % {"number": number},
            count,
            f"{reverse('messaging:broadcast_detail', args=[number])}?state={Recipient.State.UNCERTAIN}",
            oldest=oldest,
        )
        for number, count, oldest in uncertain
    ]


LINES = TodayLines("messages", "messaging.view_broadcast", 20, message_lines)
