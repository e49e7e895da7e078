"""Telegram's HTML: text and entities out of markup, with Telegram's own complaints and byte offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.sandbox.errors import ApiError, bad_request

Entity = dict[str, Any]

ENTITY_OF_TAG = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
}
# The only named ones that Telegram decodes; &nbsp; and the others stay as they were typed.
NAMED_CHARACTERS = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
# Telegram's parser counts NUL, which also ends the text, among the spaces.
SPACES = b" \t\r\n\0\v"
MAX_ENTITIES = 100


@dataclass(slots=True)
class _OpenTag:
    name: str
    argument: str
    starts_at: int  # index into the pieces of text
    offset: int  # UTF-16 units


def utf16_length(text: str) -> int:
    """How Telegram counts offsets and lengths: an emoji is two units."""
    return len(text) + sum(character > "\uffff" for character in text)


def parse_html(markup: str) -> tuple[str, list[Entity]]:
    """Give the plain text and its entities (offsets and lengths in UTF-16 units).

    Raises:
        ApiError: 400 «can't parse entities: …», with the byte offset in the UTF-8 of ``markup``.
    """
    if "<" not in markup and "&" not in markup:
        return markup, []
    return _Parser(markup).parse()


class _Parser:
    def __init__(self, markup: str) -> None:
        # Two NULs: a complaint about the end never has to ask whether there is a next byte.
        self.bytes = markup.encode("utf-8", "replace") + b"\0\0"
        self.end = len(self.bytes) - 2
        self.at = 0
        self.pieces: list[str] = []
        self.offset = 0
        self.open: list[_OpenTag] = []
        self.entities: list[Entity] = []

    def parse(self) -> tuple[str, list[Entity]]:
        while self.at < self.end:
            byte = self.bytes[self.at]
            if byte == 0x3C:  # <
                if self.bytes[self.at + 1] == 0x2F:  # /
                    self._close_tag()
                else:
                    self._open_tag()
            elif byte == 0x26:  # &
                self._write(self._character_reference() or self._one_byte())
            else:
                self._plain_run()
        if self.open:
            raise _complaint(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)  # only a block has one
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self.pieces), self.entities

    def _write(self, text: str) -> None:
        self.pieces.append(text)
        self.offset += utf16_length(text)

    def _one_byte(self) -> str:
        self.at += 1
        return "&"

    def _plain_run(self) -> None:
        ends = [found for found in (self.bytes.find(b"<", self.at), self.bytes.find(b"&", self.at)) if found >= 0]
        end = min([*ends, self.end])
        self._write(self.bytes[self.at : end].decode())
        self.at = end

    def _character_reference(self) -> str:
        """Decode &lt; or &#10; at the cursor and pass it; an unknown one gives '' and moves nothing."""
        end = self.at + 1
        if self.bytes[end] == 0x23:  # #
            end += 1
            digits, base = b"0123456789", 10
            if self.bytes[end] in b"xX":
                end += 1
                digits, base = b"0123456789abcdefABCDEF", 16
            start = end
            while self.bytes[end] in digits:
                end += 1
            code = int(self.bytes[start:end], base) if 0 < end - start < 10 else 0
            if not 0 < code <= 0x10FFFF:
                return ""
            if 0xD800 <= code < 0xE000:
                raise _complaint(
                    "Text contains invalid Unicode characters after decoding HTML entities, "
                    "check for unmatched surrogate code units"
                )
            character = chr(code)
        else:
            while self.bytes[end : end + 1].isalpha():
                end += 1
            character = NAMED_CHARACTERS.get(self.bytes[self.at + 1 : end], "")
            if not character:
                return ""
        self.at = end + (self.bytes[end] == 0x3B)  # the semicolon may be missing
        return character

    def _skip_spaces(self) -> None:
        while self.at < self.end and self.bytes[self.at] in SPACES:
            self.at += 1

    def _open_tag(self) -> None:
        begin = self.at
        self.at += 1
        while self.bytes[self.at] not in SPACES and self.bytes[self.at] != 0x3E:
            self.at += 1
        if self.at >= self.end:
            raise _complaint(f"Unclosed start tag at byte offset {begin}")
        name = self.bytes[begin + 1 : self.at].decode(errors="replace").lower()
        if name not in ENTITY_OF_TAG:
            raise _complaint(f'Unsupported start tag "{name}" at byte offset {begin}')
        argument = self._attributes(name, begin)
        if name == "span" and argument != "spoiler":
            raise _complaint(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.at += 1
        self.open.append(_OpenTag(name, argument, len(self.pieces), self.offset))

    def _attributes(self, tag: str, begin: int) -> str:
        """Read up to the closing bracket; give the one attribute that means something for the tag."""
        argument = ""
        while True:
            self._skip_spaces()
            if self.bytes[self.at] == 0x3E:
                return argument
            start = self.at
            while self.bytes[self.at] not in SPACES and self.bytes[self.at] not in b"=>":
                self.at += 1
            attribute = self.bytes[start : self.at].decode(errors="replace")
            if not attribute:
                raise _complaint(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
            self._skip_spaces()
            value = "1"
            if self.bytes[self.at] == 0x3D:  # =
                value = self._attribute_value(tag, begin)
            elif self.at >= self.end:
                raise _complaint(f'Unclosed start tag "{tag}" at byte offset {begin}')
            argument = _meaning(tag, attribute, value) or argument

    def _attribute_value(self, tag: str, begin: int) -> str:
        self.at += 1
        self._skip_spaces()
        if self.at >= self.end:
            raise _complaint(f'Unclosed start tag "{tag}" at byte offset {begin}')
        quote = self.bytes[self.at]
        value = self._quoted(quote) if quote in b"\"'" else self._name_token()
        if self.at >= self.end:
            raise _complaint(f"Unclosed start tag at byte offset {begin}")
        return value

    def _name_token(self) -> str:
        start = self.at
        while self.bytes[self.at : self.at + 1].isalnum() or self.bytes[self.at] in b".-":
            self.at += 1
        if self.bytes[self.at] not in SPACES and self.bytes[self.at] != 0x3E:
            raise _complaint(f"Unexpected end of name token at byte offset {start}")
        return self.bytes[start : self.at].decode().lower()

    def _quoted(self, quote: int) -> str:
        self.at += 1
        value = bytearray()
        while self.at < self.end and self.bytes[self.at] != quote:
            if self.bytes[self.at] == 0x26 and (character := self._character_reference()):
                value += character.encode()
                continue
            value.append(self.bytes[self.at])
            self.at += 1
        if self.at < self.end:
            self.at += 1
        return value.decode(errors="replace")

    def _close_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise _complaint(f"Unexpected end tag at byte offset {begin}")
        self.at += 2
        while self.bytes[self.at] not in SPACES and self.bytes[self.at] != 0x3E:
            self.at += 1
        name = self.bytes[begin + 2 : self.at].decode(errors="replace").lower()
        self._skip_spaces()
        if self.bytes[self.at] != 0x3E:
            raise _complaint(f"Unclosed end tag at byte offset {begin}")
        self.at += 1
        tag = self.open.pop()
        # «</>» closes whatever is open, as in Telegram.
        if name and name != tag.name:
            expected = f'expected "</{tag.name}>", found "</{name}>"'
            raise _complaint(f"Unmatched end tag at byte offset {begin}, {expected}")
        if self.offset > tag.offset:
            self._add_entity(tag)

    def _add_entity(self, tag: _OpenTag) -> None:
        entity: Entity = {
            "type": ENTITY_OF_TAG[tag.name],
            "offset": tag.offset,
            "length": self.offset - tag.offset,
        }
        if tag.name == "a":
            entity["url"] = tag.argument or "".join(self.pieces[tag.starts_at :])
            if not is_link(entity["url"]):
                return  # Telegram keeps the words and drops a link that leads nowhere
        elif tag.name == "tg-emoji":
            if not tag.argument.isdecimal():
                raise _complaint("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = tag.argument
        elif tag.name == "blockquote" and tag.argument:
            entity["type"] = "expandable_blockquote"
        elif tag.name == "code" and tag.argument:
            entity["language"] = tag.argument
        if tag.name == "pre":
            self._take_language(entity)
        self.entities.append(entity)

    def _take_language(self, pre: Entity) -> None:
        """<pre><code class="language-x"> is one block with a language, not code within a block."""
        last = self.entities[-1] if self.entities else None
        if last and last["type"] == "code" and (last["offset"], last["length"]) == (pre["offset"], pre["length"]):
            self.entities.pop()
            if "language" in last:
                pre["language"] = last["language"]


def _meaning(tag: str, attribute: str, value: str) -> str:
    if (tag, attribute) in {("a", "href"), ("tg-emoji", "emoji-id")}:
        return value
    if (tag, attribute) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (tag, attribute) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    return "1" if (tag, attribute) == ("blockquote", "expandable") else ""


def is_link(url: str) -> bool:
    """Whether Telegram makes a link of it: a scheme it knows, or a bare host with a dot."""
    scheme, separator, rest = url.partition("://")
    if url.startswith(("tg:", "mailto:", "tel:")):
        return True
    if separator and scheme.lower() not in {"http", "https", "tg", "ton", "tonsite"}:
        return False
    host = (rest if separator else url).split("/", 1)[0].split("?", 1)[0].rsplit("@", 1)[-1]
    return "." in host.strip(".") and not any(character.isspace() for character in host)


def trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Strip the outer spaces as Telegram does, shift the entities, keep the first 100 of them."""
    stripped = text.strip()
    if stripped == text:
        return text, entities[:MAX_ENTITIES]
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    total = utf16_length(stripped)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, total)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return stripped, kept[:MAX_ENTITIES]


def _complaint(fact: str) -> ApiError:
    return bad_request(f"can't parse entities: {fact}")
