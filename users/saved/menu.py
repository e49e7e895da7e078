"""Saved views in the navigation: which there are (one query), and how many rows each has (after the page)."""

import time
from dataclasses import dataclass

from hsl_dashboard.web.navigation import MenuView
from hsl_dashboard.web.paging import COUNTED
from hsl_dashboard.web.saved_lists import count_at, list_at
from users.models import SavedView, User

SHOWN = 30  # views; the rest stands on their page
COUNTING = 2.0  # seconds: what is not counted then is counted when the next page asks


def menu_views(user: User) -> list[MenuView]:
    """Give the views that somebody may open: their own, and what others share."""
    rows = SavedView.objects.seen_by(user).by_name().only("name", "path", "query", "is_default", "owner")[:SHOWN]
    return [
        MenuView(view.pk, view.name, view.address, view.path if view.is_default and view.owner_id == user.pk else "")
        for view in rows
        if is_open_to(view, user)
    ]


def is_open_to(view: SavedView, user: User) -> bool:
    found = list_at(view.address)
    return found is not None and found[0].may_be_seen(user)


@dataclass(frozen=True)
class CountedView:
    """A view with the number of its rows; None where it could not be counted."""

    view: MenuView
    count: int | None

    @property
    def more(self) -> bool:
        return self.count is not None and self.count > COUNTED

    @property
    def shown(self) -> int | None:
        return self.count if self.count is None else min(self.count, COUNTED)


def counted_views(views: list[MenuView], user: User) -> list[CountedView]:
    until = time.monotonic() + COUNTING
    return [CountedView(view, count_at(view.address, user) if time.monotonic() < until else None) for view in views]
