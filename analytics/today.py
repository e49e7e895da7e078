"""The page of today: what waits, the school's figures, streams, and the latest events in words."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from analytics.definitions import DEFINITIONS
from analytics.periods import change_of, sum_of
from analytics.queries import Freshness, numbers_by_day
from bookings.models import Booking
from hsl_dashboard.web.addresses import page_at
from hsl_dashboard.web.charts import sparkline
from hsl_dashboard.web.days import Days, school_day
from hsl_dashboard.web.today import TodayFigure, TodayFigures, today_figures
from users.event_types import event_label
from users.models import Event, User
from users.person.context import person_address

LESSONS = "/free-lessons/"
SPARK_DAYS = 28
EVENTS_SHOWN, EVENTS_READ, PER_PERSON = 10, 150, 2


@dataclass(frozen=True)
class Metric:
    """A figure as the page shows it: the last seven finished days against the seven before."""

    name: str
    label: Any
    definition: Any
    value: str
    before: str
    change: int | None
    today: str
    address: str
    today_address: str
    points: str


def metrics(user: User, at: datetime, fresh: Freshness) -> list[Metric]:
    """Read every figure that this member of staff may see (two queries for those of ours, one for each other)."""
    today = school_day(at)
    month = Days.until(today, count=SPARK_DAYS + 1)
    week = Days.until(today - timedelta(days=1), count=7)
    now = Days(today, today)
    figures = list(today_figures(user))
    kinds = [figure.per_day.kind for figure in figures if isinstance(figure.per_day, DailyCount)]
    counted = numbers_by_day(month, kinds, fresh) if kinds else {}
    found = []
    for figure in figures:
        mine = figure.per_day
        by_day = counted[mine.kind] if isinstance(mine, DailyCount) else mine(month)
        value, before = sum_of(by_day, week), sum_of(by_day, week.shifted(-7))
        shown: Callable[[int], str] = figure.shown or str
        found.append(
            Metric(
                figure.name,
                figure.label,
                figure.definition,
                shown(value),
                shown(before),
                change_of(value, before),
                shown(by_day.get(today, 0)),
                figure.address(week),
                figure.address(now),
                sparkline([by_day.get(day, 0) for day in month][:-1]),
            )
        )
    return found


@dataclass(frozen=True)
class DayNumber:
    """A figure of one day, and of another day beside it."""

    name: str
    label: Any
    value: str
    before: str


def numbers_of_day(user: User, day: date, *, before: date) -> list[DayNumber]:
    """Read every figure that this member of staff may see for two days, as the page counts them (a query each)."""
    found = []
    for figure in today_figures(user):
        by_day = figure.per_day(Days(before, day))
        shown: Callable[[int], str] = figure.shown or str
        values = (shown(by_day.get(which, 0)) for which in (day, before))
        found.append(DayNumber(figure.name, figure.label, *values))
    return found


def latest_events(at: datetime) -> list[dict[str, Any]]:
    """Tell what people themselves did last, at most two events of each (one query)."""
    rows = Event.objects.own().filter(created_at__lte=at).select_related("telegram_user").newest_first()[:EVENTS_READ]
    told: dict[int, int] = {}
    shown = []
    for event in rows:
        told[event.telegram_user_id] = told.get(event.telegram_user_id, 0) + 1
        if told[event.telegram_user_id] <= PER_PERSON:
            shown.append(
                {
                    "person": event.telegram_user,
                    "address": person_address(event.telegram_user_id),
                    "label": event_label(event.event_type),
                    "at": event.created_at,
                }
            )
    return shown[:EVENTS_SHOWN]


# Figures of this app --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DailyCount:
    """A number by day that numbers_by_day() knows, so that all of them are read together."""

    kind: str

    def __call__(self, days: Days) -> Mapping[date, int]:
        return numbers_by_day(days, [self.kind], Freshness.read())[self.kind]


def _figure(name: str, kind: str, address: Callable[[Days], str]) -> TodayFigure:
    definition = DEFINITIONS[name]
    return TodayFigure(name, definition.label, definition.text, DailyCount(kind), address)


def new_people_address(days: Days) -> str:
    return f"{reverse('analytics:people_behind')}?{days.query}"


def active_bookings_address(days: Days) -> str:
    cancelled = Booking.Status.CANCELLED.value
    statuses = [*(str(status) for status in Booking.Status.values if status != cancelled), "none"]
    return f"{reverse('bookings:booking_list')}?{days.query}&{urlencode({'status': statuses}, doseq=True)}"


def registrations_address(days: Days) -> str:
    # A page of another part of the product, by its address as the navigation knows it.
    return f"{LESSONS}?{days.query}" if page_at(LESSONS) else ""


FIGURES: Iterable[TodayFigures] = (
    TodayFigures("people", "users.view_telegramuser", 10, lambda: [_figure("new_people", "new", new_people_address)]),
    TodayFigures(
        "bookings",
        "bookings.view_booking",
        20,
        lambda: [_figure("active_bookings", "active_booking", active_bookings_address)],
    ),
    TodayFigures(
        "registrations",
        "bookings.view_freelessonregistration",
        70,
        lambda: [_figure("registrations", "registration", registrations_address)],
    ),
)
