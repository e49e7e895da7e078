"""Ask colleagues for their approval of a message: who they are, and what the bot tells them."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import ngettext

from messaging.content.content import Content
from messaging.content.markup import bare_text
from messaging.delivery.services import send_to_staff
from messaging.models import Draft, TelegramLink
from messaging.models.recipient_types import RecipientType
from users.models import BlockedUser, TelegramUser, User

QUOTED = 200  # characters of the message
APPROVE, SEND = "messaging.approve_broadcast", "messaging.send_broadcast"


@dataclass(frozen=True)
class Approver:
    """Somebody who may approve, and the account where the bot reaches them (None: not linked, or blocked)."""

    user: User
    account: TelegramUser | None


def approvers_beside(asker: User | None) -> list[Approver]:
    """Everybody but ``asker`` who may approve a message: four queries."""
    may_send = {user.pk for user in User.objects.with_perm(SEND)}
    may_approve = User.objects.with_perm(APPROVE).filter(pk__in=may_send)
    links = TelegramLink.objects.exclude(linked_at=None).select_related("telegram_user")
    accounts = {link.user_id: link.telegram_user for link in links}
    blocked = set(
        BlockedUser.objects.filter(pk__in=[account.pk for account in accounts.values()]).values_list("pk", flat=True)
    )
    others = may_approve.exclude(pk=asker.pk) if asker else may_approve
    return [
        Approver(user, None if (account := accounts.get(user.pk)) is None or account.pk in blocked else account)
        for user in others.order_by("username")
    ]


def tell_approvers(*, draft: Draft, by: User, recipients: int, at: datetime) -> int:
    """Have the bot tell them what waits; give how many it tells."""
    accounts = [approver.account for approver in approvers_beside(by) if approver.account]
    if accounts:
        with translation.override(settings.LANGUAGE_CODE):
            text = _request(draft, by, recipients)
        send_to_staff(text, to=accounts, sent_as=RecipientType.APPROVAL, at=at)
    return len(accounts)


def _request(draft: Draft, by: User, recipients: int) -> str:
    content = Content.from_json(draft.content)
    words = " ".join(bare_text(content.text).split())
    quote = words if len(words) <= QUOTED else f"{words[: QUOTED - 1]}…"
    who = by.shown_name
    people = ngettext(
        "%(who)s asks you to approve a message to %(count)d person",
        "%(who)s asks you to approve a message to %(count)d people",
        recipients,
    ) % {"who": who, "count": recipients}
    address = settings.DASHBOARD_URL + reverse("messaging:compose_confirm", args=[draft.pk])
    return "\n".join([f"<b>{escape(people)}</b>", f"<i>{escape(content.name or quote)}</i>", "", address])
