"""What narrows and sorts the people of one stream: a search, a chip for the status, a column."""

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.lists.chips import STREAM_LABELS, VIEWED, chosen_chip, narrow_by_chip
from bookings.lists.filters import NEWEST_FIRST, NONE, in_order
from bookings.lists.search import narrow_by_search
from bookings.models import Booking
from bookings.models.bookings import BookingQuerySet
from hsl_dashboard.web.filters import ListFilter, SearchFilter, SortFilter
from users.models import TelegramUser
from users.people.search import matching_person_text, people_matching

SORTS: dict[str, Any] = {
    "name": Lower("telegram_user__first_name"),
    "status": F("confirmed"),
    "created": F("created_at"),
}


class StudentFilter(ListFilter):
    """The bookings of a stream, narrowed and sorted by what the address says."""

    q = SearchFilter(label=pgettext_lazy("field label", "Search"), placeholder=_("@username, name or ID"))
    sort = SortFilter(SORTS, usual=NEWEST_FIRST)

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Booking]", with_emails: bool) -> None:
        self.chip = chosen_chip(STREAM_LABELS, data)
        super().__init__(data, queryset=queryset)
        # As the list of all bookings does, which a change of everybody found here asks.
        self.with_emails = with_emails

    def bookings(self) -> "QuerySet[Booking]":
        """The bookings of the chip, found and in order; none while the form is invalid."""
        return self.qs if self.is_valid() and self.chip != VIEWED else Booking.objects.none().newest_first()

    def viewers(self, people: "QuerySet[TelegramUser]") -> "QuerySet[TelegramUser]":
        """Those of ``people``, who viewed the programme, whom the search finds, by name."""
        found = matching_person_text(people, self.searched, path="") if self.searched else people
        return found.order_by("first_name", "pk")

    def walked_viewers(self, people: "QuerySet[TelegramUser]") -> "QuerySet[TelegramUser]":
        """The same of very many people: in the order of an index, which is that of the list of people."""
        found = people.filter(people_matching(self.searched)) if self.searched else people
        # An inner join can be walked; who came a moment ago has totals, and a place in it, some seconds later.
        return found.filter(persontotals__isnull=False).order_by(
            "persontotals__name_key", "persontotals__telegram_user_id"
        )

    def as_booking_list(self, *, course_id: int | None, code: str) -> QueryDict:
        """The same bookings as a question to the list of all bookings."""
        query = QueryDict(mutable=True)
        asked = {"q": self.searched, "status": self.chip, "sort": self.sorted_by}
        query.update({name: value for name, value in asked.items() if value})
        query.update({"course": NONE if course_id is None else str(course_id), "stream": code})
        return query

    def filter_queryset(self, queryset: "QuerySet[Booking]") -> "QuerySet[Booking]":
        assert isinstance(queryset, BookingQuerySet)
        narrowed = super().filter_queryset(narrow_by_chip(queryset, self.chip) if self.chip != VIEWED else queryset)
        return in_order(narrowed, SORTS, self.sorted_by)

    def filter_search(self, rows: "QuerySet[Booking]", _name: str, text: str) -> "QuerySet[Booking]":
        narrowed, _common = narrow_by_search(rows, text, with_emails=self.with_emails)
        return narrowed
