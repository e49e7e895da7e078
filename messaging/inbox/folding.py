"""Brings conversations up to date with what students have written: beat does it, and so does opening the list."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, QuerySet

from hsl_dashboard.db import sql_value
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from messaging.models import Conversation, StudentText

AT_ONCE = 5_000  # texts: some tenths of a second; only the first takeover of a bot's database has more


def fold_texts() -> int:
    """Add new texts to their conversations and wake those whose snooze has ended; return how many changed.

    One process at a time: -1 says that another one is at it.
    """
    return int(sql_value("SELECT conversations_fold(%s)", [AT_ONCE]))


def fold_before_reading(*, at: datetime) -> None:
    """The same for a page that is about to show them: one quick query when there are no new texts."""
    due, new = _untold(at)
    if due.union(new, all=True).exists():
        write_beside(SideWrite.TEXTS_FOLDED, fold_texts)


def read_told(conversations: "QuerySet[Conversation]", pk: int, *, at: datetime) -> Conversation | None:
    """Read one conversation with all its texts added (one query when there are no new ones)."""
    due, new = _untold(at)
    found = conversations.annotate(is_untold=Exists(due) | Exists(new)).filter(pk=pk).first()
    if found and not found.is_untold:
        return found
    fold_before_reading(at=at)
    return conversations.filter(pk=pk).first()


def _untold(at: datetime) -> tuple["QuerySet[Any, Any]", "QuerySet[Any, Any]"]:
    due = Conversation.objects.filter(state=Conversation.State.SNOOZED, snoozed_until__lte=at)
    return due.values("pk"), StudentText.objects.filter(folded=False).values("pk")
