"""Counts over bookings and registrations that the API gives beside those of the pages."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncDate

from bookings.models import Booking, BookingCount
from bookings.statistics import StatusCounts, counts_by_stream, total_of
from hsl_dashboard.web.days import day_begins


def counts_by_code(course_id: int) -> dict[str | None, StatusCounts]:
    """Bookings of a course by stream code as the bot wrote it, '' and NULL apart, and by status."""
    counts: dict[str | None, StatusCounts] = defaultdict(StatusCounts)
    rows = Booking.objects.filter(course_id=course_id).order_by().values_list("course_stream", "confirmed")
    for code, confirmed, number in rows.annotate(number=Count("*")):
        counts[code] += StatusCounts.of(confirmed, number)
    return dict(counts)


def counts_of_all() -> StatusCounts:
    return total_of(counts_by_stream(BookingCount.objects.all()).values())


def bookings_per_day(days: list[date]) -> dict[date, int]:
    """Bookings made on each of these days, which follow each other."""
    rows = Booking.objects.filter(
        created_at__gte=day_begins(days[0]), created_at__lt=day_begins(days[-1] + timedelta(days=1))
    )
    return dict(rows.order_by().values_list(TruncDate("created_at")).annotate(number=Count("*")))


@dataclass(frozen=True)
class LessonConversion:
    """How many people registered for a kind of lesson, and how many of them opened its link."""

    lesson_type: str
    registrations: int
    attendances: int

    @property
    def rate(self) -> float:
        """Percent with one digit; never over 100, since those who came are among those who registered."""
        return round(100 * self.attendances / self.registrations, 1) if self.registrations else 0.0


def lesson_conversions() -> list[LessonConversion]:
    """By kind of lesson, each person once; the link's event names the lesson at the top or under ``lesson``."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH registered AS (
                SELECT DISTINCT COALESCE(NULLIF(lesson_type, ''), 'Unknown') AS kind, user_id
                FROM free_lesson_registrations
            ), came AS (
                SELECT DISTINCT COALESCE(details->>'lesson_type', details#>>'{lesson,lesson_type}') AS kind, user_id
                FROM events WHERE event_type = 'lesson_link_clicked'
            )
            SELECT r.kind, count(*), count(c.user_id)
            FROM registered AS r LEFT JOIN came AS c ON c.kind = r.kind AND c.user_id = r.user_id
            GROUP BY r.kind ORDER BY count(*) DESC, r.kind
            """
        )
        return [LessonConversion(*row) for row in cursor.fetchall()]
