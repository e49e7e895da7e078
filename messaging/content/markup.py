"""Telegram's HTML as Telegram reads it: the text that arrives, its formats, and every mistake with its place.

One pass over the text, whatever stands in it. The rules are those of tdlib's ``parse_html``; where Telegram stops at
the first mistake, this goes on, and takes care that one mistake is one complaint.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

from django.utils.translation import gettext as _

from messaging.content import complaints
from messaging.content.entities import Entity, as_delivered, utf16_length
from messaging.content.links import SPACES, ascii_lower, judge_link
from messaging.content.parsed import Parsed, Problem

RAW_LIMIT = 32 * 1024  # bytes, tags included (spec/telegram.md)
MOST_PROBLEMS = 20  # more than anybody mends at once

# What formats what, and since which version of the Bot API (core.telegram.org/bots/api-changelog).
TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    **dict.fromkeys(("u", "ins"), "underline"),  # 4.5
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),  # 4.5
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),  # 5.6
    "tg-emoji": "custom_emoji",  # 6.2
    "blockquote": "blockquote",  # 7.0; expandable since 7.4
    "tg-time": "date_time",  # 9.5
}
LONGEST_NAME = 40  # of a tag: more is none of Telegram's
LONGEST_WORDS = 512  # UTF-16 units between <a> and </a> that may be the address itself

_TAG_NAME = re.compile(rf"</?([^{SPACES}>]{{0,{LONGEST_NAME}}})")
_ATTRIBUTE_NAME = re.compile(rf"""[^{SPACES}=>/"']+""")
_SPACES = re.compile(r"[ \t\r\n\v]*")  # NUL is a space within names, and ends the text elsewhere
_QUOTED = re.compile(r""""([^"\0]*)"|'([^'\0]*)'""")
_NAME_TOKEN = re.compile(r"[A-Za-z0-9.\-]*")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*/?")
_LIKE_A_TAG = re.compile(r"< ?([^\s<>]{0,40})>")
# Four names and numbers of at most nine signs; the semicolon may be missing, and any other & stays as it is.
_REFERENCE = re.compile(
    r"&(?:#(?P<decimal>[0-9]{1,7})(?![0-9])|#x(?P<hex>[0-9a-fA-F]{1,6})(?![0-9a-fA-F])"
    r"|(?P<name>lt|gt|amp|quot)(?![a-zA-Z]));?"
)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SURROGATE = re.compile("[\ud800-\udfff]")
_EMOJI_ID = re.compile(r"-?[1-9][0-9]{0,18}")
_UNIX = re.compile(r"[1-9][0-9]{0,9}")
_DATE_FORMAT = re.compile(r"r?|[tTdDwW]*")


def parse_html(text: str) -> Parsed:
    """Parse as Telegram does; what is over its limit stays as it was written and is not parsed at all."""
    if is_too_large(text):
        return Parsed(
            text, problems=(Problem(_("With its tags, the text is over 32 KB. Telegram does not accept that.")),)
        )
    return read_markup(text)


def is_too_large(text: str) -> bool:
    return len(text) > RAW_LIMIT or len(text.encode("utf-8", "replace")) > RAW_LIMIT


def read_markup(text: str) -> Parsed:
    """Parse a text of any length."""
    return _Parser(text).parse()


def bare_text(html: str) -> str:
    """The words without their tags, for lists and titles; right or wrong, of any length, it never raises."""
    if is_too_large(html):
        return re.sub(r"<[^<>]*+>", "", html).strip()
    return read_markup(html).text


@dataclass(slots=True)
class _Open:
    """A start tag whose end is still to come."""

    name: str
    at: int
    piece: int  # the number of the text's piece where it begins
    units: int  # UTF-16
    attributes: dict[str, str]


