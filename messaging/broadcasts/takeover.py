"""What a school has after its database was taken over: people, bookings, and what somebody has to decide."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bookings.labels import Labels
from bookings.quality.problems import Finding, find_problems
from bookings.statistics import StatusCounts, course_statistics, total_of
from messaging.models import Broadcast
from users.people.statistics import people_count

SHOWN = 10  # held messages: all of them are one click away


@dataclass(frozen=True)
class TakenOver:
    """The counts of the page; ``held`` is the newest few of ``held_count``, empty for who may not see messages."""

    people: int
    bookings: StatusCounts
    problems: list[Finding]
    held: list[Broadcast]
    held_count: int

    @property
    def is_settled(self) -> bool:
        return not self.problems and not self.held_count


def read_takeover(*, may: Callable[[str], bool], at: datetime) -> TakenOver:
    """Count what was taken over and what is left to decide, as far as a member of staff may see it."""
    labels = Labels.read()
    courses = course_statistics(labels)
    held = Broadcast.objects.filter(state=Broadcast.State.HELD)
    seen = may("messaging.view_broadcast")
    return TakenOver(
        people=people_count().number,
        bookings=total_of(course.counts for course in courses),
        problems=[
            finding for finding in find_problems(may=may, at=at, labels=labels, courses=courses) if finding.count
        ],
        held=list(held.order_by("-id")[:SHOWN]) if seen else [],
        held_count=held.count() if seen else 0,
    )
