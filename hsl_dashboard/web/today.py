"""What the page of today shows: each app registers its lines and figures once, in its AppConfig.ready()."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from hsl_dashboard.web.days import Days

if TYPE_CHECKING:
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
class TodayLines:
    """Lines of one app that are read together; only staff with the permission get them."""

    name: str
    permission: str
    order: int  # smaller stands higher
    read: Callable[["User", datetime], list[TodayLine]]
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
    for lines in sorted(_lines.values(), key=lambda lines: lines.order):
        if lines.slow is slow and user.has_perm(lines.permission):
            yield from (line for line in lines.read(user, at) if line.count)


def today_figures(user: "User") -> Iterator[TodayFigure]:
    for figures in sorted(_figures.values(), key=lambda figures: figures.order):
        if user.has_perm(figures.permission):
            yield from figures.read()
