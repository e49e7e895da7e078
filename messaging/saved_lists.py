"""The lists of this app that staff can save."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.labels import Labels
from hsl_dashboard.web.saved_lists import SavedList
from messaging.broadcasts.filters import BroadcastFilter
from messaging.compose.filters import DraftFilter
from messaging.inbound.filters import BlockedFilter
from messaging.inbox.filters import ConversationFilter
from messaging.inbox.today import MAY_ANSWER
from messaging.models import Broadcast, Conversation, Draft
from users.models import BlockedUser, User

MAY_WRITE = ("messaging.add_broadcast", "users.view_telegramuser")


def _message_filter(query: QueryDict, user: User) -> BroadcastFilter:
    return BroadcastFilter(query, queryset=Broadcast.objects.all(), labels=Labels.read(), by=user)


def _messages(query: QueryDict, user: User) -> "QuerySet[Any] | None":
    narrowed = _message_filter(query, user)
    return narrowed.qs if narrowed.is_valid() else None


def _messages_in_words(query: QueryDict, user: User) -> list[str]:
    return _message_filter(query, user).in_words()


def _draft_filter(query: QueryDict, user: User) -> DraftFilter:
    return DraftFilter(query, queryset=Draft.objects.open().waiting_first(), by=user)


def _drafts(query: QueryDict, user: User) -> "QuerySet[Any] | None":
    narrowed = _draft_filter(query, user)
    return narrowed.qs if narrowed.is_valid() else None


def _drafts_in_words(query: QueryDict, user: User) -> list[str]:
    return _draft_filter(query, user).in_words()


def _conversation_filter(query: QueryDict, user: User) -> ConversationFilter:
    return ConversationFilter(query, queryset=Conversation.objects.all(), by=user)


def _conversations(query: QueryDict, user: User) -> "QuerySet[Any] | None":
    narrowed = _conversation_filter(query, user)
    return narrowed.qs if narrowed.is_valid() else None


def _conversations_in_words(query: QueryDict, user: User) -> list[str]:
    return _conversation_filter(query, user).in_words()


def _blocked_filter(query: QueryDict) -> BlockedFilter:
    return BlockedFilter(query, queryset=BlockedUser.objects.order_by(F("blocked_at").desc(nulls_last=True), "pk"))


def _blocked(query: QueryDict, _user: User) -> "QuerySet[Any] | None":
    narrowed = _blocked_filter(query)
    return narrowed.qs if narrowed.is_valid() else None


def _blocked_in_words(query: QueryDict) -> list[str]:
    return _blocked_filter(query).in_words()


SAVED_LISTS = (
    SavedList(
        "messaging:broadcast_list",
        _("Messages"),
        ("messaging.view_broadcast",),
        _messages,
        own_words=_messages_in_words,
    ),
    SavedList("messaging:draft_list", _("Drafts"), MAY_WRITE, _drafts, own_words=_drafts_in_words),
    SavedList(
        "messaging:conversation_list",
        pgettext_lazy("what students write", "Answers"),
        MAY_ANSWER,
        _conversations,
        own_words=_conversations_in_words,
    ),
    SavedList("messaging:blocked_list", _("Blocked"), ("users.view_blockeduser",), _blocked, words=_blocked_in_words),
)
