"""The period that an address asks for, and the one it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Stream
from hsl_dashboard.web.days import Days, school_day, week_of
from hsl_dashboard.web.filters import DayField

DEFAULT = "28"
LENGTHS = {"today": 1, "7": 7, "28": 28, "90": 90, "365": 365}
CUSTOM, STREAM = "custom", "stream:"
PREVIOUS, YEAR, NOTHING = "previous", "year", "none"
LONGEST = 1100  # days: three years
DAYS_BY_WEEK_FROM = 120  # days: more bars than that cannot be told apart


class PeriodForm(forms.Form):
    """The period and the comparison as fields; what does not fit together is refused in words."""

    period = forms.ChoiceField(label=_("Period"), required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)
    compare = forms.ChoiceField(
        label=_("Compare with"),
        required=False,
        choices=[
            (PREVIOUS, _("the period before")),
            (YEAR, _("a year ago")),
            ("stream", _("the previous stream, same day")),
            (NOTHING, pgettext_lazy("comparison", "nothing")),
        ],
    )

    def __init__(self, data: QueryDict, *, streams: list[Stream]) -> None:
        said = data.copy()
        if said.get("since", "").strip() or said.get("until", "").strip():
            said["period"] = CUSTOM  # dates that somebody wrote are meant, whatever the choice beside them says
        said.setdefault("period", DEFAULT)
        said.setdefault("compare", PREVIOUS)
        super().__init__(said)
        self.fields["period"].choices = [  # type: ignore[attr-defined]
            ("today", _("Today")),
            ("7", _("7 days")),
            ("28", _("28 days")),
            ("90", _("90 days")),
            ("365", _("12 months")),
            *((f"{STREAM}{stream.pk}", stream.name) for stream in streams),
            (CUSTOM, _("Custom dates")),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if cleaned.get("period") == CUSTOM:
            if not since or not until:
                self.add_error("since", ValidationError(_("Enter the first and the last day.")))
            elif since > until:
                self.add_error("until", ValidationError(_("The period ends before it begins.")))
            elif (until - since).days >= LONGEST:
                self.add_error("until", ValidationError(_("The longest period is three years.")))
        return cleaned


class NothingToCompare(Exception):
    """No stream came before; the text says so to staff."""


@dataclass(frozen=True)
class Period:
    """Days to show, days to compare them with, and whether the last of them is not over."""

    days: Days
    compared: Days | None
    unfinished: bool
    why_not_compared: str = ""  # in words, where a comparison was asked for and there is none

    @property
    def finished(self) -> Days | None:
        """The days that are over: averages and comparisons leave the unfinished one out."""
        if not self.unfinished:
            return self.days
        return Days(self.days.first, self.days.last - timedelta(days=1)) if len(self.days) > 1 else None

    @property
    def compared_finished(self) -> Days | None:
        """As many days of the comparison as are over in the period."""
        if self.compared is None or self.finished is None:
            return None
        return Days(self.compared.first, self.compared.first + timedelta(days=len(self.finished) - 1))

    @property
    def by_week(self) -> bool:
        return len(self.days) > DAYS_BY_WEEK_FROM

    def __str__(self) -> str:
        return spell_days(self.days)


def spell_days(days: Days) -> str:
    """Write a span of days: «3–30 ноября 2026»."""
    if days.first == days.last:
        return date_format(days.first, "j E Y")
    same_year, same_month = days.first.year == days.last.year, days.first.month == days.last.month
    first = date_format(days.first, "j" if same_year and same_month else "j E" if same_year else "j E Y")
    return f"{first} – {date_format(days.last, 'j E Y')}"


def spell_week(monday: date) -> str:
    return spell_days(Days(monday, monday + timedelta(days=6)))


def chosen_period(form: PeriodForm, streams: list[Stream], at: datetime) -> Period:
    """Read the period out of a form; one that was refused gives the usual one."""
    values = form.cleaned_data if form.is_valid() else {}
    today = school_day(at)
    name = values.get("period") or DEFAULT
    stream = next((stream for stream in streams if name == f"{STREAM}{stream.pk}"), None)
    if stream:
        days = life_of_stream(stream, today)
    elif name == CUSTOM:
        days = Days(values["since"], values["until"])
    else:
        days = Days.until(today, count=LENGTHS[name])
    try:
        compared, why_not = compared_days(days, values.get("compare") or PREVIOUS, streams, stream), ""
    except NothingToCompare as nothing:
        compared, why_not = None, str(nothing)
    return Period(days, compared, unfinished=days.last == today, why_not_compared=why_not)


def streams_with_dates() -> list[Stream]:
    """Streams whose life is known, the newest first."""
    rows = Stream.objects.exclude(campaign_starts_on=None, starts_on=None).select_related("course")
    return list(rows.order_by(F("starts_on").desc(nulls_last=True), "-pk"))


def campaign_began(stream: Stream) -> date:
    return stream.campaign_starts_on or (stream.starts_on or date.min) - timedelta(days=60)


def life_of_stream(stream: Stream, today: date) -> Days:
    """From the campaign's beginning to the start of the lessons; without one until today."""
    first = min(campaign_began(stream), today)
    last = min(stream.starts_on or today, today)
    return Days(max(first, last - timedelta(days=LONGEST - 1)), max(first, last))


def compared_days(days: Days, how: str, streams: list[Stream], stream: Stream | None) -> Days | None:
    """Give the days to compare with; weekdays stand below weekdays.

    Raises:
        NothingToCompare: the previous stream was asked for, and there is none.
    """
    if how == NOTHING:
        return None
    if how == YEAR:
        return days.shifted(-364)
    if how == "stream":
        return _same_days_of_the_previous_stream(days, streams, stream)
    return days.shifted(-7 * -(-len(days) // 7))


def _same_days_of_the_previous_stream(days: Days, streams: list[Stream], stream: Stream | None) -> Days:
    stream = stream or next((one for one in streams if one.is_current), None)
    if stream is None:
        raise NothingToCompare(_("no stream with dates is current: choose a stream as the period"))
    began = campaign_began(stream)
    earlier = [one for one in streams if one.course_id == stream.course_id and campaign_began(one) < began]
    if not earlier:
        words = _("“%(stream)s” has no earlier stream with dates in its course")
        raise NothingToCompare(words % {"stream": stream.name})
    return days.shifted((max(map(campaign_began, earlier)) - began).days)


def weeks_of(days: Days) -> list[date]:
    """List the Mondays of the weeks that a span touches."""
    return [week_of(days.first) + timedelta(days=7 * n) for n in range((days.last - week_of(days.first)).days // 7 + 1)]


def change_of(now: int, before: int) -> int | None:
    """Give by how many percent a number has changed; None where there was nothing before."""
    return round(100 * (now - before) / before) if before else None


def sum_of(by_day: Mapping[date, int], days: Days | None) -> int:
    return sum(by_day.get(day, 0) for day in days) if days else 0
