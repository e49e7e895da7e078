"""Finds people whose own values make a message too long."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from messaging.content.check import limit_of
from messaging.content.markup import parse_html
from messaging.content.placeholders import (
    FROM_BOOKING,
    MissingValue,
    StreamCode,
    chosen_bookings,
    in_chunks,
    personalise,
    placeholders,
    read_values,
    without_values,
)

# Telegram lets names have 64 characters, and staff titles are shorter than this: a text that leaves so much room for
# each placeholder fits everybody, and nobody has to be read.
LONGEST_VALUE = 256
LONGEST_DAY = 11  # «23 сентября»
READ_AT_ONCE = 5_000  # people

# At most so many characters stand for each placeholder: of a person in a row u, the booking that speaks for them in c,
# its course in k. A code without a description may have the name that another course gives it.
_LENGTHS = {
    "first_name": "COALESCE(char_length(u.first_name), 0)",
    "username": "COALESCE(char_length(u.username), 0)",
    "stream": "GREATEST(char_length(c.course_stream), (SELECT max(char_length(name)) FROM bookings_stream), 0)",
    "course": "GREATEST(char_length(k.name), 20)",  # «Курс 5» where it has no name
    "starts_on": f"{LONGEST_DAY}",
}


def find_too_long(
    text: str, people: "QuerySet[Any, Any]", *, kind: str, streams: Iterable[StreamCode] = ()
) -> tuple[int, ...]:
    """List, before sending, those for whom Telegram would find the message too long."""
    limit, streams = limit_of(kind), list(streams)
    used = Counter(found.name for found in placeholders(text) if found.known)
    # Fallbacks count too, though a person with a value does not get them: this is the most it can be.
    most = parse_html(without_values(text)).length
    if not used or most + used.total() * LONGEST_VALUE <= limit:
        return ()
    found: list[int] = []
    judged: dict[tuple[Any, ...], bool] = {}
    for chunk in in_chunks(_with_long_values(used, people, streams, over=limit - most), READ_AT_ONCE):
        for person, values in read_values(chunk, used, streams=streams).items():
            longest = most + sum(used[name] * len(value) for name, value in values.items())
            if longest <= limit:
                continue
            shape = _shape(text, values)
            if shape not in judged:
                judged[shape] = _is_too_long(text, values, limit)
            if judged[shape]:
                found.append(person)
    return tuple(found)


def _with_long_values(
    used: Mapping[str, int], people: "QuerySet[Any, Any]", streams: list[StreamCode], *, over: int
) -> list[int]:
    """Ids of the people whose values may take more than ``over`` characters together, by one scan of all of them."""
    ids = people.order_by().values("pk")
    try:
        of_whom, params = ids.query.sql_with_params()
    except EmptyResultSet:
        return []  # Django sees that nobody can match
    length = " + ".join(f"{used[name]} * {_LENGTHS[name]}" for name in sorted(used))
    bookings, more = "", tuple[Any, ...]()
    if used.keys() & FROM_BOOKING:
        chosen, more = chosen_bookings(ids, streams).query.sql_with_params()
        bookings = f"""
            LEFT JOIN ({chosen}) AS c (user_id, course_id, course_stream) ON c.user_id = u.user_id
            LEFT JOIN courses AS k ON k.id = c.course_id
        """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT u.user_id FROM ({of_whom}) AS p (user_id) JOIN users AS u ON u.user_id = p.user_id {bookings}
            WHERE {length} > %s ORDER BY u.user_id
            """,  # noqa: S608 - texts of ours and of Django
            [*params, *more, over],
        )
        return [person for (person,) in cursor.fetchall()]


def _shape(text: str, values: Mapping[str, str]) -> tuple[Any, ...]:
    """What of the values decides how long the message is: of letters and digits, only how many they are."""
    plain = "&" not in text  # behind it letters may make a reference: &lt
    return tuple((name, len(value) if plain and value.isalnum() else value) for name, value in sorted(values.items()))


def _is_too_long(text: str, values: dict[str, str], limit: int) -> bool:
    try:
        return parse_html(personalise(text, values)).length > limit
    except MissingValue:
        return False  # skipped for another reason
