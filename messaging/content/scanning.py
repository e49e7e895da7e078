"""One scan of an audience: who gets a message and who not, who may lack a value, whose values may be too long."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from hsl_dashboard.db import run_sql
from messaging.content.placeholders import FROM_BOOKING, BookingValues, StreamCode, Values, chosen_bookings

LONGEST_DAY = 11  # «23 сентября»
# The booking that speaks for a person is found by sorting those of all: 100,000 people fit into this.
WORK_MEM = "64MB"

# Of a person in p, the booking that speaks for them in c, the description of its stream in s, its course in k.
_LACKS = {
    "stream": "COALESCE(c.course_stream, '') = ''",
    "course": "c.course_id IS NULL",
    "starts_on": "s.starts_on IS NULL",
}
# At most so many characters. A code without a description may have the name that another course gives it.
_LENGTHS = {
    "first_name": "COALESCE(char_length(p.first_name), 0)",
    "username": "COALESCE(char_length(p.username), 0)",
    "stream": "GREATEST(char_length(c.course_stream), (SELECT max(char_length(name)) FROM bookings_stream), 0)",
    "course": "GREATEST(char_length(k.name), 20)",  # «Курс 5» where it has no name
    "starts_on": f"{LONGEST_DAY}",
}
# Names of these signs alone make a message longer by how many they are; what else does is told apart by its value.
_PLAIN = "^[0-9A-Za-zА-Яа-яЁё_]*$"
_VALUE = "="  # before a value that stands for itself alone


@dataclass(frozen=True)
class TextNeeds:
    """What a text needs of people: names of placeholders, and how often each is used."""

    without_fallback: frozenset[str] = frozenset()
    used: Mapping[str, int] = field(default_factory=dict)  # empty where any value fits
    room: int = 0  # characters for all values together
    by_value: bool = False  # its length depends on what the letters of a value are

    @property
    def names(self) -> frozenset[str]:
        return self.without_fallback | self.used.keys()


@dataclass(frozen=True)
class Alike:
    """People in whose values a message is equally long, and such values."""

    people: Collection[int]
    values: Values


@dataclass(frozen=True)
class Scan:
    """How many by the reason that keeps them from it ('': none); of those without one, how many lack a value of a
    booking, and the ids of those who may lack a name and of those whose values may be too long."""

    reasons: Mapping[str, int] = field(default_factory=dict)
    lacking: int = 0
    doubtful: Collection[int] = ()
    long: Collection[Alike] = ()


def scan_people(
    people: "QuerySet[Any, Any]",
    needs: TextNeeds,
    *,
    streams: Iterable[StreamCode] = (),
    one_of: Collection[tuple[int, str]] = (),
) -> Scan:
    """Ask all of it of ``people``, each with a ``reason``, in one query.

    ``one_of``: streams in one of which everybody among them has an active booking, where that is known. If a message
    says the same about all of these, nobody's bookings are read, else no others than these.
    """
    of_bookings = BookingValues.read() if needs.names & FROM_BOOKING else None
    known = _known(needs, [of_bookings.of(*stream) for stream in one_of]) if of_bookings else None
    try:
        query, params = _scan(people, needs, list(streams), known=known, in_these=bool(one_of))
    except EmptyResultSet:
        return Scan()  # Django sees that nobody can match: no audience is chosen yet
    with transaction.atomic():
        run_sql(f"SET LOCAL work_mem = '{WORK_MEM}'")
        rows = run_sql(query, params)
    reasons: dict[str, int] = {}
    for reason, _key, people_of_it, *_rest in rows:
        reasons[reason] = reasons.get(reason, 0) + people_of_it
    reached = [row for row in rows if row[0] == ""]
    return Scan(
        reasons,
        sum(lacking for _reason, _key, _people, lacking, *_ids in reached),
        sorted(pk for *_counts, doubtful, _long in reached for pk in doubtful or ()),
        [Alike(long, _values(key, needs, of_bookings, known)) for _reason, key, *_rest, long in reached if long],
    )


def _known(needs: TextNeeds, values: list[Values]) -> Values | None:
    """What the bookings say about everybody; None where each person's booking has to be looked at."""
    asked = needs.names & FROM_BOOKING
    said = [{name: value for name, value in of_one.items() if name in asked} for of_one in values]
    lacked = {frozenset(needs.without_fallback & FROM_BOOKING - of_one.keys()) for of_one in said}
    alike = not needs.used.keys() & FROM_BOOKING or all(of_one == said[0] for of_one in said)
    return said[0] if len(lacked) == 1 and alike else None


