"""What Telegram does to a text before it delivers it: control characters, outer spaces, entities that cannot stand.

A reading of tdlib's ``fix_formatted_text`` and ``fix_entities`` (td/telegram/MessageEntity.cpp, Bot API 9.5). Links
and mentions that the server finds in the plain words by itself are left out: the phone on the page finds its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from demo.sandbox.errors import bad_request
from demo.sandbox.markup import Entity, order, utf16_length

MAX_ENTITIES = 100
STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
QUOTES = frozenset({"blockquote", "expandable_blockquote"})
VERBATIM = frozenset({"code", "pre"})
BEYOND = 2**31 - 1  # after every offset

# Control characters become spaces; a line break stays, «\r» goes with these five to nine letters nobody sees.
_GONE = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_CONTROL = re.compile("[\0-\x09\x0b\x0c\x0e-\x1f]")
_DIRECTION_MARKS = re.compile("[\u200e\u200f]+(?=[\u200e\u200f])")
# Letters without ink: a text of nothing else counts as empty. tdlib's list, and those that only its server refuses.
_INKLESS = re.compile(
    "[\0\t-\r \u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f-\u2064\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*"
)


def delivered(text: str, entities: list[Entity], *, may_be_empty: bool = False) -> tuple[str, list[Entity]]:
    """Give the text and its entities as the student gets them; entities are sorted, and at most 100 of them.

    Raises:
        ApiError: nothing is left to read, and ``may_be_empty`` does not allow it.
    """
    entities = _fixed(entities)
    text, entities = _cleaned(text, entities)
    body = text.rstrip(" \n")
    if not body and may_be_empty:
        return "", []
    if not body:
        raise bad_request("text must be non-empty")
    entities = _cut(_fixed(entities), utf16_length(body))
    # Spaces at the beginning go only up to the first entity.
    first = entities[0]["offset"] if entities else len(body)
    lead = min(len(body) - len(body.lstrip(" \n")), first)
    if not may_be_empty and is_empty(body[lead:]):
        raise bad_request("text must be non-empty")
    moved = [entity | {"offset": entity["offset"] - lead} for entity in entities]
    return body[lead:], _at_most(moved)


def is_empty(text: str) -> bool:
    """Whether there is nothing to see in it: spaces of every width, and letters without ink."""
    return _INKLESS.fullmatch(text) is not None


def _cleaned(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    gone, units, seen = [], 0, 0
    for found in _GONE.finditer(text):
        units += utf16_length(text[seen : found.start()])
        seen = found.start()
        gone.append(units)
    moved = []
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        start, end = start - bisect_left(gone, start), end - bisect_left(gone, end)
        if end > start:
            moved.append(entity | {"offset": start, "length": end - start})
    text = _CONTROL.sub(" ", _GONE.sub("", text))
    text = _DIRECTION_MARKS.sub(lambda found: "\u200c" * len(found.group()), text)
    return text, moved


def _cut(entities: list[Entity], end: int) -> list[Entity]:
    """Without what lies in the spaces that were trimmed from the end."""
    kept = [
        entity | {"length": min(entity["length"], end - entity["offset"])}
        for entity in entities
        if entity["offset"] < end
    ]
    return sorted(kept, key=order)


def _at_most(entities: list[Entity]) -> list[Entity]:
    """The first hundred: links, code and quotes before mere styles; custom emoji have a count of their own."""
    first = [entity for entity in entities if entity["type"] not in {*STYLES, "custom_emoji"}][:MAX_ENTITIES]
    styles = [entity for entity in entities if entity["type"] in STYLES][: MAX_ENTITIES - len(first)]
    emoji = [entity for entity in entities if entity["type"] == "custom_emoji"]
    return sorted([*first, *styles, *emoji], key=order)


# Entities that overlap ------------------------------------------------------------------------------------------------


def _fixed(entities: list[Entity]) -> list[Entity]:
    """Keep of the ones that exclude each other the first; cut styles where another entity begins or ends."""
    entities = sorted((entity for entity in entities if entity["length"] > 0), key=order)
    quotes = _apart([entity for entity in entities if entity["type"] in QUOTES])
    solid = _apart([entity for entity in entities if entity["type"] not in {*QUOTES, *STYLES}])
    others = sorted([*quotes, *_inside_or_outside(solid, quotes)], key=order)
    styles = [entity for entity in entities if entity["type"] in STYLES]
    return sorted([*others, *_Splitter(styles).split(others)], key=order)


def _apart(entities: list[Entity]) -> list[Entity]:
    """Without those that begin inside an earlier one."""
    kept: list[Entity] = []
    last_end = 0
    for entity in entities:
        if entity["offset"] >= last_end:
            last_end = entity["offset"] + entity["length"]
            kept.append(entity)
    return kept


def _inside_or_outside(solid: list[Entity], quotes: list[Entity]) -> list[Entity]:
    """Without code and links that reach over the edge of a quote."""
    kept, number = [], 0
    for entity in solid:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        while number < len(quotes) and quotes[number]["offset"] + quotes[number]["length"] <= start:
            number += 1
        if number < len(quotes):
            quote_start = quotes[number]["offset"]
            quote_end = quote_start + quotes[number]["length"]
            if quote_end < end or start < quote_start < end:
                continue
        kept.append(entity)
    return kept


class _Splitter:
    """Styles of one kind that touch become one, and all are cut where something else begins or ends."""

    def __init__(self, styles: list[Entity]) -> None:
        self.styles = styles
        self.next = 0
        self.begin = dict.fromkeys(STYLES, 0)
        self.end = dict.fromkeys(STYLES, 0)
        self.done: list[Entity] = []

    def split(self, others: list[Entity]) -> list[Entity]:
        around: list[Entity] = []
        for entity in others:
            self._leave(around, entity["offset"])
            self._add_until(entity["offset"])
            around.append(entity)
        self._leave(around, BEYOND)
        self._add_until(BEYOND)
        return self.done

    def _leave(self, around: list[Entity], offset: int) -> None:
        while around and around[-1]["offset"] + around[-1]["length"] <= offset:
            entity = around.pop()
            before = len(self.done)
            self._add_until(entity["offset"] + entity["length"])
            if entity["type"] in VERBATIM:
                del self.done[before:]  # nothing is bold within code

    def _add_until(self, offset: int) -> None:
        while self.next < len(self.styles) and self.styles[self.next]["offset"] < offset:
            style = self.styles[self.next]
            self.next += 1
            kind, start, end = style["type"], style["offset"], style["offset"] + style["length"]
            if self.end[kind] and start <= self.end[kind]:
                self.end[kind] = max(self.end[kind], end)
            else:
                self._flush(start)
                self.begin[kind], self.end[kind] = start, end
        self._flush(offset)

    def _flush(self, offset: int) -> None:
        for kind in STYLES:
            begin, end = self.begin[kind], self.end[kind]
            if not end or begin >= offset:
                continue
            stop = min(end, offset)
            self.done.append({"type": kind, "offset": begin, "length": stop - begin})
            self.begin[kind], self.end[kind] = (0, 0) if end <= offset else (offset, end)
