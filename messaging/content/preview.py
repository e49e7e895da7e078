"""A message as the student's phone will show it, for one chosen student; nothing of it is ever sent."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from messaging.content.content import Content
from messaging.content.markup import Entity, Parsed, parse_html
from messaging.content.placeholders import MissingValue, personalise, placeholders, read_values, without_values
from messaging.models import Broadcast
from users.models import TelegramUser

ELEMENTS = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "u": "u",
    "ins": "u",
    "s": "s",
    "strike": "s",
    "del": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}


@dataclass(frozen=True)
class Bubble:
    """What one student sees; ``missing`` is the placeholder for which nothing is known, and then nothing is sent."""

    person: TelegramUser | None
    text: SafeString
    kind: str
    file_name: str
    keyboard: list[list[dict[str, str]]]
    missing: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.keyboard or self.kind != Broadcast.Kind.TEXT)


def preview_message(content: Content, *, person: TelegramUser | None, file_name: str = "") -> Bubble:
    """Render a message for a person, or for somebody about whom nothing is known."""
    text, missing = personal_text(content, person)
    return Bubble(
        person=person,
        text=render(parse_html(text)),
        kind=content.kind,
        file_name=file_name,
        keyboard=content.keyboard,
        missing=missing,
    )


def personal_text(content: Content, person: TelegramUser | None) -> tuple[str, str]:
    """The text with the person's values in it, and the placeholder that has none ('' when all is well)."""
    if person is None:
        return without_values(content.text), ""
    names = [one.name for one in placeholders(content.text) if one.known]
    values = read_values([person.pk], names, streams=content.question.streams)[person.pk]
    try:
        return personalise(content.text, values), ""
    except MissingValue as missing:
        return without_values(content.text), missing.name


def render(parsed: Parsed) -> SafeString:
    """Turn a parsed text into HTML of our own: nothing of the author's passes unescaped."""
    out: list[str] = []
    at = 0
    closing: list[tuple[int, str]] = []  # the innermost last

    def text_until(end: int) -> None:
        nonlocal at
        out.append(escape(parsed.text[at:end]))
        at = max(at, end)

    def close_until(position: int) -> None:
        while closing and closing[-1][0] <= position:
            end, tag = closing.pop()
            text_until(end)
            out.append(tag)

    # The parser names an entity when it closes: of two over the same letters, the later is the outer one.
    numbered = sorted(enumerate(parsed.entities), key=lambda pair: (pair[1].start, -pair[1].end, -pair[0]))
    for _number, entity in numbered:
        close_until(entity.start)
        text_until(entity.start)
        opening, tag = _element(entity)
        out.append(opening)
        closing.append((entity.end, tag))
    close_until(len(parsed.text))
    text_until(len(parsed.text))
    return mark_safe("".join(out))  # noqa: S308  # every piece is escaped above


def _element(entity: Entity) -> tuple[str, str]:
    if entity.tag == "a":
        address = entity.attributes.get("href", "")
        if urlsplit(address).scheme in {"http", "https", "tg"}:
            return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">', address), "</a>"
        return "<span>", "</span>"
    if entity.tag in {"tg-spoiler", "span"}:
        return '<span class="spoiler">', "</span>"
    element = ELEMENTS.get(entity.tag, "span")
    return f"<{element}>", f"</{element}>"
