"""A message as the student's phone will show it, for one chosen student; nothing of it is ever sent."""

from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from messaging.content.content import Content
from messaging.content.entities import Entity
from messaging.content.markup import parse_html
from messaging.content.parsed import Parsed
from messaging.content.placeholders import (
    MissingValue,
    describe_missing,
    personalise,
    placeholders,
    read_values,
    without_values,
)
from messaging.models import Broadcast
from users.models import TelegramUser

ELEMENTS = {
    "bold": "strong",
    "italic": "em",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}


@dataclass(frozen=True)
class Bubble:
    """What one student sees; ``missing`` says why this student would not get it ('' when they would)."""

    person: TelegramUser | None
    text: SafeString
    kind: str
    file_name: str
    picture: str  # the address of the photo, where we have it
    keyboard: list[list[dict[str, str]]]
    missing: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.keyboard or self.kind != Broadcast.Kind.TEXT)


def preview_message(content: Content, *, person: TelegramUser | None, file_name: str = "", picture: str = "") -> Bubble:
    """Render a message for a person, or for somebody about whom nothing is known."""
    text, missing = personal_text(content, person)
    return Bubble(
        person=person,
        text=render(parse_html(text)),
        kind=content.kind,
        file_name=file_name,
        picture=picture if content.kind == Broadcast.Kind.PHOTO else "",
        keyboard=content.keyboard,
        missing=missing,
    )


def personal_text(content: Content, person: TelegramUser | None) -> tuple[str, str]:
    """The text with the person's values, and a sentence about a value that is missing ('' when none is)."""
    if person is None:
        return without_values(content.text), ""
    names = [placeholder.name for placeholder in placeholders(content.text) if placeholder.known]
    values = read_values([person.pk], names, streams=content.question.streams)[person.pk]
    try:
        return personalise(content.text, values), ""
    except MissingValue as missing:
        return without_values(content.text), describe_missing(missing.name)


def render(parsed: Parsed) -> SafeString:
    """Turn a parsed text into HTML of our own: nothing of the author's passes unescaped."""
    units = parsed.text.encode("utf-16-le", "surrogatepass")  # Telegram counts in these, two bytes each
    out: list[str] = []
    closing: list[tuple[int, str]] = []  # the innermost last
    at = 0

    def text_until(end: int) -> None:
        nonlocal at
        out.append(escape(units[2 * at : 2 * end].decode("utf-16-le", "replace")))
        at = max(at, end)

    def close_until(position: int) -> None:
        while closing and closing[-1][0] <= position:
            end, tag = closing.pop()
            text_until(end)
            out.append(tag)

    # They come in Telegram's order, the outer one first, and never cross.
    for entity in parsed.entities:
        close_until(entity.offset)
        text_until(entity.offset)
        opening, tag = _element(entity)
        out.append(opening)
        closing.append((entity.end, tag))
    close_until(len(units) // 2)
    text_until(len(units) // 2)
    return mark_safe("".join(out))  # noqa: S308  # every piece is escaped above


def _element(entity: Entity) -> tuple[str, str]:
    attributes = entity.attributes
    if entity.type == "text_link":
        return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">', attributes["url"]), "</a>"
    if entity.type == "text_mention":
        return format_html('<a href="tg://user?id={}">', attributes["user_id"]), "</a>"
    if entity.type == "spoiler":
        return '<span class="spoiler">', "</span>"
    element = ELEMENTS.get(entity.type, "span")
    return f"<{element}>", f"</{element}>"
