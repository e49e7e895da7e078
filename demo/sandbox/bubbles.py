"""Messages as a phone draws them: entities become safe HTML, files become pictures, keyboards become buttons."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from html import escape

from demo.sandbox import icons, words
from demo.sandbox.chats import Chat, Message
from demo.sandbox.files import SHOWN_INLINE, StoredFile
from demo.sandbox.markup import Entity, utf16_length

SIMPLE_TAGS = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code"}
SAFE_SCHEMES = ("http://", "https://", "tg:", "mailto:", "tel:")
# Within these Telegram makes no links of its own.
VERBATIM = frozenset({"code", "pre", "text_link"})
BLOCKS = frozenset({"pre", "blockquote", "expandable_blockquote"})
LINK_FORM = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)»]|(?<![\w/.])(?:t\.me|hashslash\.\w+)/[\w/?=&%-]+")


def formatted(message_id: int, text: str, entities: list[Entity]) -> str:
    """The text with its entities as HTML; every piece of it is escaped on the way."""
    return _Formatter(message_id, text).between(0, utf16_length(text), _in_order(entities), linking=True)


def _in_order(entities: list[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


class _Formatter:
    def __init__(self, message_id: int, text: str) -> None:
        self.message_id = message_id
        # UTF-16 as Telegram counts: a unit is two bytes, and half an emoji cannot break anything.
        self.units = text.encode("utf-16-le", "surrogatepass")

    def piece(self, start: int, end: int) -> str:
        return self.units[2 * start : 2 * end].decode("utf-16-le", "replace")

    def between(self, start: int, end: int, entities: list[Entity], *, linking: bool) -> str:
        """HTML of the units from start to end; an entity that sticks out of its parent is cut to it."""
        done: list[str] = []
        at = start
        rest = list(entities)
        while rest:
            entity = rest.pop(0)
            entity_start = max(entity["offset"], at)
            entity_end = min(entity["offset"] + entity["length"], end)
            if entity_end <= entity_start:
                continue
            done.append(self.plain(at, entity_start - self.breaks(entity, at, entity_start), linking=linking))
            inner = [other for other in rest if other["offset"] < entity_end]
            inside_links = linking and entity["type"] not in VERBATIM
            content = self.between(entity_start, entity_end, inner, linking=inside_links)
            done.append(self.wrapped(entity, content))
            at = entity_end + self.breaks(entity, entity_end, end, after=True)
        done.append(self.plain(at, end, linking=linking))
        return "".join(done)

    def breaks(self, entity: Entity, start: int, end: int, *, after: bool = False) -> int:
        """1 when a line break stands beside a block: the block has a line of its own without it."""
        if entity["type"] not in BLOCKS or start >= end:
            return 0
        beside = self.piece(start, start + 1) if after else self.piece(end - 1, end)
        return int(beside == "\n")

    def plain(self, start: int, end: int, *, linking: bool) -> str:
        text = self.piece(start, end)
        if not linking:
            return escape(text)
        done, at = [], 0
        for found in LINK_FORM.finditer(text):
            done += [escape(text[at : found.start()]), link(found.group(), escape(found.group()))]
            at = found.end()
        return "".join([*done, escape(text[at:])])

    def wrapped(self, entity: Entity, content: str) -> str:
        kind = entity["type"]
        if kind in SIMPLE_TAGS:
            return f"<{SIMPLE_TAGS[kind]}>{content}</{SIMPLE_TAGS[kind]}>"
        drawn: dict[str, Callable[[Entity, str], str]] = {
            "pre": self.block,
            "text_link": lambda link_entity, inner: link(str(link_entity.get("url", "")), inner),
            "spoiler": self.spoiler,
            "blockquote": lambda _, inner: f"<blockquote>{inner}</blockquote>",
            "expandable_blockquote": self.expandable,
        }
        if kind in drawn:
            return drawn[kind](entity, content)
        return f'<span class="accent">{content}</span>' if kind != "custom_emoji" else content

    def block(self, entity: Entity, content: str) -> str:
        language = escape(str(entity.get("language", "")))
        title = f'<span class="language">{language}</span>' if language else ""
        return f"<pre>{title}<code>{content}</code></pre>"

    def spoiler(self, entity: Entity, content: str) -> str:
        box = self.checkbox("spoiler", entity, "Показать скрытое")
        return f'<label class="spoiler">{box}<span>{content}</span></label>'

    def expandable(self, entity: Entity, content: str) -> str:
        box = self.checkbox("quote", entity, "Показать цитату целиком")
        return f'<blockquote class="expandable"><label>{box}<span>{content}</span></label></blockquote>'

    def checkbox(self, kind: str, entity: Entity, label: str) -> str:
        identifier = f"{kind}-{self.message_id}-{entity['offset']}"
        return f'<input type="checkbox" id="{identifier}" aria-label="{label}">'


def link(url: str, content: str) -> str:
    """A link that opens beside the page; an address that a browser should not run stays mere words."""
    target = url if "://" in url or url.startswith(("tg:", "mailto:", "tel:")) else f"https://{url}"
    if not target.lower().startswith(SAFE_SCHEMES):
        return content
    shown = escape(target)
    return f'<a href="{shown}" title="{shown}" target="_blank" rel="noopener noreferrer">{content}</a>'


def bubble(chat: Chat, message: Message, *, has_content: bool) -> str:
    """One message; its key tells the page whether anything about it has changed."""
    side = "theirs" if message.bot_id else "mine"
    file = _file(message.file, has_content=has_content) if message.file else ""
    text = formatted(message.id, message.text, message.entities)
    shown_text = f'<div class="text" dir="auto">{text}</div>' if text else ""
    body = f'<div class="bubble">{file}{shown_text}{_marks(message)}</div>{_keyboard(chat, message)}'
    key = zlib.crc32(body.encode())
    kind = " picture" if message.file and message.file.kind != "document" and not text else ""
    return f'<article id="m{message.id}" class="message {side}{kind}" data-key="{key}">{body}</article>'


def _marks(message: Message) -> str:
    when = words.moment(message.date)
    silent = f'<span title="Без звука">{icons.SILENT}<span class="spoken"> без звука</span></span>'
    silent = silent if message.silent else ""
    edited = "<span>изменено</span>" if message.edited_at else ""
    title = f"{when:%d.%m.%Y, %H:%M:%S} МСК · сообщение № {message.id}"
    time = f'<time datetime="{when.isoformat()}" title="{title}">{when:%H:%M}</time>'
    return f'<div class="marks">{silent}{edited}{time}</div>'


def _file(file: StoredFile, *, has_content: bool) -> str:
    address = f"/media/{file.unique_id}"
    name, size = escape(file.name or "файл"), words.size(file.size)
    if file.kind == "photo" and has_content:
        return f'<img src="{address}" width="{file.width}" height="{file.height}" alt="Фотография {name}">'
    if file.kind == "video" and has_content and file.media_type in SHOWN_INLINE:
        return f'<video src="{address}" controls preload="metadata" aria-label="Видео {name}"></video>'
    placeholders = {"photo": (icons.PHOTO, "Фотография"), "video": (icons.VIDEO, "Видео")}
    icon, title = placeholders.get(file.kind, (icons.DOCUMENT, name))
    caption = f"<span><b><bdi>{title}</bdi></b><small>{size}</small></span>"
    inner = f'<span class="icon">{icon}</span>{caption}'
    if has_content:
        return f'<a class="file" href="{address}" download="{name}">{inner}</a>'
    return f'<div class="file">{inner}</div>'


def _keyboard(chat: Chat, message: Message) -> str:
    rows = "".join(
        f'<div class="row">{"".join(_button(chat, message, row, column) for column in range(len(buttons)))}</div>'
        for row, buttons in enumerate(message.keyboard)
    )
    if not rows:
        return ""
    return f'<form class="keyboard" method="post" action="/chat/{chat.id}/press">{rows}</form>'


def _button(chat: Chat, message: Message, row: int, column: int) -> str:
    button = message.keyboard[row][column]
    text, identifier = escape(str(button["text"])), f"b{message.id}-{row}-{column}"
    url = str(button.get("url") or "")
    if url:
        target = url if ":" in url else f"https://{url}"
        if target.lower().startswith(SAFE_SCHEMES):
            shown = escape(target)
            where = f'href="{shown}" title="{shown}" target="_blank" rel="noopener noreferrer"'
            corner = f'<span class="corner">{icons.OUTSIDE}</span>'
            return f'<a id="{identifier}" class="button" {where}><bdi>{text}</bdi>{corner}</a>'
    data = button.get("callback_data")
    if not data:
        return f'<button id="{identifier}" class="button" type="button" disabled><bdi>{text}</bdi></button>'
    press = chat.press
    waiting = press is not None and press.answer is None and (press.message_id, press.data) == (message.id, data)
    state = ' aria-busy="true"' if waiting else ""
    where = f'name="where" value="{message.id}-{row}-{column}" title="{escape(str(data))}"'
    return f'<button id="{identifier}" class="button" {where}{state}><bdi>{text}</bdi></button>'
