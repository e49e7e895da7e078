"""Conversations as the jump finds them: by the person, the last text first."""

import re
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.jump import AT_MOST, Destination, JumpSource, Typed
from messaging.inbox.today import MAY_ANSWER
from messaging.models import Conversation
from users.models import User
from users.people.jump import people_found

ADDRESS = re.compile(r"/inbox/(\d{1,19})/")


def _find(user: User, typed: Typed) -> list[Destination]:
    if not user.has_perms(MAY_ANSWER):
        return []
    people = people_found(user, typed).values("pk")
    found = Conversation.objects.filter(telegram_user__in=people).order_by("-last_text_at", "-pk")
    return [_destination(one) for one in found.select_related("telegram_user")[:AT_MOST]]


def _name(user: User, addresses: Sequence[str]) -> list[Destination]:
    numbers = [int(match[1]) for address in addresses if (match := ADDRESS.fullmatch(address))]
    wanted = [number for number in numbers if number <= LARGEST_BIGINT]
    if not wanted or not user.has_perms(MAY_ANSWER):
        return []
    return [_destination(one) for one in Conversation.objects.filter(pk__in=wanted).select_related("telegram_user")]


def _destination(conversation: Conversation) -> Destination:
    person = conversation.telegram_user
    address = reverse("messaging:conversation_detail", args=[person.pk])
    return Destination(person.full_name, address, conversation.get_state_display(), icon="chat-bubble-left-right")


CONVERSATIONS = JumpSource(_("Answers to students"), 45, "messaging.answer_students", _find, _name)
