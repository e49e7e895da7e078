"""The charts of the analytics page: each has a name and draws a period beside the one it is compared with."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.definitions import DEFINITIONS
from analytics.periods import Period, weeks_of
from analytics.queries import Freshness, numbers_by_day, people_before
from bookings.models import Stream
from bookings.money.kept import confirmed_by_day
from hsl_dashboard.web.charts import CELL, Chart, Fill, Mark, Series
from hsl_dashboard.web.days import Days, school_day
from messaging.models import Broadcast
from messaging.models.recipient_types import NO_MESSAGES, RecipientType
from users.models import LeadTemperature
from users.people.statistics import leads_by_temperature

MARKS_SHOWN = 12
WEEK = 7  # days
LEAST_GROUPED = 1_000
LEAST_AUDIENCE = 20  # people: a message to fewer moves no curve
# What the daily table shows, and the kind of its counts; "confirmed" is counted by its own index.
COLUMNS: dict[str, str] = {
    "new_people": "new",
    "active_people": "active",
    "bookings": "booking",
    "active_bookings": "active_booking",
    "confirmed": "",
    "registrations": "registration",
    "events": "event",
    "delivered": "delivered",
}

Numbers = Mapping[str, Mapping[date, int]]


@dataclass(frozen=True)
class Daily:
    """The numbers of a period and of the one it is compared with, by column and day."""

    period: Period
    numbers: Numbers
    compared: Numbers

    @cached_property
    def axis(self) -> tuple[list[str], list[list[date]]]:
        """A label and the days for each place on the axis of the charts; a long period has weeks."""
        days = self.period.days
        if not self.period.by_week:
            return [date_format(day, pgettext("format of a date", "j M")) for day in days], [[day] for day in days]
        groups = [[day for day in _week(monday) if day in days] for monday in weeks_of(days)]
        return [date_format(group[0], pgettext("format of a date", "j M y")) for group in groups], groups


# Automatic messages, and messages to staff or to one student.
NO_BROADCASTS = (*NO_MESSAGES, RecipientType.AUTOMATION, RecipientType.TEST)


def read_daily(period: Period, fresh: Freshness) -> Daily:
    """Read all columns of the daily table for the period, and for the comparison if there is one."""
    days, before = period.days, period.compared
    if before is None:
        return Daily(period, _numbers(days, fresh), {})
    # Whole weeks lie between the two, so a day or some may stand in between: each number is asked for by its day.
    follows = 0 < (days.first - before.last).days <= WEEK and len(before) == len(days)
    if follows and not fresh.live(before):
        both = _numbers(Days(before.first, days.last), fresh)
        return Daily(period, both, both)
    return Daily(period, _numbers(days, fresh), _numbers(before, fresh))


def _numbers(days: Days, fresh: Freshness) -> Numbers:
    found = numbers_by_day(days, [kind for kind in COLUMNS.values() if kind], fresh)
    return {name: found[kind] if kind else confirmed_by_day(days) for name, kind in COLUMNS.items()}


# Charts ---------------------------------------------------------------------------------------------------------------


def growth_chart(daily: Daily) -> Chart:
    """All people at the end of each day."""
    days = daily.period.days
    new = daily.numbers["new_people"]
    totals = list(accumulate((new.get(day, 0) for day in days), initial=people_before(days.first)))[1:]
    by_day = dict(zip(days, totals, strict=True))
    labels, groups = daily.axis
    return Chart(
        name="growth",
        title=DEFINITIONS["people"].label,
        heading=_heading(daily.period),
        labels=labels,
        days=[group[0] for group in groups],
        series=[Series(_("People in total"), [by_day[max(group)] for group in groups])],
        kind="lines",
        definition=DEFINITIONS["people"].text,
        unfinished=daily.period.unfinished,
    )


def bars_chart(daily: Daily, name: str, columns: Sequence[tuple[str, Fill]]) -> Chart:
    """Columns of the daily table side by side; one alone stands before its comparison."""
    labels, groups = daily.axis
    series = [
        Series(DEFINITIONS[column].label, _summed(groups, daily.numbers[column]), fill) for column, fill in columns
    ]
    if len(columns) == 1 and daily.period.compared:
        shift = daily.period.compared.first - daily.period.days.first
        earlier = [[day + shift for day in group] for group in groups]
        series.append(Series(_("Compared"), _summed(earlier, daily.compared[columns[0][0]]), "unknown"))
    definition = DEFINITIONS[columns[0][0]]
    return Chart(
        name=name,
        title=definition.label,
        heading=_heading(daily.period),
        labels=labels,
        days=[group[0] for group in groups],
        series=series,
        kind="lines" if len(series) > 1 else "bars",
        definition=definition.text,
        unfinished=daily.period.unfinished,
    )


LEADS_SHOWN = (LeadTemperature.HOT, LeadTemperature.WARM, LeadTemperature.COOL)


def leads_chart(*, query: str) -> Chart:
    """People by how warm they are now, whatever the period; each bar leads to them."""
    counts = leads_by_temperature()
    definition = DEFINITIONS["leads"]
    return Chart(
        name="temperatures",
        title=definition.label,
        heading=_("Lead"),
        labels=[str(temperature.label) for temperature in LEADS_SHOWN],
        series=[Series(DEFINITIONS["leads"].label, [counts.get(degree.value, 0) for degree in LEADS_SHOWN])],
        kind="bars",
        definition=definition.text,
        files=_files("temperatures", query),
        marks=[
            Mark(
                place,
                grouped(counts[degree.value]),
                f"{reverse('users:person_list')}?lead={degree.value}",
                is_drawn=False,
            )
            for place, degree in enumerate(LEADS_SHOWN)
            if counts.get(degree.value)
        ],
    )


CHARTS: dict[str, Callable[[Daily], Chart]] = {
    "growth": growth_chart,
    "new_people": lambda daily: bars_chart(daily, "new_people", [("new_people", "accent")]),
    "active_people": lambda daily: bars_chart(daily, "active_people", [("active_people", "new")]),
    "bookings": lambda daily: bars_chart(daily, "bookings", [("bookings", "new"), ("confirmed", "confirmed")]),
    "registrations": lambda daily: bars_chart(daily, "registrations", [("registrations", "pending")]),
}


def draw(name: str, daily: Daily, *, query: str, marks: Sequence[tuple[date, str, str]] = ()) -> Chart:
    """Draw a chart with what happened in the period, and the addresses of its files."""
    chart = CHARTS[name](daily)
    _labels, groups = daily.axis
    at = {day: number for number, group in enumerate(groups) for day in group}
    shown = [Mark(at[day], label, address) for day, label, address in marks if day in at]
    return replace(chart, files=_files(name, query), marks=shown)


def _files(name: str, query: str) -> str:
    return f"{reverse('analytics:chart_file', args=[name])}?{query}&format="


def marks_of(days: Days, *, may_read: bool) -> list[tuple[date, str, str]]:
    """List what happened in a span: starts of streams and broadcasts, the largest of them (two queries)."""
    streams = Stream.objects.filter(starts_on__gte=days.first, starts_on__lte=days.last).order_by("starts_on")
    marks = [
        (stream.starts_on, _("%(stream)s starts") % {"stream": stream.name}, "")
        for stream in streams
        if stream.starts_on
    ]
    if may_read:
        sent = Broadcast.objects.filter(
            Q(started_at__gte=days.begins, started_at__lt=days.ends), total_recipients__gte=LEAST_AUDIENCE
        ).exclude(recipient_type__in=NO_BROADCASTS)
        for number, started_at, people in sent.order_by("-total_recipients").values_list(
            "pk", "started_at", "total_recipients"
        )[:MARKS_SHOWN]:
            assert started_at is not None  # asked for above
            label = _("Message № %(number)s to %(people)s people") % {"number": number, "people": people}
            marks.append((school_day(started_at), label, reverse("messaging:broadcast_detail", args=[number])))
    return sorted(marks)


def _week(monday: date) -> Iterable[date]:
    return (monday + timedelta(days=number) for number in range(7))


def _summed(groups: Sequence[Sequence[date]], by_day: Mapping[date, int]) -> list[int | None]:
    return [sum(by_day.get(day, 0) for day in group) for group in groups]


def _heading(period: Period) -> Any:
    return _("Week from") if period.by_week else pgettext("heading", "Day")


# The daily table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DailyRow:
    """A day of the table."""

    day: date
    weekday: str
    values: list[int]
    unfinished: bool = False

    @property
    def written(self) -> str:
        return f"{self.day:%d.%m.%Y}"

    @property
    def cells(self) -> SafeString:
        """The numbers as the page draws them: a year has thousands, for which a template takes long."""
        return SafeString("".join(map(CELL.format, map(grouped, self.values))))


def grouped(number: int) -> str:
    """Write a number with its thousands apart."""
    return str(number) if abs(number) < LEAST_GROUPED else number_format(number, force_grouping=True)


def daily_rows(daily: Daily, *, sort: str) -> list[DailyRow]:
    """List the days, the latest first or by a column; a minus puts the largest first."""
    days = daily.period.days
    weekdays = {day.weekday(): date_format(day, "D") for day in list(days)[:WEEK]}
    rows = [
        DailyRow(
            day,
            weekdays[day.weekday()],
            [daily.numbers[name].get(day, 0) for name in COLUMNS],
            unfinished=daily.period.unfinished and day == days.last,
        )
        for day in days
    ]
    column = sort.removeprefix("-")
    if column in COLUMNS:
        place = list(COLUMNS).index(column)
        return sorted(rows, key=lambda row: row.values[place], reverse=sort.startswith("-"))
    if column == "weekday":
        return sorted(rows, key=lambda row: row.day.weekday(), reverse=sort.startswith("-"))
    return rows if sort == "day" else rows[::-1]
