"""Counts over bookings and registrations that the API gives beside those of the pages; beat keeps the large ones."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db.models import Count

from bookings.models import Booking, BookingCount, FreeLessonRegistration
from bookings.statistics import StatusCounts, counts_by_stream, status_counts, total_of
from hsl_dashboard.web.remembered import Remembered, remembered_when_many
from users.models import ERASED_FROM
from users.people.statistics import people_count


def counts_of_course(course_id: int) -> StatusCounts:
    return total_of(counts_by_stream(BookingCount.objects.filter(course_id=course_id)).values())


def counts_by_code(course_id: int) -> dict[str, StatusCounts]:
    """Bookings of a course by stream code as the bot wrote it and by status; those with NULL are left out."""
    kept = counts_by_stream(BookingCount.objects.filter(course_id=course_id))
    counts = {code: number for (_course, code), number in kept.items() if code is not None and number.total}
    # Kept counts hold '' and NULL under one key; the old contract names '' alone, which an index finds.
    empty = status_counts(Booking.objects.filter(course_id=course_id, course_stream=""))
    return counts | ({"": empty} if empty.total else {})


def counts_of_all() -> StatusCounts:
    return total_of(counts_by_stream(BookingCount.objects.all()).values())


def registration_count(*, anew: bool = False) -> Remembered[int]:
    return remembered_when_many("registrations", FreeLessonRegistration.objects.count, size=int, anew=anew)


@dataclass(frozen=True)
class StudentCounts:
    """People with a confirmed booking, each once: all of them, and by the code of the stream."""

    people: int
    by_code: dict[str | None, int]


def student_counts(*, anew: bool = False) -> Remembered[StudentCounts]:
    return remembered_when_many("students", _count_students, size=lambda counts: counts.people, anew=anew)


def _count_students() -> StudentCounts:
    students = Booking.objects.confirmed().filter(telegram_user__lt=ERASED_FROM).order_by()
    by_code = students.values_list("course_stream").annotate(number=Count("telegram_user", distinct=True))
    return StudentCounts(students.values("telegram_user").distinct().count(), dict(by_code))


def found_count(question: tuple[Any, ...], count: Callable[[], int]) -> Remembered[int]:
    """Count a narrowed list; whoever turns the pages of a long one has it counted once."""
    key = sha256(repr(question).encode()).hexdigest()[:32]
    return remembered_when_many(f"people-found:{key}", count, size=int)


def remember_totals() -> None:
    """Count what is remembered when it is much."""
    people_count(anew=True)
    registration_count(anew=True)
    student_counts(anew=True)
