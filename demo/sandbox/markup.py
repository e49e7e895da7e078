"""Telegram's HTML: text and entities out of markup, with Telegram's own complaints and byte offsets.

A reading of tdlib's ``parse_html`` (td/telegram/MessageEntity.cpp, Bot API 9.5), and of nothing else: what the product
believes about markup has no say here. What is done with the text after that stands in ``arrival``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo.sandbox.errors import ApiError, bad_request
from demo.sandbox.links import SPACES, BadLink, checked_link, safe_integer, user_of_link

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
    "tg-time": "date_time",
}
# Of two entities over the same letters the smaller number stands first, and wins where only one can stay.
PRIORITY = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
# The only named ones that Telegram decodes; &nbsp; and the others stay as they were typed.
NAMED_CHARACTERS = {b"lt": 0x3C, b"gt": 0x3E, b"amp": 0x26, b"quot": 0x22}
LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = frozenset(b"0123456789")
HEX_DIGITS = DIGITS | frozenset(b"abcdefABCDEF")
IN_A_NAME_TOKEN = LETTERS | DIGITS | frozenset(b".-")
TAG_NAME_ENDS = frozenset(SPACES + b">")
ATTRIBUTE_NAME_ENDS = frozenset(SPACES + b"=>/\"'")
DATE_FLAGS = {"r": 1, "t": 2, "T": 4, "d": 8, "D": 16, "w": 32, "W": 32}
SURROGATES = (
    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units"
)


@dataclass(slots=True)
class _OpenTag:
    name: str
    argument: bytes
    date_format: bytes
    starts_at: int  # byte of the text
    offset: int  # UTF-16 units


@dataclass(slots=True)
class _Attributes:
    argument: bytes = b""
    date_format: bytes = b""


def utf16_length(text: str) -> int:
    """How Telegram counts offsets and lengths: an emoji is two units."""
    return len(text) + sum(character > "\uffff" for character in text)


def order(entity: Entity) -> tuple[int, int, int]:
    """Telegram's order: what begins first, then the longer one, then by kind."""
    kind = entity["type"]
    # A block with a language comes before one without.
    priority = 10 if kind == "pre" and "language" in entity else PRIORITY.get(kind, 50)
    return entity["offset"], -entity["length"], priority


def parse_html(markup: str) -> tuple[str, list[Entity]]:
    """Give the plain text and its entities (offsets and lengths in UTF-16 units), as they are before ``arrival``.

    Raises:
        ApiError: 400 «can't parse entities: …», with the byte offset in the UTF-8 of ``markup``.
    """
    try:
        source = markup.encode()
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    return _Parser(source).parse()


