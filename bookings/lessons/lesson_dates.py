"""The sums of each free lesson and date: who registered, was reminded, came, booked and was confirmed."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bookings.lessons.filters import NONE
from hsl_dashboard.db import run_sql

# How each number is counted, as the pages say it.
DEFINITIONS = {
    "registrations": _("Rows of registrations. The bot lets a person register once for a lesson and date."),
    "reminded": _("Registrations for which the bot has sent the reminder."),
    "attended": _(
        "Registrations of people who opened the lesson's link at or after registering, and their share of all."
    ),
    "booked": _("Registrations of people who made a booking at or after registering, whatever its status now."),
    "confirmed": _("Registrations with such a booking that is confirmed now."),
}
# Each lesson and date is found by a jump in the index, and counted in it.
SUMS = """
    WITH RECURSIVE lesson AS (
        (SELECT lesson_on, lesson_type FROM lesson_steps WHERE {kept}
         ORDER BY lesson_on DESC, lesson_type DESC LIMIT 1)
        UNION ALL
        SELECT later.* FROM lesson CROSS JOIN LATERAL (
            SELECT s.lesson_on, s.lesson_type FROM lesson_steps AS s
            WHERE {kept} AND (s.lesson_on, s.lesson_type) < (lesson.lesson_on, lesson.lesson_type)
            ORDER BY s.lesson_on DESC, s.lesson_type DESC LIMIT 1
        ) AS later
    )
    SELECT NULLIF(l.lesson_on, '-infinity'), l.lesson_type, c.*
    FROM (SELECT * FROM lesson LIMIT %(size)s) AS l
    CROSS JOIN LATERAL (
        SELECT count(*), count(*) FILTER (WHERE reminded), count(attended_at), count(booked_at),
            count(*) FILTER (WHERE confirmed)
        FROM lesson_steps AS s WHERE s.lesson_on = l.lesson_on AND s.lesson_type = l.lesson_type
    ) AS c
    ORDER BY l.lesson_on DESC, l.lesson_type DESC
"""


@dataclass(frozen=True)
class LessonDate:
    """One lesson on one date, or all registrations of it that name no date."""

    lesson_on: date | None
    lesson_type: str
    registrations: int
    reminded: int
    attended: int
    booked: int
    confirmed: int

    def share(self, count: int) -> int:
        """Give ``count`` of the registrations in whole percent, halves up."""
        return (200 * count + self.registrations) // (2 * self.registrations)

    @property
    def attended_share(self) -> int:
        return self.share(self.attended)

    @property
    def booked_share(self) -> int:
        return self.share(self.booked)

    @property
    def confirmed_share(self) -> int:
        return self.share(self.confirmed)

    @property
    def address(self) -> str:
        """Lead to the registrations, as many as are counted."""
        return lesson_address(self.lesson_type, self.lesson_on)

    @property
    def place(self) -> str:
        """Say where the next page begins."""
        return f"{self.lesson_on.isoformat() if self.lesson_on else NONE}.{self.lesson_type}"


def lesson_address(lesson_type: str, lesson_on: date | None) -> str:
    """Lead to the registrations for a lesson on a date, or to those that name no date."""
    day = (
        {"lesson_since": lesson_on.isoformat(), "lesson_until": lesson_on.isoformat()} if lesson_on else {"dated": NONE}
    )
    return f"{reverse('bookings:lesson_list')}?{urlencode({'lesson': lesson_type or NONE, **day})}"


def lesson_dates(
    *, size: int, lesson: str = "", since: date | None = None, until: date | None = None, after: str = ""
) -> list[LessonDate]:
    """Sum lessons and dates, the latest first, ``size`` of them (one query); ``after`` is the place of one."""
    kept = ["true"]
    if lesson:
        kept.append("lesson_type = %(lesson)s")
    if since:
        kept.append("lesson_on >= %(since)s")
    if until:
        kept.append("lesson_on <= %(until)s AND lesson_on > '-infinity'")
    day, _dot, code = after.partition(".")
    if after and (day == NONE or _is_day(day)):
        kept.append("(lesson_on, lesson_type) < (%(day)s, %(code)s)")
    values: dict[str, Any] = {
        "size": size,
        "lesson": "" if lesson == NONE else lesson,
        "since": since,
        "until": until,
        "day": "-infinity" if day == NONE else day,
        "code": code.replace("\0", ""),
    }
    return [LessonDate(*row) for row in run_sql(SUMS.format(kept=" AND ".join(kept)), values)]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
