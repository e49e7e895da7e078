"""The lists of this app that staff can save."""

from collections.abc import Callable
from typing import Any

from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.labels import Labels
from hsl_dashboard.web.filters import ListFilter
from hsl_dashboard.web.saved_lists import SavedList
from messaging.broadcasts.filters import BroadcastFilter
from messaging.compose.filters import DraftFilter
from messaging.inbound.filters import BlockedFilter
from messaging.inbox.filters import ConversationFilter
from messaging.inbox.today import MAY_ANSWER
from messaging.models import Broadcast, Conversation, Draft
from users.models import BlockedUser, User

MAY_WRITE = ("messaging.add_broadcast", "users.view_telegramuser")


def _saved(view_name: str, label: Any, permissions: tuple[str, ...], narrow: Callable[..., ListFilter]) -> SavedList:
    """A list as its page narrows it: ``narrow`` makes the page's filter of a query, for who reads it."""

    def rows(query: QueryDict, user: User) -> "QuerySet[Any] | None":
        narrowed = narrow(query, user)
        return narrowed.qs if narrowed.is_valid() else None

    return SavedList(view_name, label, permissions, rows, own_words=lambda query, user: narrow(query, user).in_words())


def _messages(query: QueryDict, user: User) -> BroadcastFilter:
    return BroadcastFilter(query, queryset=Broadcast.objects.all(), labels=Labels.read(), by=user)


def _drafts(query: QueryDict, user: User) -> DraftFilter:
    return DraftFilter(query, queryset=Draft.objects.open().waiting_first(), by=user)


def _conversations(query: QueryDict, user: User) -> ConversationFilter:
    return ConversationFilter(query, queryset=Conversation.objects.all(), by=user)


def _blocked(query: QueryDict, _user: User) -> BlockedFilter:
    return BlockedFilter(query, queryset=BlockedUser.objects.order_by(F("blocked_at").desc(nulls_last=True), "pk"))


SAVED_LISTS = (
    _saved("messaging:broadcast_list", _("Messages"), ("messaging.view_broadcast",), _messages),
    _saved("messaging:draft_list", _("Drafts"), MAY_WRITE, _drafts),
    _saved("messaging:conversation_list", pgettext_lazy("what students write", "Answers"), MAY_ANSWER, _conversations),
    _saved("messaging:blocked_list", _("Blocked"), ("users.view_blockeduser",), _blocked),
)
