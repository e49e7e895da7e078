"""What narrows and sorts the list of people; every field is bounded, so that no input reaches the database raw."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hsl_dashboard.db import loose_scan, run_sql
from hsl_dashboard.folding import Folded, fold
from hsl_dashboard.web.days import day_ends
from hsl_dashboard.web.filters import DayFilter, ListFilter, SearchFilter, SinceFilter, SortFilter
from users.models import LatestStatus, LeadTemperature, Note, PersonTag
from users.people.search import with_all_words
from users.person.extensions import lesson_registrations, stream_names

NONE = "none"  # the choice of people without a stream or language
# What ?sort= says, and its column; a minus in front puts the largest first.
SORTS = {
    "name": "name_key",
    "id": "pk",
    "stream": "latest_stream",
    "status": "latest_status",
    "bookings": "bookings",
    "events": "events",
    "lessons": "lessons",
    "lead": "temperature",
    "activity": "last_activity_at",
    "seen": "first_seen_at",
    "blocked": "blocked",
}
LATEST_FIRST = "-activity"
BOOKED = {"bookings__gt": 0, "latest_status__gt": LatestStatus.NO_BOOKING}
NOT_BOOKED = {"bookings": 0, "latest_status": LatestStatus.NO_BOOKING, "latest_stream": ""}
LEADS = (LeadTemperature.HOT, LeadTemperature.WARM, LeadTemperature.COOL, LeadTemperature.COLD)
STATUSES = (
    LatestStatus.NEW,
    LatestStatus.PENDING,
    LatestStatus.CONFIRMED,
    LatestStatus.CANCELLED,
    LatestStatus.UNKNOWN,
    LatestStatus.NO_BOOKING,
)


@dataclass(frozen=True)
class Codes:
    """The codes in use, for the filter's choices (one query, which skips through the indexes)."""

    streams: list[str]
    languages: list[str]
    lessons: list[str]
    tags: list[str]

    @classmethod
    def read(cls) -> "Codes":
        occurring = {
            "streams": ("latest_stream", "person_totals"),
            "languages": ("language_code", "person_totals"),
            "lessons": ("lesson_type", "free_lesson_registrations"),
            "tags": ("name", "users_tag"),
        }
        rows = run_sql(
            " UNION ALL ".join(f"({loose_scan(name, column=c, table=t)})" for name, (c, t) in occurring.items())
        )
        return cls(**{name: [code for kind, code in rows if kind == name and code] for name in occurring})


