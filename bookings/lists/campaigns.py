"""The campaign of a stream, day by day, beside the same days of the stream before it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from bookings.models import Booking, Stream
from bookings.statistics import campaign_start
from hsl_dashboard.web.days import day_begins, day_ends

MOST_DAYS = 120  # a campaign is some weeks; what comes later is told by the counts above


@dataclass(frozen=True)
class CampaignDay:
    """A day of a campaign: bookings made on it and until its end; the same of the stream before, where it had one."""

    number: int  # 1 is the day on which the campaign starts
    day: date
    made: int
    total: int
    made_before: int | None
    total_before: int | None
    is_unfinished: bool

    @property
    def ahead(self) -> int | None:
        return None if self.total_before is None else self.total - self.total_before


@dataclass(frozen=True)
class Campaign:
    """The days of a campaign until now."""

    days: list[CampaignDay]

    @property
    def last(self) -> CampaignDay | None:
        """The last day that is over."""
        return next((day for day in reversed(self.days) if not day.is_unfinished), None)

    @property
    def width(self) -> int:
        return max(1, len(self.days) - 1)

    @property
    def height(self) -> int:
        return max((max(day.total, day.total_before or 0) for day in self.days), default=0) or 1

    @property
    def line(self) -> str:
        """The points of a chart: days to the right, bookings upwards."""
        return " ".join(f"{day.number - 1},{self.height - day.total}" for day in self.days)

    @property
    def line_before(self) -> str:
        known = ((day.number - 1, day.total_before) for day in self.days if day.total_before is not None)
        return " ".join(f"{x},{self.height - total}" for x, total in known)


def previous_stream(stream: Stream) -> Stream | None:
    """Find the described stream that came before this one in its course: by start, then by the number in the code."""
    streams = sorted(Stream.objects.filter(course=stream.course_id), key=_when)
    place = next(number for number, other in enumerate(streams) if other.pk == stream.pk)
    return streams[place - 1] if place else None


def _when(stream: Stream) -> tuple[date, int, str]:
    number = re.match(r"\d{1,9}", stream.code)
    return stream.starts_on or date.max, int(number[0]) if number else 0, stream.code


def campaign_days(stream: Stream, before: Stream | None, *, at: datetime) -> Campaign:
    """Count the bookings of each day since a stream's campaign began, until today (four queries)."""
    today = timezone.localdate(at)
    start = _first_day(stream)
    if start is None or start > today:
        return Campaign([])
    length = min((today - start).days + 1, MOST_DAYS)
    mine = _by_day(stream, start, length)
    start_before = _first_day(before) if before else None
    # Of a campaign that still runs, the days to come are not known.
    known_before = min(length, (today - start_before).days + 1) if start_before else 0
    others = _by_day(before, start_before, known_before) if before and start_before else []
    return Campaign(list(_days(start, mine, others, today=today)))


def _first_day(stream: Stream) -> date | None:
    begun = campaign_start(stream, Booking.objects.for_stream(stream))
    return timezone.localdate(begun) if begun else None


def _by_day(stream: Stream, start: date, length: int) -> list[int]:
    last = start + timedelta(days=length - 1)
    made = (
        Booking.objects.for_stream(stream)
        .filter(created_at__gte=day_begins(start), created_at__lt=day_ends(last))
        .order_by()
        .annotate(on=TruncDate("created_at", tzinfo=timezone.get_current_timezone()))
        .values_list("on")
        .annotate(number=Count("*"))
    )
    numbers = dict(made)
    return [numbers.get(start + timedelta(days=day), 0) for day in range(length)]


def _days(start: date, mine: list[int], others: list[int], *, today: date) -> Iterator[CampaignDay]:
    total = total_before = 0
    for place, made in enumerate(mine):
        other = others[place] if place < len(others) else None
        total += made
        total_before += other or 0
        day = start + timedelta(days=place)
        yield CampaignDay(
            number=place + 1,
            day=day,
            made=made,
            total=total,
            made_before=other,
            total_before=None if other is None else total_before,
            is_unfinished=day == today,
        )
