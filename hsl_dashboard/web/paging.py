"""Numbered pages with an open end: a million rows are not counted to show fifty of them."""

from functools import cached_property
from typing import Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator

COUNTED = 10_000  # rows: up to here a list is counted to the last one; beyond, «больше» says enough
LARGEST_PAGE = 10_000_000  # more than any list has; PostgreSQL's OFFSET holds it


class OpenPage(Page):  # type: ignore[type-arg]
    """A page that knows by itself whether another one follows."""

    follows: bool

    def has_next(self) -> bool:
        return self.follows

    def next_page_number(self) -> int:
        return self.number + 1

    def end_index(self) -> int:
        return self.start_index() + len(self.object_list) - 1 if self.object_list else 0


class OpenPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of rows that stand in an order; where there are ``more`` than ``count``, one turns them until none follows.

    ``known_more``: somebody found out already that there are more than COUNTED. ``known``: how many there are, where
    that costs nothing; then every page has its number. ``counted_to`` is for lists whose rows are costly to find.
    """

    object_list: Any  # a QuerySet, or what can be sliced like one when ``known`` says its length

    def __init__(
        self,
        rows: Any,
        size: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
        *,
        known: int | None = None,
        known_more: bool = False,
        counted_to: int | None = None,
    ) -> None:
        super().__init__(rows, size, orphans, allow_empty_first_page)
        self.known, self.known_more = known, known_more
        self.counted_to = COUNTED if counted_to is None else counted_to

    @cached_property
    def counted(self) -> int:
        """Rows, up to one more than ``counted_to``."""
        enough = self.counted_to + 1
        return enough if self.known_more else int(self.object_list.order_by().values("pk")[:enough].count())

    @property
    def more(self) -> bool:
        return self.known is None and self.counted > self.counted_to

    @cached_property
    def count(self) -> int:
        return min(self.counted, self.counted_to) if self.known is None else self.known

    def validate_number(self, number: Any) -> int:
        if not self.more:
            return super().validate_number(number)
        try:
            page = int(number)
        except (TypeError, ValueError):
            raise PageNotAnInteger("not a number") from None
        if not 1 <= page <= LARGEST_PAGE:
            raise EmptyPage("there is no such page")
        return page

    def page(self, number: Any) -> OpenPage:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = list(self.object_list[first : first + self.per_page + 1])
        if not rows and number > 1:
            raise EmptyPage("there is no such page")
        page = OpenPage(rows[: self.per_page], number, self)
        # Rows that move while they are read leave a page that is not full, and are on one of those that follow.
        page.follows = len(rows) > self.per_page or (self.known is not None and number < self.num_pages)
        return page

    def get_page(self, number: Any) -> OpenPage:
        """Give a page for whatever an address says: the first for nonsense, one that exists for one too far."""
        try:
            return self.page(number)
        except PageNotAnInteger:
            return self.page(1)
        except EmptyPage:
            return self.page(self.num_pages)
