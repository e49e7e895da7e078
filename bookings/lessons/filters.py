"""What narrows and sorts the registrations for free lessons; every field is bounded."""

from datetime import date

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import LessonSteps
from hsl_dashboard.db import loose_scan, run_sql
from hsl_dashboard.web.days import day_ends
from hsl_dashboard.web.filters import DayFilter, ListFilter, SearchFilter, SinceFilter, SortFilter
from users.models import PersonTotals
from users.people.search import search_condition, search_text

NONE = "none"  # a lesson without a kind, a registration without a date
# What ?sort= says, and its column; a minus in front puts the newest first.
SORTS = {"registered": "registered_at", "lesson": "lesson_on"}
NEWEST_FIRST = "-registered"
YES_OR_NO = [("yes", _("Yes")), ("no", _("No"))]


class LessonFilter(ListFilter):
    """The registrations as the address narrows them."""

    q = SearchFilter(label=pgettext_lazy("field label", "Search"))
    lesson = django_filters.ChoiceFilter(
        method="filter_lesson", label=pgettext_lazy("field label", "Free lesson"), empty_label=_("Any lesson")
    )
    lesson_since = DayFilter(field_name="lesson_on", lookup_expr="gte", label=_("Lesson from"))
    lesson_until = DayFilter(method="filter_lesson_until", label=_("Lesson to"))
    dated = django_filters.ChoiceFilter(
        method="filter_dated",
        label=_("Lesson date"),
        empty_label=_("Any"),
        choices=[("yes", _("Given")), (NONE, _("Not given"))],
    )
    since = SinceFilter(field_name="registered_at", label=_("Registered from"))
    until = DayFilter(method="filter_until", label=_("Registered to"))
    reminder = django_filters.ChoiceFilter(
        method="filter_reminder", label=_("Reminder sent"), empty_label=_("Any"), choices=YES_OR_NO
    )
    attended = django_filters.ChoiceFilter(
        method="filter_attended", label=_("Came to the lesson"), empty_label=_("Any"), choices=YES_OR_NO
    )
    booked = django_filters.ChoiceFilter(
        method="filter_booked",
        label=_("Booked afterwards"),
        empty_label=_("Any"),
        choices=[*YES_OR_NO, ("confirmed", _("Yes, and confirmed"))],
    )
    sort = SortFilter(SORTS, usual=NEWEST_FIRST)

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[LessonSteps]", with_emails: bool) -> None:
        super().__init__(data, queryset=queryset)
        self.with_emails = with_emails
        self.common = False  # the search finds too many people to list them
        self.form.fields["lesson"].choices = [
            *((code, code) for code in lesson_types()),
            (NONE, pgettext_lazy("of a lesson", "Not named")),
        ]
        self.form.fields["q"].widget.attrs["placeholder"] = (
            _("Name, @username, t.me link, ID or part of an e-mail")
            if with_emails
            else _("Name, @username, t.me link or ID")
        )

    def filter_search(self, rows: "QuerySet[LessonSteps]", _name: str, text: str) -> "QuerySet[LessonSteps]":
        """Find the people as their list does, and keep their registrations."""
        condition, self.common = search_condition(search_text(text), with_emails=self.with_emails)
        return rows.filter(user_id__in=PersonTotals.objects.filter(condition).order_by().values("pk"))

    def filter_lesson(self, rows: "QuerySet[LessonSteps]", _name: str, code: str) -> "QuerySet[LessonSteps]":
        return rows.filter(lesson_type="" if code == NONE else code)

    # A day that nobody named is stored before all others.

    def filter_lesson_until(self, rows: "QuerySet[LessonSteps]", _name: str, day: date) -> "QuerySet[LessonSteps]":
        return rows.filter(lesson_on__lte=day, lesson_on__gt=None)

    def filter_dated(self, rows: "QuerySet[LessonSteps]", _name: str, choice: str) -> "QuerySet[LessonSteps]":
        return rows.filter(lesson_on__gt=None) if choice == "yes" else rows.filter(lesson_on__lte=None)

    def filter_until(self, rows: "QuerySet[LessonSteps]", _name: str, day: date) -> "QuerySet[LessonSteps]":
        return rows.filter(registered_at__lt=day_ends(day), registered_at__gt=None)

    def filter_reminder(self, rows: "QuerySet[LessonSteps]", _name: str, choice: str) -> "QuerySet[LessonSteps]":
        return rows.filter(reminded=choice == "yes")

    def filter_attended(self, rows: "QuerySet[LessonSteps]", _name: str, choice: str) -> "QuerySet[LessonSteps]":
        return rows.filter(attended_at__isnull=choice == "no")

    def filter_booked(self, rows: "QuerySet[LessonSteps]", _name: str, choice: str) -> "QuerySet[LessonSteps]":
        if choice == "confirmed":
            return rows.filter(confirmed=True)
        return rows.filter(booked_at__isnull=choice == "no")


def lesson_types() -> list[str]:
    """List the kinds of lessons that occur (one query, which skips through the index)."""
    return [code for _lesson, code in run_sql(loose_scan("lesson", column="lesson_type", table="lesson_steps")) if code]
