"""The list of people: which rows, how many, and which page of them, in a few milliseconds at any size."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from hsl_dashboard.db import run_sql
from hsl_dashboard.web.keyset import Slice, slice_of
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.models import ERASED_FROM, LivePersonTotals, PersonCounts, PersonTotals
from users.people.filters import PeopleFilter
from users.people.search import LISTED_BY_NAME, RARE, is_one_of, prefers_sort_over_walk, search_condition, search_text
from users.totals import recount_marked_people

PAGE_SIZE = 50  # rows: what the previous dashboard showed
# People: a list up to this size is counted exactly; beyond it the page says "more than".
COUNTED = 10_000
# Marked people that one page counts on the spot, in some 20 ms: as many as the bot writes about at 40 events a second.
# While there are more the list shows the stored totals, and says of when they are.
COUNTED_NOW = 200
MARKS_READ = 20_000  # more than the bot writes between two folds: a page looks no further when beat stands still


@dataclass(frozen=True)
class Count:
    """How many people a list has; ``more``: at least so many, ``about``: as the database estimates."""

    number: int
    more: bool = False
    about: bool = False


@dataclass(frozen=True)
class Upkeep:
    """The state of the totals before a page reads them (one query)."""

    people: int  # about
    waiting: list[int]  # people whose stored totals are out of date: no more than one above COUNTED_NOW
    as_of: datetime | None  # since when the first of them waits
    due: date | None  # the oldest day since which leads wait to cool: beat is not running

    @classmethod
    def read(cls) -> "Upkeep":
        [row] = run_sql(
            "WITH marks AS MATERIALIZED ("
            " SELECT user_id, marked_at FROM counting_marks LIMIT %s)"
            "SELECT GREATEST((SELECT reltuples FROM pg_class WHERE oid = 'person_totals'::regclass), 0)::bigint,"
            " ARRAY(SELECT DISTINCT user_id FROM marks LIMIT %s), (SELECT min(marked_at) FROM marks),"
            " (SELECT min(cools_on) FROM person_totals WHERE cools_on < school_today())",
            [MARKS_READ, COUNTED_NOW + 1],
        )
        return cls(*row)


@dataclass(frozen=True)
class PeopleList:
    """The people whom an address asks for."""

    filter: PeopleFilter
    searched: Q
    common: bool  # the search matches more people than are worth counting
    far: bool  # and all of them are far from the start of the list's order
    upkeep: Upkeep
    waiting: list[int]  # people who are counted on the spot, since their stored totals are out of date

    def narrowed(self, model: type[PersonCounts]) -> "QuerySet[Any]":
        """Narrow the rows of a table by the filter alone."""
        everybody = model._default_manager.filter(pk__lt=ERASED_FROM)
        return self.filter.filter_queryset(everybody) if self.filter.is_valid() else everybody.none()

    @property
    def people(self) -> "QuerySet[Any]":
        """Everyone on the list, unsorted; the view, used while people wait, has no index to sort by.

        Where so many wait that a page does not count them, they stand here as they were.
        """
        return self.narrowed(LivePersonTotals if self.waiting else PersonTotals).filter(self.searched)

    def sorted_people(self) -> "QuerySet[Any]":
        return self.people.order_by(*self.filter.sorting.order()).select_related("telegram_user")

    def page(self, data: QueryDict) -> "tuple[Slice[PersonCounts], Count]":
        """Give the page that the address asks for, and the count of the list as far as it is cheap."""
        # The page comes from the indexed table; the few waiting people are counted on the spot and merged in.
        kept, counted_now = self._kept(), self._counted_now()
        count, listed = self._known_count()
        page = slice_of(
            kept,
            sorting=self.filter.sorting,
            before=data.get("before", ""),
            after=data.get("after", ""),
            size=PAGE_SIZE,
            listed=listed,
            others=counted_now,
            related=["telegram_user"],
        )
        if page.counted is not None:
            number = page.counted + len(counted_now)
            count = Count(min(number, COUNTED), more=number > COUNTED)
        if count is None:
            whole = not page.before and not page.after
            count = Count(len(page.rows), more=not whole)
        return page, count

    @property
    def as_of(self) -> datetime | None:
        """Of when the numbers are, where more people wait than a page counts on the spot."""
        return self.upkeep.as_of if self.upkeep.waiting and not self.waiting else None

    def _kept(self) -> "QuerySet[Any]":
        people = self.narrowed(PersonTotals).filter(self.searched)
        return people.exclude(is_one_of(self.waiting)) if self.waiting else people

    def _counted_now(self) -> list[PersonCounts]:
        if not self.waiting:
            return []
        people = self.narrowed(LivePersonTotals).filter(self.searched).filter(is_one_of(self.waiting))
        return list(people.select_related("telegram_user"))

    def _known_count(self) -> tuple[Count | None, int]:
        """Give the count that is known without counting, and the number of people worth counting (0: none)."""
        if not self.filter.narrows and not self.filter.searched and self.upkeep.people > COUNTED:
            return Count(self.upkeep.people, about=True), 0
        if self.common and not self.filter.narrows:
            return Count(RARE, more=True), 0
        # Both the filter and the search match many: counting the intersection would read all of them.
        if self.common and (self.far or self.narrowed(PersonTotals).order_by()[: RARE + 1].count() > RARE):
            return None, 0
        return None, COUNTED


def people_list(data: QueryDict, *, with_emails: bool, folded: bool = False) -> PeopleList:
    """Read an address: the people it asks for, exact also while the bot writes about some of them.

    ``folded`` is for whoever takes the whole list: marked people are counted first, so that an index gives its order;
    those whose totals another transaction holds are counted on the spot, however many they are.
    """
    upkeep = Upkeep.read()
    if folded:
        waiting = _fold() if upkeep.waiting else []
        waiting = upkeep.waiting if waiting is None else waiting
    else:
        waiting = upkeep.waiting if len(upkeep.waiting) <= COUNTED_NOW else []
    narrowed = PeopleFilter(data, queryset=PersonTotals._default_manager.all(), with_emails=with_emails)
    searched, common, far = Q(), False, False
    if narrowed.searched:
        text, sorting = search_text(narrowed.searched), narrowed.sorting
        searched, common = search_condition(text, with_emails=with_emails, at_most=RARE)
        far = common and sorting.column == "name_key" and prefers_sort_over_walk(text, descending=sorting.descending)
        if far:
            searched, _too_many = search_condition(text, with_emails=with_emails, at_most=LISTED_BY_NAME)
    return PeopleList(filter=narrowed, searched=searched, common=common, far=far, upkeep=upkeep, waiting=waiting)


def _fold() -> list[int] | None:
    """Count marked people, and give those who still wait; None where nothing can be written."""
    return write_beside(SideWrite.PEOPLE_COUNTED, recount_marked_people)
