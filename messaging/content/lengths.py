"""Finds people whose own values make a message too long."""

from collections import Counter
from collections.abc import Iterable

from messaging.content.check import limit_of
from messaging.content.markup import parse_html
from messaging.content.placeholders import MissingValue, Values, personalise, placeholders, without_values
from messaging.content.scanning import Alike

# Telegram lets names have 64 characters, and staff titles are shorter than this: a text that leaves so much room for
# each placeholder fits everybody, and nobody has to be read.
LONGEST_VALUE = 256


def room_for_values(text: str, *, kind: str) -> tuple[Counter[str], int] | None:
    """How often each placeholder is used, and how many characters all values may take; None if any value fits."""
    used = Counter(found.name for found in placeholders(text) if found.known)
    # Fallbacks count too, though a person with a value does not get them: this is the most it can be.
    room = limit_of(kind) - parse_html(without_values(text)).length
    return (used, room) if used and used.total() * LONGEST_VALUE > room else None


def find_too_long(text: str, alike: Iterable[Alike], *, kind: str) -> tuple[int, ...]:
    """List, before sending, those for whom Telegram would find the message too long."""
    limit = limit_of(kind)
    return tuple(sorted(pk for some in alike if _is_too_long(text, some.values, limit) for pk in some.people))


def _is_too_long(text: str, values: Values, limit: int) -> bool:
    try:
        return parse_html(personalise(text, values)).length > limit
    except MissingValue:
        return False  # skipped for another reason
