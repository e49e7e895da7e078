"""The analytics of a period, part by part, and their files."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.charts import CHARTS, COLUMNS, Daily, daily_rows, draw, leads_chart, marks_of, read_daily
from analytics.definitions import DEFINITIONS, GROUPS
from analytics.periods import (
    Period,
    PeriodForm,
    change_of,
    chosen_period,
    spell_days,
    spell_week,
    streams_with_dates,
    sum_of,
    weeks_of,
)
from analytics.queries import (
    Cohort,
    Freshness,
    events_by_type,
    hours_of_week,
    percent_of,
    remembered_counts,
    weekly_cohorts,
)
from analytics.views.funnels import funnel_context
from hsl_dashboard.templatetags.signs import minus
from hsl_dashboard.web.addresses import tidy_query
from hsl_dashboard.web.days import school_day
from hsl_dashboard.web.pages import StaffRequest, render_page
from users.event_types import event_label

SEE = ["bookings.view_booking", "users.view_telegramuser"]
PARTS = ("growth", "daily", "types", "funnels", "cohorts", "leads", "hours")
COHORTS_SHOWN = 16  # weeks: as many as a page is wide
SHADES = 5
HOURS = [f"{hour:02}" for hour in range(24)]


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
    """Give the page with its parts still to come, or with one of them, or that part alone."""
    asked = Asked.read(request)
    is_valid = asked.form.is_valid()
    # Charts of other days than the ones asked for would be read as an answer.
    part = request.GET.get("part", "") if is_valid else ""
    shown = part if part in PARTS else ""
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
    if shown:
        context |= BUILDERS[shown](request, asked)
    return render_page(
        request,
        "analytics/analytics_overview.html",
        context,
        partial=shown or "analytics-parts",
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
    feet = [(_("Total"), _summable(sums))]
    if finished:
        whole = [sum_of(daily.numbers[name], finished) for name in COLUMNS]
        feet.append((_("Average of a finished day"), [_tenths(number, len(finished)) for number in whole]))
        if before:
            earlier = [sum_of(daily.compared[name], before) for name in COLUMNS]
            changes = [change_of(now, was) for now, was in zip(whole, earlier, strict=True)]
            feet.append((_("Compared"), _summable(earlier)))
            feet.append((_("Change, %"), ["—" if change is None else minus(f"{change:+d}") for change in changes]))
    return feet


def _summable(sums: list[int]) -> list[str]:
    """Write sums; whoever was active on two days would stand in that of active people twice, so it has none."""
    return ["—" if name == "active_people" else str(number) for name, number in zip(COLUMNS, sums, strict=True)]


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


def read_cohorts(asked: Asked) -> list[Cohort]:
    """Read the cohorts of the period's last weeks."""
    mondays = weeks_of(asked.period.days)[-COHORTS_SHOWN:]
    return weekly_cohorts(mondays, school_day(timezone.now()), asked.fresh)


def _cohorts(_request: StaffRequest, asked: Asked) -> dict[str, Any]:
    today = school_day(timezone.now())
    rows = []
    for cohort in read_cohorts(asked):
        cells = []
        for number, people in enumerate(cohort.active[:COHORTS_SHOWN]):
            week = cohort.monday + timedelta(days=7 * number)
            percent = percent_of(people, cohort.people) or 0
            query = urlencode({"cohort": cohort.monday.isoformat(), "week": week.isoformat()})
            address = f"{reverse('analytics:people_behind')}?{query}"
            cells.append(CohortShare(percent, people, address, _shade(percent, 100), today < week + timedelta(days=7)))
        rows.append((cohort, spell_week(cohort.monday), cells))
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
    return {"hours": rows, "hour_names": HOURS, "hours_any": largest > 0}


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
def definition_list(request: StaffRequest) -> HttpResponse:
    """Say what each number means."""
    return render_page(
        request,
        "analytics/definition_list.html",
        {"groups": GROUPS, "back": reverse("analytics:analytics_overview")},
        partial="definitions",
    )
