"""The analytics of a period, part by part, and their files."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from analytics.charts import CHARTS, COLUMNS, Daily, daily_rows, draw, leads_chart, marks_of, read_daily
from analytics.definitions import DEFINITIONS, GROUPS
from analytics.periods import Period, PeriodForm, chosen_period, spell_days, streams_with_dates, weeks_of
from analytics.queries import (
    Freshness,
    change_of,
    events_by_type,
    hours_of_week,
    percent_of,
    remembered_counts,
    sum_of,
    weekly_cohorts,
)
from analytics.views.funnels import funnel_context
from hsl_dashboard.templatetags.signs import minus
from hsl_dashboard.web.addresses import tidy_query
from hsl_dashboard.web.charts import chart_csv, chart_svg
from hsl_dashboard.web.days import Days, school_day
from hsl_dashboard.web.pages import StaffRequest, render_page
from hsl_dashboard.web.spreadsheets import Sheet, file_response
from users.event_types import event_label

SEE = ["bookings.view_booking", "users.view_telegramuser"]
PARTS = ("growth", "daily", "types", "funnels", "cohorts", "leads", "hours")
ALL = "all"
COHORTS_SHOWN = 16  # weeks: as many as a page is wide
SHADES = 5


@dataclass(frozen=True)
class Asked:
    """What the address asks for: the form, the period read from it, and how fresh the counts are."""

    form: PeriodForm
    period: Period
    fresh: Freshness
    query: str  # of the period, for the links of its parts

    @cached_property
    def daily(self) -> Daily:
        """The numbers by day, which the charts and the table share."""
        return read_daily(self.period, self.fresh)

    def refusal(self) -> HttpResponse:
        """Lead to the page that says what is wrong with the period."""
        return redirect(f"{reverse('analytics:analytics_overview')}?{self.query}")

    @classmethod
    def read(cls, request: StaffRequest) -> "Asked":
        streams = streams_with_dates()
        form = PeriodForm(request.GET, streams=streams)
        period = chosen_period(form, streams, timezone.now())
        kept = request.GET.copy()
        for name in ("part", "format", "sort"):
            kept.pop(name, None)
        return cls(form, period, Freshness.read(), tidy_query(kept).urlencode())


@require_safe
@permission_required(SEE, raise_exception=True)
def analytics_overview(request: StaffRequest) -> HttpResponse:
    asked = Asked.read(request)
    is_valid = asked.form.is_valid()
    # Charts of other days than the ones asked for would be read as an answer.
    part = request.GET.get("part", "") if is_valid else ""
    shown = PARTS if part == ALL else (part,) if part in PARTS else ()
    context: dict[str, Any] = {
        "form": asked.form,
        "is_valid": is_valid,
        "period": asked.period,
        "compared": spell_days(asked.period.compared) if asked.period.compared else "",
        "fresh": asked.fresh,
        "remembered": remembered_counts(school_day(timezone.now())),
        "query": asked.query,
        "part_query": f"{asked.query}&" if asked.query else "",
        "shown": shown,
        "definitions": DEFINITIONS,
        "updated_at": timezone.now(),
    }
    for name in shown:
        context |= BUILDERS[name](request, asked)
    return render_page(
        request,
        "analytics/analytics_overview.html",
        context,
        partial=part if part in PARTS else "analytics-parts",
        status=200 if is_valid else 422,
    )


def _growth(request: StaffRequest, asked: Asked) -> dict[str, Any]:
    daily = asked.daily
    marks = marks_of(asked.period.days, may_read=request.user.has_perm("messaging.view_broadcast"))
    return {"charts": [draw(name, daily, query=asked.query, marks=marks) for name in CHARTS]}


def _daily(request: StaffRequest, asked: Asked) -> dict[str, Any]:
    daily = asked.daily
    sort = request.GET.get("sort", "-day")
    heads = [(name, DEFINITIONS[name]) for name in COLUMNS]
    return {
        "heads": heads,
        "sort": sort,
        "days": daily_rows(daily, sort=sort),
        "feet": _feet(daily),
        "sort_query": f"{asked.query}&part=daily",
    }


def _feet(daily: Daily) -> list[tuple[str, list[str]]]:
    finished, before = daily.period.finished, daily.period.compared_finished
    sums = [sum_of(daily.numbers[name], daily.period.days) for name in COLUMNS]
    feet = [(_("Total"), [str(number) for number in sums])]
    if finished:
        whole = [sum_of(daily.numbers[name], finished) for name in COLUMNS]
        feet.append((_("Average of a finished day"), [_tenths(number, len(finished)) for number in whole]))
        if before:
            earlier = [sum_of(daily.compared[name], before) for name in COLUMNS]
            changes = [change_of(now, was) for now, was in zip(whole, earlier, strict=True)]
            feet.append((_("Compared"), [str(number) for number in earlier]))
            feet.append((_("Change, %"), ["—" if change is None else minus(f"{change:+d}") for change in changes]))
    return feet


def _tenths(number: int, days: int) -> str:
    """Write an average with one digit, halves up."""
    return number_format(Decimal((20 * number + days) // (2 * days)) / 10)


def _types(_request: StaffRequest, asked: Asked) -> dict[str, Any]:
    shares = events_by_type(asked.period.days, asked.fresh)
    return {
        "types": [(share, event_label(share.event_type)) for share in shares],
        "types_total": sum(share.number for share in shares),
    }


def _funnels(request: StaffRequest, asked: Asked) -> dict[str, Any]:
    return funnel_context(request.GET, asked.period, asked.query)


@dataclass(frozen=True)
class CohortShare:
    percent: int
    people: int
    address: str
    shade: int
    unfinished: bool


def _cohorts(_request: StaffRequest, asked: Asked) -> dict[str, Any]:
    today = school_day(timezone.now())
    mondays = weeks_of(asked.period.days)[-COHORTS_SHOWN:]
    rows = []
    for cohort in weekly_cohorts(mondays, today, asked.fresh):
        cells = []
        for number, people in enumerate(cohort.active[:COHORTS_SHOWN]):
            week = cohort.monday + timedelta(days=7 * number)
            percent = percent_of(people, cohort.people) or 0
            query = urlencode({"cohort": cohort.monday.isoformat(), "week": week.isoformat()})
            address = f"{reverse('analytics:people_behind')}?{query}"
            cells.append(CohortShare(percent, people, address, _shade(percent, 100), today < week + timedelta(days=7)))
        span = Days(cohort.monday, cohort.monday + timedelta(days=6))
        rows.append((cohort, spell_days(span), cells))
    return {"cohorts": rows, "cohort_weeks": range(max((len(cells) for *_rest, cells in rows), default=0))}


def _hours(_request: StaffRequest, asked: Asked) -> dict[str, Any]:
    grid = hours_of_week(asked.period.days, asked.fresh)
    largest = max(max(row) for row in grid)
    monday = weeks_of(asked.period.days)[0]
    rows = [
        (
            date_format(monday + timedelta(days=weekday), "D"),
            [(number, _shade(number, largest)) for number in hours],
            sum(hours),
        )
        for weekday, hours in enumerate(grid)
    ]
    return {"hours": rows, "hour_names": [f"{hour:02}" for hour in range(24)], "hours_any": largest > 0}


def _shade(number: int, largest: int) -> int:
    return -(-number * SHADES // largest) if number and largest else 0


def _leads(_request: StaffRequest, asked: Asked) -> dict[str, Any]:
    return {"leads": leads_chart(query=asked.query)}


BUILDERS = {
    "growth": _growth,
    "daily": _daily,
    "types": _types,
    "funnels": _funnels,
    "cohorts": _cohorts,
    "leads": _leads,
    "hours": _hours,
}


@require_safe
@permission_required(SEE, raise_exception=True)
def chart_file(request: StaffRequest, name: str) -> HttpResponse:
    """Give a chart as a file: its data as CSV, itself as SVG with the period printed in it."""
    asked = Asked.read(request)
    if not asked.form.is_valid():
        return asked.refusal()
    days, period = asked.period.days, str(asked.period)
    if name == "temperatures":
        today = school_day(timezone.now())
        days, chart = Days(today, today), leads_chart(query=asked.query)
        period = spell_days(days)
    elif name in CHARTS:
        chart = draw(name, asked.daily, query=asked.query)
    else:
        raise Http404
    written, kind, ending = chart_csv(chart, period=period), "text/csv; charset=utf-8", "csv"
    if request.GET.get("format") == "svg":
        written, kind, ending = chart_svg(chart, period=period), "image/svg+xml", "svg"
    attachment = f'attachment; filename="{name}-{days.first}-{days.last}.{ending}"'
    return HttpResponse(written, content_type=kind, headers={"Content-Disposition": attachment})


@require_safe
@permission_required(SEE, raise_exception=True)
def daily_export(request: StaffRequest) -> Any:
    """Give the daily table as a file, CSV or XLSX."""
    asked = Asked.read(request)
    if not asked.form.is_valid():
        return asked.refusal()
    rows = daily_rows(asked.daily, sort="day")
    sheet = Sheet(
        title=_("Day by day"),
        headings=[pgettext("heading", "Day"), _("Weekday"), *(str(DEFINITIONS[name].label) for name in COLUMNS)],
        rows=[[row.day, date_format(row.day, "D"), *row.values] for row in rows if row.day],
        done=lambda _number: None,
    )
    days = asked.period.days
    file_format = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    return file_response(sheet, name=f"days-{days.first}-{days.last}", file_format=file_format)


@require_safe
@permission_required(SEE, raise_exception=True)
def definition_list(request: StaffRequest) -> HttpResponse:
    """Say what each number means."""
    return render_page(
        request,
        "analytics/definition_list.html",
        {"groups": GROUPS, "back": reverse("analytics:analytics_overview")},
        partial="definitions",
    )
