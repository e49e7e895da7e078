"""Finds people whose own values make a message too long."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

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


def room_for_values(text: str, *, kind: str) -> tuple[Counter[str], int] | None:
    """How often each placeholder is used, and how many characters all values may take; None if any value fits."""
    used = Counter(found.name for found in placeholders(text) if found.known)
    # Fallbacks count too, though a person with a value does not get them: this is the most it can be.
    room = limit_of(kind) - parse_html(without_values(text)).length
    return (used, room) if used and used.total() * LONGEST_VALUE > room else None


def find_too_long(
    text: str, people: Iterable[int], *, kind: str, streams: Iterable[StreamCode] = ()
) -> tuple[int, ...]:
    """List, before sending, those for whom Telegram would find the message too long."""
    if (needed := room_for_values(text, kind=kind)) is None:
        return ()
    (used, room), limit, streams = needed, limit_of(kind), list(streams)
    found: list[int] = []
    judged: dict[tuple[Any, ...], bool] = {}
    for chunk in in_chunks(people, READ_AT_ONCE):
        for person, values in read_values(chunk, used, streams=streams).items():
            if sum(used[name] * len(value) for name, value in values.items()) <= room:
                continue
            shape = _shape(text, values)
            if shape not in judged:
                judged[shape] = _is_too_long(text, values, limit)
            if judged[shape]:
                found.append(person)
    return tuple(found)


def _shape(text: str, values: Mapping[str, str]) -> tuple[Any, ...]:
    """What of the values decides how long the message is: of letters, digits and _, only how many they are."""
    if "&" in text:  # behind it letters may make a reference: &lt
        return tuple(sorted(values.items()))
    return tuple(
        (name, len(value) if value.replace("_", "").isalnum() else value) for name, value in sorted(values.items())
    )


def _is_too_long(text: str, values: dict[str, str], limit: int) -> bool:
    try:
        return parse_html(personalise(text, values)).length > limit
    except MissingValue:
        return False  # skipped for another reason