@dataclass
class _Parser:
    source: bytes
    at: int = 0
    text: bytearray = field(default_factory=bytearray)
    offset: int = 0
    open: list[_OpenTag] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def parse(self) -> tuple[str, list[Entity]]:
        end = len(self.source)
        # Telegram reads up to a NUL behind the text; two of them: looking one byte ahead never needs a question.
        self.source += b"\0\0"
        while self.at < end:
            if self.source[self.at] == ord("<"):
                self._close_tag() if self.source[self.at + 1] == ord("/") else self._open_tag()
            elif code := self._character_reference():
                self._write(_encoded(code))
            else:
                self._plain_run(end)
        if self.open:
            raise _complaint(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)  # only a block has one
        self.entities.sort(key=order)
        return _decoded(bytes(self.text)), self.entities

    def _write(self, piece: bytes) -> None:
        self.text += piece
        # Bytes that begin a character, and once more for those of four bytes: they are two units.
        self.offset += sum((byte & 0xC0 != 0x80) + (byte >= 0xF0) for byte in piece)

    def _plain_run(self, end: int) -> None:
        # The byte at the cursor is text, an «&» that means nothing among them.
        signs = (self.source.find(b"<", self.at + 1, end), self.source.find(b"&", self.at + 1, end))
        stop = min((found for found in signs if found >= 0), default=end)
        self._write(self.source[self.at : stop])
        self.at = stop

    def _character_reference(self) -> int:
        """Decode &lt; or &#10; at the cursor and pass it; 0, and nothing is passed, where there is none."""
        if self.source[self.at] != ord("&"):
            return 0
        code, end = self._number() if self.source[self.at + 1] == ord("#") else self._named()
        if code:
            self.at = end + (self.source[end] == ord(";"))  # the semicolon may be missing
        return code

    def _number(self) -> tuple[int, int]:
        start, digits, base = self.at + 2, DIGITS, 10
        if self.source[start] == ord("x"):
            start, digits, base = start + 1, HEX_DIGITS, 16
        end = start
        while self.source[end] in digits:
            end += 1
        fits = start < end < self.at + 10
        code = int(self.source[start:end], base) if fits else 0
        return (code if code < 0x10FFFF else 0), end

    def _named(self) -> tuple[int, int]:
        end = self.at + 1
        while self.source[end] in LETTERS:
            end += 1
        return NAMED_CHARACTERS.get(self.source[self.at + 1 : end], 0), end

    def _skip_spaces(self) -> None:
        while self.source[self.at] and self.source[self.at] in SPACES:
            self.at += 1

    def _pass_until(self, ends: frozenset[int]) -> bytes:
        start = self.at
        while self.source[self.at] not in ends:
            self.at += 1
        return self.source[start : self.at]

    # Start tags

    def _open_tag(self) -> None:
        begin = self.at
        self.at += 1
        name = _shown(self._pass_until(TAG_NAME_ENDS).lower())
        if not self.source[self.at]:
            raise _complaint(f"Unclosed start tag at byte offset {begin}")
        if name not in ENTITY_OF_TAG:
            raise _complaint(f'Unsupported start tag "{name}" at byte offset {begin}')
        found = _Attributes()
        while self._attribute(name, begin, found):
            pass
        if name == "span" and found.argument != b"spoiler":
            raise _complaint(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.at += 1
        self.open.append(_OpenTag(name, found.argument, found.date_format, len(self.text), self.offset))

    def _attribute(self, tag: str, begin: int, found: _Attributes) -> bool:
        """Read one attribute; False at the bracket that ends the tag."""
        self._skip_spaces()
        if self.source[self.at] == ord(">"):
            return False
        name = self._pass_until(ATTRIBUTE_NAME_ENDS)
        if not name:
            raise _complaint(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
        self._skip_spaces()
        if not self.source[self.at]:
            raise _complaint(f'Unclosed start tag "{tag}" at byte offset {begin}')
        if self.source[self.at] == ord("="):
            _take(found, tag, name, self._attribute_value(tag, begin))
        elif (tag, name) == ("blockquote", b"expandable"):
            found.argument = b"1"
        return True

    def _attribute_value(self, tag: str, begin: int) -> bytes:
        self.at += 1
        self._skip_spaces()
        if not self.source[self.at]:
            raise _complaint(f'Unclosed start tag "{tag}" at byte offset {begin}')
        value = self._quoted() if self.source[self.at] in b"\"'" else self._name_token()
        if not self.source[self.at]:
            raise _complaint(f"Unclosed start tag at byte offset {begin}")
        return value

    def _name_token(self) -> bytes:
        start = self.at
        while self.source[self.at] in IN_A_NAME_TOKEN:
            self.at += 1
        if self.source[self.at] not in TAG_NAME_ENDS:
            raise _complaint(f"Unexpected end of name token at byte offset {start}")
        return self.source[start : self.at].lower()

    def _quoted(self) -> bytes:
        quote = self.source[self.at]
        self.at += 1
        value = bytearray()
        while self.source[self.at] not in {quote, 0}:
            if code := self._character_reference():
                value += _encoded(code)
            else:
                value.append(self.source[self.at])
                self.at += 1
        self.at += self.source[self.at] == quote
        return bytes(value)

    # End tags

    def _close_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise _complaint(f"Unexpected end tag at byte offset {begin}")
        self.at += 2
        name = _shown(self._pass_until(TAG_NAME_ENDS).lower())
        self._skip_spaces()
        if self.source[self.at] != ord(">"):
            raise _complaint(f"Unclosed end tag at byte offset {begin}")
        self.at += 1
        tag = self.open.pop()
        # «</>» closes whatever is open.
        if name and name != tag.name:
            expected = f'expected "</{tag.name}>", found "</{name}>"'
            raise _complaint(f"Unmatched end tag at byte offset {begin}, {expected}")
        if self.offset > tag.offset:
            self._add_entity(tag)

    def _add_entity(self, tag: _OpenTag) -> None:
        entity: Entity = {"type": ENTITY_OF_TAG[tag.name], "offset": tag.offset, "length": self.offset - tag.offset}
        if tag.name == "a":
            self._add_link(entity, tag)
        elif tag.name in {"pre", "code"}:
            self._add_code(entity, tag)
        elif tag.name == "tg-time":
            self._add_date(entity, tag)
        else:
            if tag.name == "tg-emoji":
                if not safe_integer(tag.argument):
                    raise _complaint("Invalid custom emoji identifier specified")
                entity["custom_emoji_id"] = tag.argument.decode()
            elif tag.name == "blockquote" and tag.argument:
                entity["type"] = "expandable_blockquote"
            self.entities.append(entity)

    def _add_link(self, entity: Entity, tag: _OpenTag) -> None:
        link = tag.argument or bytes(self.text[tag.starts_at :])
        if user_id := user_of_link(link):
            # The bot knows only the id; who that is the server fills in.
            user = {"id": user_id, "is_bot": False, "first_name": _shown(bytes(self.text[tag.starts_at :]))}
            self.entities.append(entity | {"type": "text_mention", "user": user})
            return
        try:
            self.entities.append(entity | {"url": _decoded(checked_link(link))})
        except BadLink:
            return  # Telegram keeps the words and drops a link that leads nowhere

    def _add_code(self, entity: Entity, tag: _OpenTag) -> None:
        """<pre><code class="language-x"> is one block with a language, whichever of the two is outside."""
        last = self.entities[-1] if self.entities else {}
        same = (last.get("offset"), last.get("length")) == (entity["offset"], entity["length"])
        if tag.name == "pre" and same and last["type"] == "code" and last.get("language"):
            last["type"] = "pre"
        elif tag.name == "code" and same and last["type"] == "pre" and "language" not in last and tag.argument:
            last["language"] = _decoded(tag.argument)
        else:
            if tag.argument:
                entity["language"] = _decoded(tag.argument)
            self.entities.append(entity)

    def _add_date(self, entity: Entity, tag: _OpenTag) -> None:
        letters = tag.date_format.decode(errors="replace")
        if not set(letters) <= DATE_FLAGS.keys() or ("r" in letters and letters != "r"):
            raise _complaint("Invalid date format used")
        moment = safe_integer(tag.argument, 32)
        if moment is None or moment <= 0:
            return  # no date, and the words stay words
        entity["unix_time"] = moment
        flags = sum({DATE_FLAGS[letter] for letter in letters})
        entity["date_time_format"] = "".join(letter for letter in "rwdDtT" if flags & DATE_FLAGS[letter])
        self.entities.append(entity)


def _take(found: _Attributes, tag: str, name: bytes, value: bytes) -> None:
    """Keep the attribute if it means something for the tag; of two equal ones the last counts."""
    if (tag, name) in {("a", b"href"), ("tg-emoji", b"emoji-id"), ("tg-time", b"unix")}:
        found.argument = value
    elif (tag, name) == ("tg-time", b"format"):
        found.date_format = value
    elif (tag, name) == ("code", b"class") and value.startswith(b"language-"):
        found.argument = value.removeprefix(b"language-")
    elif (tag, name) == ("span", b"class") and value.startswith(b"tg-"):
        found.argument = value.removeprefix(b"tg-")
    elif (tag, name) == ("blockquote", b"expandable"):
        found.argument = b"1"


def _encoded(code: int) -> bytes:
    """The number as Telegram writes it: half of a pair too, which is found out at the end."""
    return chr(code).encode("utf-8", "surrogatepass")


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise _complaint(SURROGATES) from None


def _shown(name: bytes) -> str:
    return name.decode(errors="replace")


def _complaint(fact: str) -> ApiError:
    return bad_request(f"can't parse entities: {fact}")
