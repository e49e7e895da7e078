"""Upkeep of ``lesson_steps``: count marked people again, rebuild, and compare with the sources."""

from collections.abc import Iterator

from hsl_dashboard.db import batches_of, run_sql, sql_value

PEOPLE_AT_ONCE = 1_000  # people: counted in well under a second
# What a page counts before it is drawn, in some 20 ms; the rest waits for beat.
PEOPLE_OF_A_PAGE = 100

EVERYBODY = "SELECT user_id FROM free_lesson_registrations UNION SELECT user_id FROM lesson_steps"
DIFFERENCES = """
    SELECT registration_id, kept::text, counted::text
    FROM (SELECT * FROM lesson_steps WHERE user_id = ANY (%(people)s)) AS kept
    FULL JOIN (SELECT * FROM lesson_steps_of(%(people)s)) AS counted USING (registration_id)
    WHERE to_jsonb(kept) IS DISTINCT FROM to_jsonb(counted) AND NOT EXISTS (
        SELECT FROM lesson_steps_pending AS p WHERE p.user_id IN (kept.user_id, counted.user_id)
    ) AND NOT EXISTS (
        SELECT FROM counting_marks AS m WHERE m.user_id IN (kept.user_id, counted.user_id) AND marks_of_lessons(about)
    )
"""


def fold_steps() -> None:
    """Count everybody who is marked, unless somebody else is at it."""
    while fold_some(PEOPLE_AT_ONCE) > 0:
        pass


def fold_some(at_most: int = PEOPLE_OF_A_PAGE) -> int:
    """Count some of the marked people; return how many, or -1 while somebody else does it."""
    return int(sql_value("SELECT lesson_steps_fold(%s)", [at_most]))


def some_wait() -> bool:
    """Say whether somebody's registrations have to be counted again."""
    return bool(
        sql_value(
            "SELECT EXISTS (SELECT FROM lesson_steps_pending)"
            " OR EXISTS (SELECT FROM counting_marks WHERE marks_of_lessons(about))"
        )
    )


def rebuild_steps() -> int:
    """Count everybody anew, batch by batch, while the bot keeps writing; return the number of people."""
    marked = f"INSERT INTO lesson_steps_pending (user_id) {EVERYBODY} RETURNING user_id"
    people = int(sql_value(f"WITH marked AS ({marked}) SELECT count(*) FROM marked"))  # noqa: S608 - the query above
    fold_steps()
    return people


def steps_differences() -> Iterator[tuple[int, str | None, str | None]]:
    """Give the registrations that are counted wrongly, and both counts; who is marked is due, not wrong."""
    for people in batches_of(EVERYBODY, size=PEOPLE_AT_ONCE):
        yield from run_sql(DIFFERENCES, {"people": people})