def _scan(
    people: "QuerySet[Any, Any]",
    needs: TextNeeds,
    streams: list[StreamCode],
    *,
    known: Values | None = None,
    in_these: bool = False,
) -> tuple[str, list[Any]]:
    columns = ("pk", "reason", "first_name", "username")
    asked, params = people.order_by().values_list(*columns).query.sql_with_params()
    # Materialized, since the question of who is in an audience is long: it is asked once.
    tables, joins, values = f"p (user_id, reason, first_name, username) AS MATERIALIZED ({asked})", "", list(params)
    reads_bookings = bool(needs.names & FROM_BOOKING) and known is None
    if reads_bookings:
        reached = RawSQL("SELECT user_id FROM p", ())  # not by the reason, of which the planner knows nothing
        chosen, more = chosen_bookings(reached, streams, in_these=in_these).query.sql_with_params()
        values += more
        tables += f", c (user_id, course_id, course_stream) AS MATERIALIZED ({chosen})"
        joins = """
            LEFT JOIN c USING (user_id)
            LEFT JOIN bookings_stream AS s ON s.course_id = c.course_id AND s.code = c.course_stream
            LEFT JOIN courses AS k ON k.id = c.course_id
        """
    lacks = [
        _LACKS[name] if known is None else str(name not in known)
        for name in sorted(needs.without_fallback & FROM_BOOKING)
    ]
    # Whether a sign that is no letter is a name is judged where the message is made; few have none.
    doubts = [f"p.{name} ~ '[[:alnum:]]' IS NOT TRUE" for name in sorted(needs.without_fallback - FROM_BOOKING)]
    return (
        f"""
        WITH {tables} SELECT reason, key, count(*), count(*) FILTER (WHERE lacks),
            array_agg(user_id) FILTER (WHERE doubtful), array_agg(user_id) FILTER (WHERE key IS NOT NULL)
        FROM (
            SELECT reason, user_id, {" OR ".join(lacks) or "FALSE"} AS lacks,
                {" OR ".join(doubts) or "FALSE"} AS doubtful,
                CASE WHEN reason = '' AND {_too_long(needs, known)} THEN {_key(needs, known)} END AS key
            FROM p {joins}
        ) AS looked_at GROUP BY reason, key
        """,  # noqa: S608 - texts of ours and of Django
        values,
    )


def _too_long(needs: TextNeeds, known: Values | None) -> str:
    lengths, room = [], needs.room
    for name, times in sorted(needs.used.items()):
        if known is not None and name in FROM_BOOKING:
            room -= times * len(known.get(name, ""))
        else:
            lengths.append(f"{times} * {_LENGTHS[name]}")
    return f"{' + '.join(lengths) or '0'} > {room}" if needs.used else "FALSE"


def _key(needs: TextNeeds, known: Values | None) -> str:
    """What tells people apart in whose values a message is not equally long: the names, and the booking behind them."""
    parts = []
    for name in sorted(needs.used.keys() - FROM_BOOKING):
        value = f"COALESCE(p.{name}, '')"
        as_value = f"'{_VALUE}' || {value}"
        length = f"CASE WHEN {value} ~ '{_PLAIN}' THEN char_length({value})::text ELSE {as_value} END"
        parts.append(as_value if needs.by_value else length)
    if needs.used.keys() & FROM_BOOKING and known is None:
        parts += ["c.course_id::text", "c.course_stream"]
    return f"ARRAY[{', '.join(parts)}]::text[]"


def _values(key: list[str | None], needs: TextNeeds, of_bookings: BookingValues | None, known: Values | None) -> Values:
    """Give values of such a length, from what the key says of them."""
    names = sorted(needs.used.keys() - FROM_BOOKING)
    values = {
        name: part[len(_VALUE) :].strip() if part.startswith(_VALUE) else "x" * int(part)
        for name, part in zip(names, key, strict=False)
        if part is not None
    }
    if known is not None:
        values |= known
    elif of_bookings and needs.used.keys() & FROM_BOOKING:
        course_id, code = key[-2:]
        values |= of_bookings.of(int(course_id) if course_id else None, code)
    return {name: value for name, value in values.items() if value}
