"""What narrows and sorts the list of bookings: every field bounded, so that no input reaches the database raw."""

from collections.abc import Iterable, Mapping
from typing import Any

import django_filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Collate
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.labels import Labels
from bookings.lists.search import narrow_by_search, with_code
from bookings.models import Booking
from bookings.models.bookings import UNKNOWN_STATUS, WITHOUT_STREAM
from hsl_dashboard.db import loose_scan, run_sql
from hsl_dashboard.folding import Folded
from hsl_dashboard.web.filters import ListFilter, MomentFilter, SearchFilter, SinceFilter, SortFilter, UntilFilter
from users.models import LatestStatus

NONE = "none"  # a stream, course or status that is not there

STATUS_CHOICES = [
    *((str(value), label) for value, label in Booking.Status.choices),
    (NONE, LatestStatus.UNKNOWN.label),
]
WITH_OR_WITHOUT = [("yes", _("With a discount")), ("no", _("No discount"))]
# What ?sort= says, and the expression it sorts by; the minus is added to the word.
SORTS: dict[str, Any] = {
    # By the numbers of the letters, as the list of people: any locale of the database sorts Russian so.
    "name": Collate(Folded("telegram_user__first_name"), "C"),
    "course": F("course_id"),
    "stream": F("course_stream"),
    "status": F("confirmed"),
    "discount": F("discount_percent"),
    "created": F("created_at"),
}
NEWEST_FIRST = "-created"


def _occurring() -> tuple[list[str], list[str]]:
    """Read the codes of streams and the discounts that bookings have (one query, which skips through the indexes)."""
    streams = loose_scan("stream", column="course_stream", table="bookings")
    given = "(discount_percent < 0 OR discount_percent > 0)"  # as the index says it
    discounts = loose_scan("discount", column="discount_percent", table="bookings", where=given)
    rows = run_sql(
        f"({streams}) UNION ALL (SELECT name, code::text FROM ({discounts}) AS d (name, code))"  # noqa: S608
    )
    codes, percents = ([code for name, code in rows if name == kind and code] for kind in ("stream", "discount"))
    return codes, percents


def occurring_streams() -> list[str]:
    """Read the codes of streams that bookings have (one query, as above)."""
    return [code for _name, code in run_sql(loose_scan("stream", column="course_stream", table="bookings")) if code]


def course_choices(labels: Labels) -> list[tuple[str, Any]]:
    """Offer every course, and bookings without one."""
    named = [(str(course_id), labels.course(course_id)) for course_id in sorted(labels.courses)]
    return [*named, (NONE, _("No course"))]


def stream_choices(labels: Labels, codes: Iterable[str]) -> list[tuple[str, Any]]:
    """Offer every described stream, then the other ``codes`` that bookings have, and bookings without one."""
    unknown = [(code, code) for code in codes if code not in labels.codes]
    return [*labels.codes.items(), *unknown, (NONE, _("No stream"))]


