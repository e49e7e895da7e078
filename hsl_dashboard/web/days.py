"""The school's days: where they begin and end, which one it is, and spans of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone


def day_begins(day: date) -> datetime:
    """Give the school's midnight before a day."""
    return timezone.make_aware(datetime.combine(day, time.min))


def day_ends(day: date) -> datetime:
    """Give the school's midnight after a day."""
    return day_begins(day + timedelta(days=1))


def school_day(at: datetime) -> date:
    """Say on which of the school's days a moment lies."""
    return timezone.localtime(at).date()


def week_of(day: date) -> date:
    """Give the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True)
class Days:
    """A span of the school's days, both ends included."""

    first: date
    last: date

    @classmethod
    def until(cls, last: date, *, count: int) -> "Days":
        """Give the ``count`` days that end with ``last``."""
        return cls(last - timedelta(days=count - 1), last)

    @property
    def begins(self) -> datetime:
        return day_begins(self.first)

    @property
    def ends(self) -> datetime:
        """The midnight after the last day: compare with ``<``."""
        return day_ends(self.last)

    @property
    def query(self) -> str:
        """The days as the address of a list asks for them."""
        return f"since={self.first.isoformat()}&until={self.last.isoformat()}"

    def shifted(self, days: int) -> "Days":
        return Days(self.first + timedelta(days=days), self.last + timedelta(days=days))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(len(self)))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last
