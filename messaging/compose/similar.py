"""Finds a nearly identical message that went to the same people within the hour, usually a mistake."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from messaging.content.content import Content
from messaging.content.markup import bare_text
from messaging.models import Broadcast, Recipient
from messaging.models.recipient_types import RecipientType
from users.undo.services import WINDOW

LATELY = timedelta(hours=1)
MOST_COMPARED = 50  # messages of that hour
ALIKE = 0.9  # of the words
MOST_WORDS = 1000


@dataclass(frozen=True)
class Similar:
    """A message of the last hour with nearly the same words."""

    broadcast: Broadcast
    minutes: int
    people: int  # who got it, and would get this one too


def find_similar(content: Content, *, at: datetime) -> Similar | None:
    """Find the newest message like this one that went to some of the same people."""
    words = _words(content.text)
    if not words:
        return None
    lately = (
        Broadcast.objects.filter(started_at__gt=at - LATELY, started_at__lte=at + WINDOW)
        .filter(recipient_type__in=(RecipientType.GROUP, RecipientType.INDIVIDUAL))
        .order_by("-started_at")[:MOST_COMPARED]
    )
    for broadcast in lately:
        if not _alike(words, _words(broadcast.message_text)):
            continue
        people_now = content.question.reached(at=at).values("pk")
        same = Recipient.objects.filter(message=broadcast, telegram_user__in=people_now)
        if (people := same.count()) and broadcast.started_at:
            return Similar(broadcast, max(round((at - broadcast.started_at).total_seconds() / 60), 0), people)
    return None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", bare_text(text).casefold())[:MOST_WORDS]


def _alike(one: list[str], other: list[str]) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return one == other or (matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE)