@dataclass
class _Parser:
    source: str
    at: int = 0
    pieces: list[str] = field(default_factory=list)
    units: int = 0
    sign_ended: int = -1  # where the last «<» that begins no tag ended
    open: list[_Open] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)  # of the open tags
    # Ends that belong to a mistake already named, so that they are no second one.
    forgiven: Counter[str] = field(default_factory=Counter)
    entities: list[Entity] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    losses: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    def parse(self) -> Parsed:
        if found := _SURROGATE.search(self.source):
            self._half_character(found.start())
            self.source = _SURROGATE.sub("\ufffd", self.source)
        while self.at < len(self.source):
            bracket = self.source.find("<", self.at)
            end = bracket if bracket >= 0 else len(self.source)
            self._text(self.at, end)
            self.at = end
            if end < len(self.source):
                self._end_tag() if self.source.startswith("</", end) else self._start_tag()
        for tag in islice(self.open, MOST_PROBLEMS):
            self._problem(complaints.never_closed(tag.name), tag.at)
        # Of code alone Telegram forgets the language.
        found_entities = [Entity(e.type, e.offset, e.length) if e.type == "code" else e for e in self.entities]
        text, entities = as_delivered("".join(self.pieces), found_entities)
        return Parsed(text, tuple(entities), *map(tuple, (self.problems, self.losses, self.doubts)))

    def _problem(self, message: str, at: int) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(message, at))

    def _half_character(self, at: int) -> None:
        if not any(problem.message == complaints.half_character() for problem in self.problems):
            self._problem(complaints.half_character(), at)

    def _text(self, start: int, end: int) -> None:
        def decoded(found: re.Match[str]) -> str:
            character = _character(found)
            if _SURROGATE.match(character):
                self._half_character(start + found.start())
                return "\ufffd"
            return character

        if start < end:
            self._write(_REFERENCE.sub(decoded, self.source[start:end]))

    def _write(self, piece: str) -> None:
        self.pieces.append(piece)
        self.units += utf16_length(piece)

    def _whole(self, value: str, at: int) -> str:
        """An attribute that goes out: where it has half an emoji, Telegram refuses the text."""
        if _SURROGATE.search(value):
            self._half_character(at)
        return _SURROGATE.sub("\ufffd", value)

    def _is_over(self) -> bool:
        """Whether the text ended within a tag; a NUL counts as its end."""
        return self.at >= len(self.source) or self.source[self.at] == "\0"

    def _skip_spaces(self) -> None:
        found = _SPACES.match(self.source, self.at)
        self.at = found.end() if found else self.at

    def _give_up(self, message: str, at: int) -> None:
        """A tag that never ends swallows all that follows: nothing more can be said."""
        self._problem(message, at)
        self._write(self.source[at:])
        self.at = len(self.source)
        self.open.clear()

    def _skip_tag(self) -> None:
        bracket = self.source.find(">", self.at)
        self.at = bracket + 1 if bracket >= 0 else len(self.source)

    # Start tags

    def _start_tag(self) -> None:
        begin = self.at
        found = _TAG_NAME.match(self.source, begin)
        written = found[1] if found else ""
        name = ascii_lower(written)
        self.at += 1 + len(written)
        if name not in TAGS or self._is_over():
            self._no_tag(begin, written)
            return
        attributes = self._attributes(name, begin)
        if attributes is None:
            self.forgiven[name] += 1  # its end is no second mistake
            return
        if name == "span" and attributes.get("class") != "tg-spoiler":
            self._problem(complaints.needs_class(), begin)
        self.names[name] += 1
        self.open.append(_Open(name, begin, len(self.pieces), self.units, attributes))

    def _no_tag(self, begin: int, written: str) -> None:
        name = ascii_lower(written).rstrip("/")
        if _WORD.fullmatch(written) and not self._is_over():
            self._problem(complaints.unknown_tag(name, closes_itself=name in TAGS), begin)
            self.forgiven[name] += name in TAGS or not written.endswith("/")
            self._skip_tag()
            return
        if begin != self.sign_ended:  # of «<<<» only the first is a mistake
            self._problem(complaints.begins_no_tag(), begin)
        self._write("<")
        self.at = self.sign_ended = begin + 1
        if found := _LIKE_A_TAG.match(self.source, begin):  # «< b>», «<Я>»: nor is the end of it a second one
            self.forgiven[ascii_lower(found[1])] += 1

    def _attributes(self, tag: str, begin: int) -> dict[str, str] | None:
        """Read the attributes and pass the bracket; None where they cannot be read: the complaint is made."""
        attributes: dict[str, str] = {}
        while True:
            self._skip_spaces()
            if self.source.startswith(">", self.at):
                self.at += 1
                return attributes
            if not self._attribute(tag, begin, attributes):
                return None

    def _attribute(self, tag: str, begin: int, attributes: dict[str, str]) -> bool:
        """Read one attribute; False where it cannot be read."""
        found = _ATTRIBUTE_NAME.match(self.source, self.at)
        if found is None:
            return self._broken(tag, begin)
        self.at = found.end()
        self._skip_spaces()
        if self._is_over():
            return self._broken(tag, begin)
        if self.source[self.at] != "=":
            # Telegram skips a name without a value, but for this one.
            if (tag, found[0]) == ("blockquote", "expandable"):
                attributes["expandable"] = ""
            return True
        self.at += 1
        value = self._value(tag, found[0], begin)
        if value is None:
            return False
        _keep(attributes, tag, found[0], value)
        return True

    def _value(self, tag: str, name: str, begin: int) -> str | None:
        self._skip_spaces()
        if self.source.startswith(('"', "'"), self.at):
            quoted = _QUOTED.match(self.source, self.at)
            if quoted is None:
                self._broken(tag, begin, over=True)
                return None
            self.at = quoted.end()
            value = _REFERENCE.sub(_character, quoted[1] if quoted[1] is not None else quoted[2])
        else:
            token = _NAME_TOKEN.match(self.source, self.at)
            value = ascii_lower(token[0]) if token else ""
            sign_at = self.at + len(value)
            if sign_at < len(self.source) and self.source[sign_at] not in f"{SPACES}>":
                self._problem(complaints.needs_quotes(name, self.source[sign_at]), self.at)
                self._skip_tag()
                return None
            self.at = sign_at
        if self._is_over():
            self._broken(tag, begin)
            return None
        return value

    def _broken(self, tag: str, begin: int, *, over: bool = False) -> bool:
        if over or self._is_over():
            self._give_up(complaints.tag_without_end(tag), begin)
        else:
            self._problem(complaints.stray_sign(tag, self.source[self.at]), begin)
            self._skip_tag()
        return False

    # End tags

    def _end_tag(self) -> None:
        begin = self.at
        found = _TAG_NAME.match(self.source, begin)
        written = found[1] if found else ""
        name = ascii_lower(written)
        self.at += 2 + len(written)
        self._skip_spaces()
        if not self.source.startswith(">", self.at):
            self._unclosed_end_tag(name, begin)
            return
        self.at += 1
        innermost = self.open[-1].name if self.open else ""
        if self.forgiven[name] and not (self.open and name in {innermost, ""}):
            self.forgiven[name] -= 1
        elif self.open:
            self._close(name or innermost, begin)
        else:
            self._problem(complaints.closes_nothing(name), begin)

    def _unclosed_end_tag(self, name: str, begin: int) -> None:
        self._problem(complaints.end_without_bracket(name), begin)
        if not name and not self._is_over():
            self._skip_tag()  # «</ b>»: a space before the name
        if self.open and name in {"", self.open[-1].name}:
            self._close(self.open[-1].name, begin)

    def _close(self, name: str, begin: int) -> None:
        if self.open[-1].name != name:
            self._problem(complaints.crossed(expected=self.open[-1].name, found=name), begin)
            if not self.names[name]:
                # </strong> for <b>: it was meant for the innermost.
                name = self.open[-1].name
        while True:
            tag = self.open.pop()
            self.names[tag.name] -= 1
            self._add_entity(tag)
            if tag.name == name:
                return
            self.forgiven[tag.name] += 1

    def _add_entity(self, tag: _Open) -> None:
        length = self.units - tag.units
        if not length:
            return
        kind, attributes = TAGS[tag.name], tag.attributes
        if kind == "text_link":
            self._add_link(tag, length)
        elif kind in {"pre", "code"}:
            self._add_code(kind, tag, length)
        elif kind == "custom_emoji":
            emoji = attributes.get("emoji-id", "")
            if not _EMOJI_ID.fullmatch(emoji) or not -(2**63) <= int(emoji) < 2**63:
                self._problem(complaints.needs_emoji(), tag.at)
            self.entities.append(Entity(kind, tag.units, length, {"custom_emoji_id": emoji}))
        elif kind == "date_time":
            self._add_date(tag, length)
        else:
            kind = "expandable_blockquote" if kind == "blockquote" and "expandable" in attributes else kind
            self.entities.append(Entity(kind, tag.units, length))

    def _add_link(self, tag: _Open, length: int) -> None:
        address = tag.attributes.get("href", "")
        if not address and length <= LONGEST_WORDS:
            address = "".join(self.pieces[tag.piece :])  # the words themselves
        link = judge_link(address)
        if link.user_id:
            self.entities.append(Entity("text_mention", tag.units, length, {"user_id": str(link.user_id)}))
        elif link.url:
            self.entities.append(Entity("text_link", tag.units, length, {"url": self._whole(link.url, tag.at)}))
        if message := complaints.lost_link(link, tag.attributes):
            problem = Problem(message, tag.at)
            (self.doubts if complaints.is_doubt(link, tag.attributes) else self.losses).append(problem)

    def _add_code(self, kind: str, tag: _Open, length: int) -> None:
        """<pre><code class="language-x"> is one block with a language, whichever of the two is outside."""
        given = tag.attributes.get("class", "")
        language = given.removeprefix("language-") if kind == "code" and given.startswith("language-") else ""
        last = self.entities[-1] if self.entities else None
        same = last is not None and (last.offset, last.length) == (tag.units, length)
        if last and same and {last.type, kind} == {"pre", "code"}:
            language = self._whole(language if kind == "code" else last.attributes.get("language", ""), tag.at)
            if language and not (last.type == "pre" and "language" in last.attributes):
                self.entities[-1] = Entity("pre", tag.units, length, {"language": language})
                return
        self.entities.append(Entity(kind, tag.units, length, {"language": language} if language else {}))

    def _add_date(self, tag: _Open, length: int) -> None:
        unix, written = tag.attributes.get("unix", ""), tag.attributes.get("format", "")
        if not _DATE_FORMAT.fullmatch(written):
            self._problem(complaints.wrong_date_format(), tag.at)
        if not _UNIX.fullmatch(unix) or int(unix) >= 2**31:
            self.losses.append(Problem(complaints.needs_date(), tag.at))
            return
        letters = written.replace("W", "w")
        shown = "".join(letter for letter in "rwdDtT" if letter in letters)
        self.entities.append(Entity("date_time", tag.units, length, {"unix_time": unix, "date_time_format": shown}))


def _keep(attributes: dict[str, str], tag: str, name: str, value: str) -> None:
    """Of two equal attributes the last counts, but a class that means nothing does not undo one that does."""
    meant = {"code": "language-", "span": "tg-"}.get(tag, "")
    if name != "class" or value.startswith(meant):
        attributes[name] = value


def _character(found: re.Match[str]) -> str:
    """The character of a reference; what stands for none stays as it is written."""
    if found["name"]:
        return _NAMED[found["name"]]
    code = int(found["decimal"]) if found["decimal"] else int(found["hex"], 16)
    return chr(code) if 0 < code < 0x10FFFF else found[0]
