"""The list of people: which rows, how many, and which page of them, in a few milliseconds at any size."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict

from users.filters import PeopleFilter
from users.keyset import Slice, slice_of
from users.models import ERASED_FROM, LivePersonTotals, PersonCounts, PersonTotals
from users.search import LISTED_BY_NAME, RARE, narrow_by_search, search_text
from users.totals import fold_some_marked_people

PAGE_SIZE = 50  # rows: what the previous dashboard showed
# People: up to here a list is counted to the last one; beyond, «больше» says enough and costs nothing.
COUNTED = 10_000


@dataclass(frozen=True)
class Count:
    """How many people a list has; ``more``: at least so many, ``about``: as the database estimates."""

    number: int
    more: bool = False
    about: bool = False


@dataclass(frozen=True)
class Upkeep:
    """What the page must know about the totals before it reads them (one query)."""

    people: int  # about
    marked: bool  # some wait to be counted again: read the view
    due: date | None  # since when leads wait to cool, if beat does not run

    @classmethod
    def read(cls) -> "Upkeep":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT GREATEST((SELECT reltuples FROM pg_class WHERE oid = 'person_totals'::regclass), 0)::bigint,"
                " EXISTS (SELECT FROM person_totals_pending),"
                " (SELECT min(cools_on) FROM person_totals WHERE cools_on < school_today())"
            )
            return cls(*cursor.fetchone())


@dataclass(frozen=True)
class PeopleList:
    """The people whom an address asks for."""

    filter: PeopleFilter
    narrowed: "QuerySet[Any]"  # of PersonCounts: by the filter alone
    people: "QuerySet[Any]"  # by the search too; not sorted
    common: bool  # so many are found that they were not listed
    upkeep: Upkeep

    def sorted_people(self) -> "QuerySet[Any]":
        return self.people.order_by(*self.filter.sorting.order()).select_related("telegram_user")

    def page(self, data: QueryDict) -> "tuple[Slice[PersonCounts], Count]":
        """Cut the page that the address asks for, and count the list as far as that is cheap."""
        count, few = self._count()
        page = slice_of(
            self.people.select_related("telegram_user"),
            sorting=self.filter.sorting,
            before=data.get("before", ""),
            after=data.get("after", ""),
            size=PAGE_SIZE,
            indexed=not few,
        )
        if count is None:
            whole = not page.before and not page.after
            count = Count(len(page.rows), more=not whole)
        return page, count

    def _count(self) -> tuple[Count | None, bool]:
        """Give the count (None: not cheap to say), and whether the people are few."""
        if not self.filter.narrows and not self.filter.searched and self.upkeep.people > COUNTED:
            return Count(self.upkeep.people, about=True), False
        if self.common and not self.filter.narrows:
            return Count(RARE, more=True), False
        # Many by the filter and many by the search: to count those that are both is to read them all.
        if self.common and self.narrowed.order_by()[: RARE + 1].count() > RARE:
            return None, False
        number = self.people.order_by()[: COUNTED + 1].count()
        return Count(min(number, COUNTED), more=number > COUNTED), number <= COUNTED


def people_list(data: QueryDict, *, with_emails: bool) -> PeopleList:
    """Read an address: the people it asks for, exact also while the bot writes about some of them."""
    upkeep = Upkeep.read()
    if upkeep.marked:
        # Whoever looks first counts them, as beat would within a minute: no index sorts the view. Then the view is read
        # only while a transaction that wrote about a marked person is still open.
        fold_some_marked_people()
        upkeep = Upkeep.read()
    model: type[PersonCounts] = LivePersonTotals if upkeep.marked else PersonTotals
    everybody = model._default_manager.filter(pk__lt=ERASED_FROM)
    narrowed = PeopleFilter(data, queryset=everybody, with_emails=with_emails)
    people = narrowed.qs if narrowed.is_valid() else everybody.none()
    found, common = people, False
    if narrowed.searched:
        # Those with the searched name stand together in the order of names: a walk from the wrong end passes everybody.
        at_most = LISTED_BY_NAME if narrowed.sorting.column == "name_key" else RARE
        found, common = narrow_by_search(
            people, search_text(narrowed.searched), with_emails=with_emails, at_most=at_most
        )
    return PeopleList(filter=narrowed, narrowed=people, people=found, common=common, upkeep=upkeep)