class PeopleFilter(ListFilter):
    """The list of people as the address narrows it; the search (``q``) and the sorting are applied by the list."""

    q = SearchFilter(label=pgettext_lazy("field label", "Search"), method="leave")
    stream = django_filters.ChoiceFilter(method="filter_code", label=_("Stream"), empty_label=_("All streams"))
    status = django_filters.TypedMultipleChoiceFilter(
        method="filter_status",
        label=_("Status"),
        choices=[(str(status.value), status.label) for status in STATUSES],
        coerce=int,
        distinct=False,  # a person is one row
        widget=forms.CheckboxSelectMultiple,
    )
    lead = django_filters.TypedMultipleChoiceFilter(
        method="filter_lead",
        label=_("Lead"),
        choices=[(str(degree.value), degree.label) for degree in LEADS],
        coerce=int,
        distinct=False,  # a person is one row
        widget=forms.CheckboxSelectMultiple,
    )
    booking = django_filters.ChoiceFilter(
        method="filter_booking",
        label=_("Booking"),
        empty_label=_("Any"),
        choices=[("active", _("Has an active one")), ("yes", _("Has one, even cancelled")), ("no", _("Has none"))],
    )
    blocked = django_filters.ChoiceFilter(
        method="filter_blocked",
        label=_("Blocked the bot"),
        empty_label=_("Anybody"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
    )
    language = django_filters.ChoiceFilter(method="filter_code", label=_("Language"), empty_label=_("All languages"))
    tag = django_filters.ChoiceFilter(method="filter_tag", label=_("Tag"), empty_label=_("Any tag"))
    note = django_filters.CharFilter(method="filter_note", label=_("Text of a note"), max_length=200)
    lesson = django_filters.ChoiceFilter(
        method="filter_lesson", label=_("Registered for lesson"), empty_label=_("Any lesson")
    )
    lesson_on = DayFilter(method="filter_lesson", label=_("Lesson date"))
    since = SinceFilter(field_name="first_seen_at", label=_("First seen from"))
    until = DayFilter(method="filter_until", label=_("First seen to"))
    sort = SortFilter(SORTS, usual=LATEST_FIRST)

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Any]", with_emails: bool) -> None:
        super().__init__(data, queryset=queryset)
        codes, streams = Codes.read(), stream_names()
        names = {code: streams.get(code, code) for code in (*streams, *codes.streams)}
        self.stream_names = names
        fields = self.form.fields
        fields["stream"].choices = [*names.items(), (NONE, _("No stream"))]
        languages = [(code, _language_name(code)) for code in codes.languages]
        fields["language"].choices = [*languages, (NONE, _("Unknown"))]
        fields["tag"].choices = [*((name, name) for name in codes.tags)]
        fields["lesson"].choices = [*((code, code) for code in codes.lessons)]
        fields["q"].widget.attrs["placeholder"] = (
            _("Name, @username, t.me link, ID or part of an e-mail")
            if with_emails
            else _("Name, @username, t.me link or ID")
        )

    @property
    def narrows(self) -> bool:
        """Say whether anything but the search narrows the list."""
        return bool(self.values().keys() - {"q"})

    def leave(self, people: "QuerySet[Any]", _name: str, _value: str) -> "QuerySet[Any]":
        return people

    # A filter also states what it implies (everybody in a stream has a booking), so that a list sorted by the implied
    # column starts at its first match instead of walking past hundreds of thousands of rows.

    def filter_code(self, people: "QuerySet[Any]", name: str, code: str) -> "QuerySet[Any]":
        column = {"stream": "latest_stream", "language": "language_code"}[name]
        people = people.filter(**{column: "" if code == NONE else code})
        # People without a booking have an empty stream too, but "no stream" is about bookings.
        return people.filter(**BOOKED) if name == "stream" else people

    def filter_status(self, people: "QuerySet[Any]", _name: str, statuses: list[int]) -> "QuerySet[Any]":
        if statuses == [LatestStatus.NO_BOOKING]:
            return people.filter(**NOT_BOOKED)
        people = people.filter(latest_status__in=statuses)
        return people if LatestStatus.NO_BOOKING in statuses else people.filter(bookings__gt=0)

    def filter_lead(self, people: "QuerySet[Any]", _name: str, temperatures: list[int]) -> "QuerySet[Any]":
        people = people.filter(temperature__in=temperatures)
        return people if LeadTemperature.COLD in temperatures else people.filter(temperature__gt=LeadTemperature.COLD)

    def filter_booking(self, people: "QuerySet[Any]", _name: str, choice: str) -> "QuerySet[Any]":
        if choice == "no":
            return people.filter(**NOT_BOOKED)
        people = people.filter(**BOOKED)
        return people.filter(has_active_booking=True) if choice == "active" else people

    def filter_blocked(self, people: "QuerySet[Any]", _name: str, choice: str) -> "QuerySet[Any]":
        return people.filter(blocked=choice == "yes")

    def filter_tag(self, people: "QuerySet[Any]", _name: str, tag: str) -> "QuerySet[Any]":
        return people.filter(pk__in=PersonTag.objects.filter(tag__name=tag).values("telegram_user_id"))

    def filter_note(self, people: "QuerySet[Any]", _name: str, text: str) -> "QuerySet[Any]":
        noted = Note.objects.filter(with_all_words(fold(text), Folded("text")))
        return people.filter(pk__in=noted.values("telegram_user_id"))

    def filter_lesson(self, people: "QuerySet[Any]", name: str, _value: Any) -> "QuerySet[Any]":
        """Match kind and date on the same registration. Both fields call this; the first one with a value answers."""
        kind, day = self.form.cleaned_data.get("lesson"), self.form.cleaned_data.get("lesson_on")
        if name == "lesson_on" and kind:
            return people
        people = people.filter(lessons__gt=0)
        if kind:
            people = people.filter(lesson_types__contains=[kind])
        if not day:
            return people
        asked = {"lesson_type": kind, "lesson_date": day}
        registered = lesson_registrations().filter(**{name: value for name, value in asked.items() if value})
        return people.filter(Exists(registered.filter(telegram_user=OuterRef("pk"))))

    def filter_until(self, people: "QuerySet[Any]", _name: str, day: date) -> "QuerySet[Any]":
        # "Never" is stored as -infinity.
        return people.filter(first_seen_at__lt=day_ends(day), first_seen_at__gt=None)


def _language_name(code: str) -> str:
    known = {"ru": _("Russian"), "en": _("English"), "kk": _("Kazakh"), "uk": _("Ukrainian"), "uz": _("Uzbek")}
    return f"{known[code]} ({code})" if code in known else code
