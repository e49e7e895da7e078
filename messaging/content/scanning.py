"""One scan of an audience: who gets a message and who not, who may lack a value, whose values may be too long."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from messaging.content.placeholders import FROM_BOOKING, StreamCode, chosen_bookings

LONGEST_DAY = 11  # «23 сентября»
# The booking that speaks for a person is found by sorting those of all: 100,000 people fit into this.
WORK_MEM = "64MB"

# Of a person in u, the booking that speaks for them in c, the description of its stream in s, its course in k.
_LACKS = {
    "stream": "COALESCE(c.course_stream, '') = ''",
    "course": "c.course_id IS NULL",
    "starts_on": "s.starts_on IS NULL",
}
# At most so many characters. A code without a description may have the name that another course gives it.
_LENGTHS = {
    "first_name": "COALESCE(char_length(u.first_name), 0)",
    "username": "COALESCE(char_length(u.username), 0)",
    "stream": "GREATEST(char_length(c.course_stream), (SELECT max(char_length(name)) FROM bookings_stream), 0)",
    "course": "GREATEST(char_length(k.name), 20)",  # «Курс 5» where it has no name
    "starts_on": f"{LONGEST_DAY}",
}


@dataclass(frozen=True)
class TextNeeds:
    """What a text needs of people: names of placeholders, and how often each is used."""

    without_fallback: frozenset[str] = frozenset()
    used: Mapping[str, int] = field(default_factory=dict)  # empty where any value fits
    room: int = 0  # characters for all values together

    @property
    def names(self) -> frozenset[str]:
        return self.without_fallback | self.used.keys()


@dataclass(frozen=True)
class Scan:
    """How many by the reason that keeps them from it ('': none); of those without one, how many lack a value of a
    booking, and the ids of those who may lack a name and of those whose values may be too long."""

    reasons: Mapping[str, int] = field(default_factory=dict)
    lacking: int = 0
    doubtful: Collection[int] = ()
    long: Collection[int] = ()


def scan_people(people: "QuerySet[Any, Any]", needs: TextNeeds, *, streams: Iterable[StreamCode] = ()) -> Scan:
    """Ask all of it of ``people``, each with a ``reason``, in one query."""
    try:
        query, params = _scan(people, needs, list(streams))
    except EmptyResultSet:
        return Scan()  # Django sees that nobody can match: no audience is chosen yet
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        cursor.execute(query, params)
        found = {reason: rest for reason, *rest in cursor.fetchall()}
    _people, lacking, doubtful, long = found.get("", (0, 0, None, None))
    reasons = {reason: people for reason, (people, *_rest) in found.items()}
    return Scan(reasons, lacking, sorted(doubtful or ()), sorted(long or ()))


def _scan(people: "QuerySet[Any, Any]", needs: TextNeeds, streams: list[StreamCode]) -> tuple[str, list[Any]]:
    asked, params = people.order_by().values_list("pk", "reason").query.sql_with_params()
    # Materialized, since the question of who is in an audience is long: it is asked once.
    tables, joins, values = f"p (user_id, reason) AS MATERIALIZED ({asked})", "", list(params)
    if needs.names & FROM_BOOKING:
        reached = RawSQL("SELECT user_id FROM p WHERE reason = ''", ())
        chosen, more = chosen_bookings(reached, streams).query.sql_with_params()
        values += more
        tables += f", c (user_id, course_id, course_stream) AS MATERIALIZED ({chosen})"
        joins = """
            LEFT JOIN c USING (user_id)
            LEFT JOIN bookings_stream AS s ON s.course_id = c.course_id AND s.code = c.course_stream
            LEFT JOIN courses AS k ON k.id = c.course_id
        """
    lacks = [_LACKS[name] for name in sorted(needs.without_fallback & FROM_BOOKING)]
    # Whether a sign that is no letter is a name is judged where the message is made; few have none.
    doubts = [f"u.{name} ~ '[[:alnum:]]' IS NOT TRUE" for name in sorted(needs.without_fallback - FROM_BOOKING)]
    lengths = [f"{times} * {_LENGTHS[name]}" for name, times in sorted(needs.used.items())]
    too_long = f"{' + '.join(lengths)} > {needs.room}" if lengths else "FALSE"
    return (
        f"""
        WITH {tables} SELECT reason, count(*),
            count(*) FILTER (WHERE {" OR ".join(lacks) or "FALSE"}),
            array_agg(user_id) FILTER (WHERE {" OR ".join(doubts) or "FALSE"}),
            array_agg(user_id) FILTER (WHERE {too_long})
        FROM p JOIN users AS u USING (user_id) {joins} GROUP BY reason
        """,  # noqa: S608 - texts of ours and of Django
        values,
    )
