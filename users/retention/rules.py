"""A rule for each kind of data that is not kept for ever, and the pace of its batches while the bot writes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils.functional import Promise

from hsl_dashboard.availability.limits import TimeLimits, within

T = TypeVar("T")

# The bot waits for no batch longer than one statement may take; what is cut off is tried again with fewer rows.
LIMITS = TimeLimits(statement=0.8, lock=0.4, idle=2)
LARGEST, SMALLEST = 1_000, 10  # rows of a batch
QUICK = 0.2  # seconds
LONGEST_PAUSE = 0.5  # seconds


class Batches:
    """Runs batches: each a short transaction of its own, and behind each a pause as long as it took."""

    def __init__(self, *, stop_after: timedelta | None = None) -> None:
        self.size = max(SMALLEST, LARGEST // 2)
        self.note: Callable[[int], None] = lambda _rows: None
        self._ends_at = None if stop_after is None else time.monotonic() + stop_after.total_seconds()

    @property
    def is_over(self) -> bool:
        """Whether the rest waits for the next run."""
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def forget(self, work: Callable[[int], tuple[int, T]]) -> tuple[int, T]:
        """As ``run``, with work that gives how many rows it forgot, which are noted in its own transaction.

        So a run that is killed has told of each batch whose rows are gone, and of no other.
        """

        def noted(size: int) -> tuple[int, T]:
            rows, place = work(size)
            if rows:
                self.note(rows)
            return rows, place

        return self.run(noted)

    def run(self, work: Callable[[int], T]) -> T:
        """Do ``work`` with at most so many rows.

        Raises:
            OperationalError: the smallest batch, too, took too long or waited for somebody too long.
        """
        while True:
            began = time.monotonic()
            try:
                with within(LIMITS), transaction.atomic():
                    done = work(self.size)
            except OperationalError:
                if self.size == SMALLEST:
                    raise
                self.size = max(SMALLEST, self.size // 4)
                time.sleep(LONGEST_PAUSE)
            else:
                took = time.monotonic() - began
                self.size = min(LARGEST, 2 * self.size) if took < QUICK else self.size
                time.sleep(min(took, LONGEST_PAUSE))
                return done


@dataclass(frozen=True)
class KeepingRule:
    """One kind of data, the setting that says for how many days it is kept, and how to forget what is older."""

    name: str  # in the audit: "event_details"
    setting: str
    label: str | Promise
    # How many rows are older; it may read a whole table, and only --dry-run asks.
    count: Callable[[datetime], int]
    # Forget them batch by batch and yield the size of each; a run that stops in between is continued by the next.
    forget: Callable[[datetime, Batches], Iterator[int]]

    @property
    def days(self) -> int:
        """0 is for ever."""
        days: int = getattr(settings, self.setting)
        return days

    def before(self, at: datetime) -> datetime:
        return at - timedelta(days=self.days)


_rules: dict[str, KeepingRule] = {}
# Asked before a day is sealed: until which day everything that counts days has counted.
_counters: list[Callable[[datetime], Any]] = []
# Values of events' details that numbers are counted by, wherever they stand in them.
_counted_values: list[Callable[[], list[str]]] = []


def register_keeping_rule(rule: KeepingRule) -> None:
    """Called once by an app, in ready()."""
    _rules[rule.name] = rule


def register_day_counter(counted_until: Callable[[datetime], Any]) -> None:
    """Have ``counted_until`` count what is due and give the last day that may be sealed; None: no day may."""
    _counters.append(counted_until)


def register_counted_values(values: Callable[[], list[str]]) -> None:
    """Keep these values of events' details, such as what the buttons of messages say to the bot."""
    _counted_values.append(values)


def keeping_rules() -> list[KeepingRule]:
    """Every rule, in the order in which the apps stand."""
    return list(_rules.values())


def last_countable_day(at: datetime) -> Any:
    """Bring the counts of days up to date and give the last day that may be sealed; None: none may."""
    days = [counted_until(at) for counted_until in _counters]
    return None if None in days else min(days, default=None)


def counted_values() -> list[str]:
    return sorted({value for values in _counted_values for value in values()})
