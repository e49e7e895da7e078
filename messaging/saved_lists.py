"""The lists of this app that staff can save."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from bookings.labels import Labels
from hsl_dashboard.web.saved_lists import SavedList
from messaging.broadcasts.filters import BroadcastFilter
from messaging.inbound.filters import BlockedFilter
from messaging.models import Broadcast
from users.models import BlockedUser, User


def _messages(query: QueryDict, user: User) -> "QuerySet[Any] | None":
    narrowed = BroadcastFilter(query, queryset=Broadcast.objects.all(), labels=Labels.read(), by=user)
    return narrowed.qs if narrowed.is_valid() else None


def _blocked(query: QueryDict, _user: User) -> "QuerySet[Any] | None":
    blocks = BlockedUser.objects.order_by(F("blocked_at").desc(nulls_last=True), "pk")
    narrowed = BlockedFilter(query, queryset=blocks)
    return narrowed.qs if narrowed.is_valid() else None


SAVED_LISTS = (
    SavedList("messaging:broadcast_list", _("Messages"), ("messaging.view_broadcast",), _messages),
    SavedList("messaging:blocked_list", _("Blocked"), ("users.view_blockeduser",), _blocked),
)
