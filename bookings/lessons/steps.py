"""Upkeep of ``lesson_steps``: count marked people again, rebuild, and compare with the sources."""

from collections.abc import Iterator

from django.db import connection

PEOPLE_AT_ONCE = 1_000  # people: counted in well under a second
# What a page counts before it is drawn, in some 20 ms; the rest waits for beat.
PEOPLE_OF_A_PAGE = 100

EVERYBODY = "SELECT user_id FROM free_lesson_registrations UNION SELECT user_id FROM lesson_steps"
NEXT_PEOPLE = f"""
    SELECT array_agg(user_id ORDER BY user_id) FROM (
        SELECT user_id FROM ({EVERYBODY}) AS everybody WHERE user_id > %s ORDER BY user_id LIMIT %s
    ) AS batch
"""  # noqa: S608 - the query above
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
    with connection.cursor() as cursor:
        cursor.execute("SELECT lesson_steps_fold(%s)", [at_most])
        return int(cursor.fetchone()[0])


def some_wait() -> bool:
    """Say whether somebody's registrations have to be counted again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM lesson_steps_pending)"
            " OR EXISTS (SELECT FROM counting_marks WHERE marks_of_lessons(about))"
        )
        return bool(cursor.fetchone()[0])


def rebuild_steps() -> int:
    """Count everybody anew, batch by batch, while the bot keeps writing; return the number of people."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO lesson_steps_pending (user_id) {EVERYBODY}")
        people = int(cursor.rowcount)
    fold_steps()
    return people


def steps_differences() -> Iterator[tuple[int, str | None, str | None]]:
    """Give the registrations that are counted wrongly, and both counts; who is marked is due, not wrong."""
    last = -(2**63)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(NEXT_PEOPLE, [last, PEOPLE_AT_ONCE])
            people = cursor.fetchone()[0]
            if not people:
                return
            cursor.execute(DIFFERENCES, {"people": people})
            yield from cursor.fetchall()
        last = people[-1]