class BookingFilter(ListFilter):
    """The list of bookings, narrowed and sorted by what the address says."""

    q = SearchFilter(
        label=pgettext_lazy("field label", "Search"), placeholder=_("@username, name, ID or referral code")
    )
    status = django_filters.MultipleChoiceFilter(
        method="filter_status", label=_("Status"), choices=STATUS_CHOICES, widget=forms.CheckboxSelectMultiple
    )
    course = django_filters.ChoiceFilter(method="filter_course", label=_("Course"), empty_label=_("All courses"))
    stream = django_filters.ChoiceFilter(method="filter_stream", label=_("Stream"), empty_label=_("All streams"))
    since = SinceFilter(field_name="created_at", label=_("Date from"))
    until = UntilFilter(field_name="created_at", label=_("Date to"))
    discount = django_filters.ChoiceFilter(
        method="filter_discount",
        label=_("Discount"),
        empty_label=_("Any discount"),
        choices=WITH_OR_WITHOUT,
    )
    referral = django_filters.CharFilter(method="filter_referral", label=_("Referral code"), max_length=100)
    confirmed_since = SinceFilter(field_name="confirmation__confirmed_at", label=_("Confirmed from"))
    confirmed_until = UntilFilter(field_name="confirmation__confirmed_at", label=_("Confirmed to"))
    # Moments of the page of today: its count and this list must not part when another booking comes.
    made_after = MomentFilter(field_name="created_at", lookup_expr="gt", label=_("Made after"))
    made_before = MomentFilter(field_name="created_at", lookup_expr="lte", label=_("Made before"))
    sort = SortFilter(SORTS, usual=NEWEST_FIRST)

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Booking]", labels: Labels, with_emails: bool) -> None:
        super().__init__(data, queryset=queryset)
        self.labels = labels
        self.with_emails = with_emails
        if self.with_emails:
            self.form.fields["q"].widget.attrs["placeholder"] = _("@username, name, ID, e-mail or referral code")
        self.common = False  # the search finds so many that they were not listed
        self.form.fields["course"].choices = course_choices(labels)
        codes, discounts = _occurring()
        self.form.fields["stream"].choices = stream_choices(labels, codes)
        percents = [(str(percent), f"{percent}\u00a0%") for percent in sorted(map(int, discounts))]
        self.form.fields["discount"].choices = [*WITH_OR_WITHOUT, *percents]

    @property
    def known_more(self) -> bool:
        """Say whether nothing but a search narrows the list, and the search found too many to count."""
        return self.common and not self.values().keys() - {"q"}

    def filter_queryset(self, queryset: "QuerySet[Booking]") -> "QuerySet[Booking]":
        return in_order(super().filter_queryset(queryset), SORTS, self.sorted_by)

    def filter_search(self, rows: "QuerySet[Booking]", _name: str, text: str) -> "QuerySet[Booking]":
        narrowed, self.common = narrow_by_search(rows, text, with_emails=self.with_emails)
        return narrowed

    def filter_status(self, rows: "QuerySet[Booking]", _name: str, statuses: list[str]) -> "QuerySet[Booking]":
        condition = Q(confirmed__in=[int(status) for status in statuses if status != NONE])
        if NONE in statuses:
            condition |= UNKNOWN_STATUS
        return rows.filter(condition)

    def filter_course(self, rows: "QuerySet[Booking]", _name: str, course: str) -> "QuerySet[Booking]":
        return rows.filter(course__isnull=True) if course == NONE else rows.filter(course_id=int(course))

    def filter_stream(self, rows: "QuerySet[Booking]", _name: str, code: str) -> "QuerySet[Booking]":
        if code == NONE:
            return rows.filter(WITHOUT_STREAM)
        return rows.filter(course_stream=code)

    def filter_discount(self, rows: "QuerySet[Booking]", _name: str, choice: str) -> "QuerySet[Booking]":
        # The page shows a percent as a discount when it is not 0; what is empty is no discount.
        if choice == "yes":
            return rows.exclude(discount_percent=0).exclude(discount_percent__isnull=True)
        if choice == "no":
            return rows.filter(Q(discount_percent=0) | Q(discount_percent__isnull=True))
        return rows.filter(discount_percent=int(choice))

    def filter_referral(self, rows: "QuerySet[Booking]", _name: str, code: str) -> "QuerySet[Booking]":
        return rows.filter(with_code(code))


def in_order(rows: "QuerySet[Booking]", sorts: Mapping[str, Any], sort: str) -> "QuerySet[Booking]":
    """Sort by a word of ``sorts``, with a minus the other way round; what has no value comes last."""
    expression = sorts[sort.removeprefix("-")]
    ordered = expression.desc(nulls_last=True) if sort.startswith("-") else expression.asc(nulls_last=True)
    # The id breaks ties, so that no row stands on two pages; with the newest first, their index serves both.
    return rows.order_by(ordered, "-id")
