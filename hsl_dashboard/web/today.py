"""What the page of today shows: each app registers its lines and figures once, in its AppConfig.ready()."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min, Value

from hsl_dashboard.web.days import Days

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from users.models import User


@dataclass(frozen=True)
class TodayLine:
    """Something that waits for staff: how many, since when, and where they stand."""

    name: str  # of its own on the page: "bookings-new"
    label: Any
    count: int
    address: str  # a list that shows exactly ``count`` rows
    oldest: datetime | None = None
    note: Any = ""  # a few words more: why a lead is hot, how many places a stream has left
    urgent: bool = False
    # A POST that takes the line away until something new comes: "viewed".
    done_address: str = ""


@dataclass(frozen=True)
class TodayCount:
    """A line that says how many ``rows`` there are, and since when by their column; the page asks for all at once."""

    line: TodayLine  # without its number
    rows: "QuerySet[Any]"
    since: str


@dataclass(frozen=True)
class TodayLines:
    """Lines of one app that are read together; only staff with the permission get them."""

    name: str
    permission: str
    order: int  # smaller stands higher
    read: Callable[["User", datetime], Sequence[TodayLine | TodayCount]]
    slow: bool = False  # reads much: the page shows what waits without it, and fills it in


@dataclass(frozen=True)
class TodayFigure:
    """A number of the school by day: the page sums it, compares it and draws it.

    ``per_day`` may leave out days with nothing. ``address`` leads to the rows of a span: as many as the sum.
    """

    name: str
    label: Any
    definition: Any
    per_day: Callable[[Days], Mapping[date, int]]
    address: Callable[[Days], str]
    shown: Callable[[int], str] | None = None  # how a sum is written: money has a currency


@dataclass(frozen=True)
class TodayFigures:
    """Figures of one app; a callable, since how many there are may depend on the rows (one per currency)."""

    name: str
    permission: str
    order: int
    read: Callable[[], list[TodayFigure]]


_lines: dict[str, TodayLines] = {}
_figures: dict[str, TodayFigures] = {}


def register_today_lines(lines: TodayLines) -> None:
    _lines[lines.name] = lines


def register_today_figures(figures: TodayFigures) -> None:
    _figures[figures.name] = figures


def today_lines(user: "User", at: datetime, *, slow: bool) -> Iterator[TodayLine]:
    """Give what waits for this member of staff, most pressing first; lines without anything are left out."""
    found = [
        line
        for lines in sorted(_lines.values(), key=lambda lines: lines.order)
        if lines.slow is slow and user.has_perm(lines.permission)
        for line in lines.read(user, at)
    ]
    yield from (line for line in _with_numbers(found) if line.count)


def _with_numbers(found: Sequence[TodayLine | TodayCount]) -> Iterator[TodayLine]:
    """Count what is to be counted, all of it in one query."""
    parts = [
        count.rows.order_by()
        .annotate(part=Value(number))
        .values("part")
        .annotate(number=Count("*"), since=Min(count.since))
        .values_list("part", "number", "since")
        for number, count in enumerate(found)
        if isinstance(count, TodayCount)
    ]
    rows = parts[0].union(*parts[1:], all=True) if parts else ()
    numbers = {part: (number, since) for part, number, since in rows}
    for place, line in enumerate(found):
        if isinstance(line, TodayLine):
            yield line
        elif place in numbers:
            number, since = numbers[place]
            yield replace(line.line, count=number, oldest=since)


def today_figures(user: "User") -> Iterator[TodayFigure]:
    for figures in sorted(_figures.values(), key=lambda figures: figures.order):
        if user.has_perm(figures.permission):
            yield from figures.read()
