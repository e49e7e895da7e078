"""What becomes of formatted text on its way: letters that Telegram removes, spaces around, formats that exclude."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
QUOTES = frozenset({"blockquote", "expandable_blockquote"})
VERBATIM = frozenset({"code", "pre"})  # nothing is bold within
# Of formats over the same letters the smaller one is outside, and stays where only one can.
_RANK = dict.fromkeys(QUOTES, 0) | {"code": 20, "text_link": 49, "text_mention": 49, "custom_emoji": 99}
_RANK |= {style: 90 + number for number, style in enumerate(STYLES)}

_GONE = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_CONTROL = re.compile("[\0-\t\x0b\x0c\x0e-\x1f]")
# Of several marks of direction in a row only the last is left as it is.
_MARKS = re.compile("[\u200e\u200f](?=[\u200e\u200f])")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
# Nothing to see: spaces of every width, joiners, marks, the empty Braille cell, tags.
_INKLESS = re.compile(
    "[\0\t-\r \u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f-\u2064\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*+"
)


@dataclass(frozen=True, slots=True)
class Entity:
    """A formatted piece of the text; offset and length in UTF-16 units, as Telegram counts."""

    type: str
    offset: int
    length: int
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def order(self) -> tuple[int, int, int]:
        """Telegram's own: what begins first, then the longer one, then by kind."""
        rank = (10 if "language" in self.attributes else 11) if self.type == "pre" else _RANK.get(self.type, 50)
        return self.offset, -self.length, rank

    def between(self, start: int, end: int) -> "Entity":
        return Entity(self.type, start, end - start, self.attributes)


def utf16_length(text: str) -> int:
    """How Telegram counts offsets: an emoji is two units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_empty(text: str) -> bool:
    """Whether Telegram sees nothing in it: spaces and letters without ink only."""
    return _INKLESS.fullmatch(text) is not None


def as_delivered(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Give the text and its formats as the student gets them; '' where nothing is left."""
    entities = _compatible(entities)
    if _GONE.search(text):
        # Once more: letters that vanish bring formats together that were apart.
        text, entities = _without_gone(text, entities)
        entities = _compatible(entities)
    text = _MARKS.sub("\u200c", _CONTROL.sub(" ", text))
    body = text.rstrip(" \n")
    if is_empty(body):
        return "", []
    end = utf16_length(body)
    if any(entity.end > end for entity in entities):
        cut = [entity.between(entity.offset, min(entity.end, end)) for entity in entities if entity.offset < end]
        entities = sorted(cut, key=attrgetter("order"))
    # Spaces at the beginning go, but only up to the first format.
    spaces = len(body) - len(body.lstrip(" \n"))
    lead = min(spaces, entities[0].offset) if entities else spaces
    return body[lead:], [entity.between(entity.offset - lead, entity.end - lead) for entity in entities]


def _without_gone(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    astral = [found.start() for found in _ASTRAL.finditer(text)]
    gone = [found.start() + bisect_left(astral, found.start()) for found in _GONE.finditer(text)]
    moved = [
        entity.between(entity.offset - bisect_left(gone, entity.offset), entity.end - bisect_left(gone, entity.end))
        for entity in entities
    ]
    return _GONE.sub("", text), moved


def _compatible(entities: list[Entity]) -> list[Entity]:
    """Drop what lies in another of its kind, and cut styles where something else begins or ends."""
    ordered = sorted((entity for entity in entities if entity.length > 0), key=attrgetter("order"))
    quotes = _disjoint([entity for entity in ordered if entity.type in QUOTES])
    solid = _disjoint([entity for entity in ordered if entity.type not in {*QUOTES, *STYLES}])
    ends = [quote.end for quote in quotes]
    solid = [entity for entity in solid if not _crosses(entity, quotes, ends)]
    styles = _cut_styles([entity for entity in ordered if entity.type in STYLES], solid, quotes)
    return sorted([*quotes, *solid, *styles], key=attrgetter("order"))


def _disjoint(entities: list[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    for entity in entities:
        if not kept or entity.offset >= kept[-1].end:
            kept.append(entity)
    return kept


def _crosses(entity: Entity, quotes: list[Entity], ends: list[int]) -> bool:
    """Whether it reaches over the edge of the first quote that ends after its beginning."""
    number = bisect_right(ends, entity.offset)
    if number == len(quotes):
        return False
    quote = quotes[number]
    return quote.end < entity.end or entity.offset < quote.offset < entity.end


def _cut_styles(styles: list[Entity], solid: list[Entity], quotes: list[Entity]) -> list[Entity]:
    runs = [run for style in STYLES for run in _joined([entity for entity in styles if entity.type == style])]
    cuts = {run.offset for run in runs}
    cuts |= {place for entity in (*solid, *quotes) for place in (entity.offset, entity.end)}
    places = sorted(cuts)
    verbatim = [entity for entity in solid if entity.type in VERBATIM]
    starts = [entity.offset for entity in verbatim]
    pieces = []
    for run in runs:
        inner = places[bisect_right(places, run.offset) : bisect_left(places, run.end)]
        for start, end in pairwise([run.offset, *inner, run.end]):
            number = bisect_right(starts, start) - 1
            if number < 0 or verbatim[number].end <= start:
                pieces.append(run.between(start, end))
    return pieces


def _joined(entities: list[Entity]) -> list[Entity]:
    """Pieces of one style that touch or overlap, as one."""
    runs: list[Entity] = []
    for entity in entities:
        if runs and entity.offset <= runs[-1].end:
            runs[-1] = runs[-1].between(runs[-1].offset, max(runs[-1].end, entity.end))
        else:
            runs.append(entity)
    return runs
