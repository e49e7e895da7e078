"""Lists that an address narrows: they are saved, read as feeds, written to. Each app registers its own in ready()."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import QueryDict

from hsl_dashboard.web.addresses import page_at
from hsl_dashboard.web.paging import COUNTED
from hsl_dashboard.web.spreadsheets import Sheet

if TYPE_CHECKING:
    from users.models import User

COUNT_KEPT = 60  # seconds


class Reader(Protocol):
    """Who reads a list: a member of staff, or a criterion that remembers what its author may see."""

    def has_perm(self, perm: str) -> bool: ...


@dataclass(frozen=True)
class SavedList:
    """A list that an address narrows: who may see it, its rows, and where it may leave as a file its sheet.

    ``rows`` and ``sheet`` read the query of an address; what the path names comes after. ``rows`` is None where the
    query is not understood. ``sheet`` is told whether e-mails may stand in it. ``whole`` gives the rows to whoever
    takes all of them, where that differs. ``words`` says what a query asks for, ``own_words`` where that depends on who
    reads.
    """

    name: str  # of its view, with the namespace
    label: Any
    permissions: tuple[str, ...]
    rows: Callable[..., "QuerySet[Any] | list[Any] | None"]
    sheet: Callable[..., Sheet] | None = None
    whole: "Callable[..., QuerySet[Any] | None] | None" = None
    words: Callable[[QueryDict], Sequence[str]] | None = None
    own_words: "Callable[[QueryDict, User], Sequence[str]] | None" = None

    def in_words(self, query: QueryDict, user: "User") -> Sequence[str]:
        """Say what a query asks for, as the page of the list does."""
        if self.own_words:
            return self.own_words(query, user)
        return self.words(query) if self.words else ()

    def may_be_seen(self, user: "User") -> bool:
        return bool(user.has_perms(self.permissions))


_lists: dict[str, SavedList] = {}


def register_saved_list(saved: SavedList) -> None:
    _lists[saved.name] = saved


def saved_list(name: str) -> SavedList:
    return _lists[name]


def can_be_saved(name: str) -> bool:
    """Say whether the list that a view shows can be saved."""
    return name in _lists


def list_at(address: str) -> tuple[SavedList, QueryDict, dict[str, Any]] | None:
    """Find the list at an address, what its query asks, and what its path names; None where no list is."""
    match = page_at(address)
    found = _lists.get(match.view_name) if match else None
    if match is None or found is None:
        return None
    return found, QueryDict(urlsplit(address).query), match.kwargs


def count_at(address: str, user: "User") -> int | None:
    """Count the rows at an address up to one more than COUNTED, at most once a minute; None where that says nothing."""
    found = list_at(address)
    if found is None or not found[0].may_be_seen(user):
        return None
    key = f"saved-list:{user.pk}:{hash_of(address)}"
    known: int | None = cache.get(key)
    if known is None:
        saved, query, path = found
        rows = saved.rows(query, user, **path)
        if rows is None:
            return None
        known = rows.order_by().values("pk")[: COUNTED + 1].count() if isinstance(rows, QuerySet) else len(rows)
        cache.set(key, known, COUNT_KEPT)
    return known


def hash_of(address: str) -> str:
    """A name for the cache, which takes no spaces and no long ones."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]
