"""The analytics as files: charts as data and picture, tables as CSV and XLSX; each says its period."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from analytics.charts import CHARTS, COLUMNS, daily_rows, draw, leads_chart, marks_of
from analytics.definitions import DEFINITIONS
from analytics.periods import spell_days, spell_week
from analytics.queries import events_by_type, hours_of_week, percent_of
from analytics.views.funnels import funnel_context
from analytics.views.overview import HOURS, SEE, Asked, read_cohorts
from hsl_dashboard.web.charts import chart_csv, chart_svg
from hsl_dashboard.web.days import Days, school_day
from hsl_dashboard.web.pages import StaffRequest
from hsl_dashboard.web.spreadsheets import Sheet, file_response
from users.event_types import event_label

Rows = list[Sequence[Any]]  # the headings first


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
        marks = marks_of(days, may_read=request.user.has_perm("messaging.view_broadcast"))
        chart = draw(name, asked.daily, query=asked.query, marks=marks)
    else:
        raise Http404
    written, kind, ending = chart_csv(chart, period=period), "text/csv; charset=utf-8", "csv"
    if request.GET.get("format") == "svg":
        written, kind, ending = chart_svg(chart, period=period), "image/svg+xml", "svg"
    attachment = f'attachment; filename="{name}-{days.first}-{days.last}.{ending}"'
    return HttpResponse(written, content_type=kind, headers={"Content-Disposition": attachment})


@require_safe
@permission_required(SEE, raise_exception=True)
def table_export(request: StaffRequest, name: str) -> HttpResponseBase:
    """Give a table of the page as a file, CSV or XLSX."""
    if name not in TABLES:
        raise Http404
    asked = Asked.read(request)
    if not asked.form.is_valid():
        return asked.refusal()
    title, rows = TABLES[name](request, asked)
    sheet = Sheet(title=title, headings=[str(heading) for heading in rows[0]], rows=rows[1:])
    days = asked.period.days
    file_format = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    return file_response(sheet, name=f"{name}-{days.first}-{days.last}", file_format=file_format)


def _days(_request: StaffRequest, asked: Asked) -> tuple[str, Rows]:
    headings = [pgettext("heading", "Day"), _("Weekday"), *(DEFINITIONS[name].label for name in COLUMNS)]
    rows = daily_rows(asked.daily, sort="day")
    return _("Day by day"), [headings, *([row.day, row.weekday, *row.values] for row in rows)]


def _types(_request: StaffRequest, asked: Asked) -> tuple[str, Rows]:
    shares = events_by_type(asked.period.days, asked.fresh)
    return str(DEFINITIONS["events"].label), [
        [_("Event"), _("How many"), _("Share, %")],
        *([event_label(share.event_type), share.number, share.percent] for share in shares),
    ]


def _funnels(request: StaffRequest, asked: Asked) -> tuple[str, Rows]:
    headings = [
        _("Funnel"),
        _("Step"),
        _("People"),
        _("Of the first step, %"),
        _("Of the step before, %"),
        _("Median time, minutes"),
        _("75 % within, minutes"),
    ]
    rows = [
        [
            str(funnel.title),
            str(shown.label),
            shown.step.people,
            shown.step.of_first,
            shown.step.of_previous,
            _minutes(shown.step.median),
            _minutes(shown.step.slow),
        ]
        for funnel in funnel_context(request.GET, asked.period, asked.query)["funnels"]
        for shown in funnel.steps
    ]
    return _("Funnels"), [headings, *rows]


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // 60


def _cohorts(_request: StaffRequest, asked: Asked) -> tuple[str, Rows]:
    cohorts = read_cohorts(asked)
    weeks = range(max((len(cohort.active) for cohort in cohorts), default=0))
    rows = [
        [
            spell_week(cohort.monday),
            cohort.people,
            *(percent_of(people, cohort.people) or 0 for people in cohort.active),
            *([None] * (len(weeks) - len(cohort.active))),
        ]
        for cohort in cohorts
    ]
    return str(DEFINITIONS["cohorts"].label), [[_("Came in the week"), _("People"), *weeks], *rows]


def _hours(_request: StaffRequest, asked: Asked) -> tuple[str, Rows]:
    grid = hours_of_week(asked.period.days, asked.fresh)
    weekdays = {day.weekday(): date_format(day, "D") for day in Days.until(school_day(timezone.now()), count=7)}
    rows = [[weekdays[number], *hours, sum(hours)] for number, hours in enumerate(grid)]
    return str(DEFINITIONS["hours"].label), [[_("Weekday"), *HOURS, _("Total")], *rows]


TABLES: dict[str, Callable[[StaffRequest, Asked], tuple[str, Rows]]] = {
    "days": _days,
    "types": _types,
    "funnels": _funnels,
    "cohorts": _cohorts,
    "hours": _hours,
}
