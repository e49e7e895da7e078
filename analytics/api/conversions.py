"""How many of those who registered for a free lesson opened its link, from the journeys that the funnels read."""

from dataclasses import dataclass

from hsl_dashboard.db import loose_scan, run_sql
from hsl_dashboard.web.remembered import Remembered, remembered_when_many


@dataclass(frozen=True)
class LessonConversion:
    """How many people registered for a kind of lesson, and how many of them then opened its link."""

    lesson_type: str
    registrations: int
    attendances: int

    @property
    def rate(self) -> float:
        """Percent with one digit; never over 100, since those who came are among those who registered."""
        return round(100 * self.attendances / self.registrations, 1) if self.registrations else 0.0


def lesson_conversions(*, anew: bool = False) -> Remembered[list[LessonConversion]]:
    """Count the first two steps of the funnel of each kind of lesson, the largest first; ``anew`` is beat's."""
    return remembered_when_many("lesson-conversions", _count_conversions, size=_people_of, anew=anew)


def _count_conversions() -> list[LessonConversion]:
    # Each kind that occurs is found by a jump in an index, and counted in the index of journeys. Registrations without
    # a kind have no funnel, and no link that somebody could have opened.
    kinds = loose_scan("kind", column="lesson_type", table="free_lesson_registrations", where="lesson_type <> ''")
    query = (
        f"SELECT kinds.code, counted.* FROM ({kinds}) AS kinds (name, code)"  # noqa: S608 - the query above
        " CROSS JOIN LATERAL (SELECT count(*), count(second_at) FROM analytics_journey"
        " WHERE funnel = 'lesson' AND scope = 'lesson:' || kinds.code) AS counted"
        " UNION ALL SELECT 'Unknown', count(DISTINCT user_id), 0 FROM free_lesson_registrations"
        " WHERE lesson_type IS NULL OR lesson_type = ''"
    )
    rows = run_sql(query)
    found = [LessonConversion(*row) for row in rows if row[1]]
    return sorted(found, key=lambda row: (-row.registrations, row.lesson_type))


def _people_of(conversions: list[LessonConversion]) -> int:
    return sum(conversion.registrations for conversion in conversions)
