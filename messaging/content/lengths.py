"""Finds people whose own values make a message too long."""

from collections import Counter
from collections.abc import Iterable

from messaging.content.check import limit_of
from messaging.content.markup import parse_html
from messaging.content.placeholders import (
    MissingValue,
    StreamCode,
    in_chunks,
    personalise,
    placeholders,
    read_values,
    without_values,
)

# Telegram lets names have 64 characters, and staff titles are shorter than this: a text that leaves so much room for
# each placeholder fits everybody, and nobody has to be read.
LONGEST_VALUE = 256
READ_AT_ONCE = 5_000  # people


def find_too_long(
    text: str, people: Iterable[int], *, kind: str, streams: Iterable[StreamCode] = ()
) -> tuple[int, ...]:
    """List, before sending, those for whom Telegram would find the message too long."""
    limit = limit_of(kind)
    used = Counter(found.name for found in placeholders(text) if found.known)
    # Fallbacks count too, though a person with a value does not get them: this is the most it can be.
    most = parse_html(without_values(text)).length
    if not used or most + used.total() * LONGEST_VALUE <= limit:
        return ()
    found: list[int] = []
    for chunk in in_chunks(people, READ_AT_ONCE):
        for person, values in read_values(chunk, used, streams=streams).items():
            longest = most + sum(used[name] * len(value) for name, value in values.items())
            if longest > limit and _is_too_long(text, values, limit):
                found.append(person)
    return tuple(found)


def _is_too_long(text: str, values: dict[str, str], limit: int) -> bool:
    try:
        return parse_html(personalise(text, values)).length > limit
    except MissingValue:
        return False  # skipped for another reason
