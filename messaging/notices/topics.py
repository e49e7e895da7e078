"""The subjects of notices to staff: who may have one, and what is new to them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.models import WaitingPayment
from bookings.payments.upkeep import DECIDE
from messaging.compose.services.approval import APPROVE, SEND
from messaging.inbox.today import MAY_ANSWER
from messaging.models import Broadcast, Conversation, Draft, StaffNotice
from messaging.models.recipient_types import RecipientType
from users.models import User

Subject = StaffNotice.Subject
# A request goes to everybody who may approve when it is made: this is for one that still waits.
APPROVAL_LATE = timedelta(minutes=15)


@dataclass(frozen=True)
class Novelty:
    """What is new of a subject: in words, where to look, and up to which moment it is told."""

    words: str
    address: str
    until: datetime


@dataclass(frozen=True)
class Topic:
    """A subject as its page offers it; ``read`` finds what came after a moment, None where nothing did."""

    subject: StaffNotice.Subject
    permissions: tuple[str, ...]
    read: Callable[[User, datetime, datetime], Novelty | None] | None = None
    help: Any = ""

    def is_for(self, user: User) -> bool:
        return user.has_perms(self.permissions)


def new_payments(user: User, since: datetime, _at: datetime) -> Novelty | None:
    """Payments that nobody else has taken (one query of the open ones)."""
    mine = Q(assignee=None) | Q(assignee=user)
    rows = WaitingPayment.objects.open().still().filter(mine, came_at__gt=since)
    found = rows.aggregate(n=Count("*"), newest=Max("came_at"), first=Min("pk"))
    if not found["n"]:
        return None
    words = ngettext(
        "%(count)d new payment waits for a decision", "%(count)d new payments wait for a decision", found["n"]
    )
    address = reverse("bookings:payment_queue")
    if found["n"] == 1:
        address = f"{address}?open={found['first']}"
    return Novelty(words % {"count": found["n"]}, address, found["newest"])


def new_texts(user: User, since: datetime, _at: datetime) -> Novelty | None:
    """Students who wrote, whom nobody answers or ``user`` does (one query of the unread ones)."""
    mine = Q(assignee=None) | Q(assignee=user)
    rows = Conversation.objects.filter(mine, state=Conversation.State.UNREAD, last_text_at__gt=since)
    found = rows.aggregate(n=Count("*"), newest=Max("last_text_at"), first=Min("pk"))
    if not found["n"]:
        return None
    words = ngettext("%(count)d student has written", "%(count)d students have written", found["n"])
    address = reverse("messaging:conversation_list")
    if found["n"] == 1:
        address = reverse("messaging:conversation_detail", args=[found["first"]])
    return Novelty(words % {"count": found["n"]}, address, found["newest"])


def paused_messages(_user: User, since: datetime, _at: datetime) -> Novelty | None:
    """Messages to students that stopped on the way, by themselves or by hand (one query)."""
    rows = Broadcast.objects.filter(
        Q(recipient_type__in=[RecipientType.GROUP, RecipientType.INDIVIDUAL, RecipientType.AUTOMATION])
        | Q(recipient_type=None),
        state=Broadcast.State.PAUSED,
        paused_at__gt=since,
    )
    found = rows.aggregate(n=Count("*"), newest=Max("paused_at"), first=Min("pk"))
    if not found["n"]:
        return None
    if found["n"] == 1:
        return Novelty(
            str(_("Message № %(number)s is paused")) % {"number": found["first"]},
            reverse("messaging:broadcast_detail", args=[found["first"]]),
            found["newest"],
        )
    words = ngettext("%(count)d message is paused", "%(count)d messages are paused", found["n"])
    address = f"{reverse('messaging:broadcast_list')}?state={Broadcast.State.PAUSED}"
    return Novelty(words % {"count": found["n"]}, address, found["newest"])


def late_approvals(user: User, since: datetime, at: datetime) -> Novelty | None:
    """Messages of others that somebody asked to approve, and that still wait (one query)."""
    asked = {"asked_at__gt": since - APPROVAL_LATE, "asked_at__lte": at - APPROVAL_LATE}
    rows = Draft.objects.waiting_for(user).filter(**asked)
    found = rows.aggregate(n=Count("*"), newest=Max("asked_at"), first=Min("pk"))
    if not found["n"]:
        return None
    words = ngettext(
        "%(count)d message still waits for your approval", "%(count)d messages still wait for your approval", found["n"]
    )
    address = "/"
    if found["n"] == 1:
        address = reverse("messaging:compose_confirm", args=[found["first"]])
    return Novelty(words % {"count": found["n"]}, address, found["newest"] + APPROVAL_LATE)


TOPICS = (
    Topic(Subject.PAYMENTS, ("bookings.view_booking", DECIDE), new_payments),
    Topic(Subject.ANSWERS, MAY_ANSWER, new_texts),
    Topic(Subject.PAUSED, ("messaging.view_broadcast",), paused_messages),
    Topic(
        Subject.APPROVALS,
        (APPROVE, SEND),
        late_approvals,
        _("A request always comes at once; this repeats it after 15 minutes if it is still waiting."),
    ),
    Topic(Subject.DIGEST, (), help=_("What waits on “Today”, and yesterday's numbers beside the same weekday before.")),
)
BY_SUBJECT = {topic.subject.value: topic for topic in TOPICS}


def topics_for(user: User) -> list[Topic]:
    """The subjects that a member of staff may have notices of."""
    return [topic for topic in TOPICS if topic.is_for(user)]
