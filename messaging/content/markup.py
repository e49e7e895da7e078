"""HTML and buttons as Telegram takes them: every mistake with its place, before anybody gets the message."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import islice
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from messaging.content.placeholders import NAMES, placeholders, without_values
from messaging.models import Broadcast

# spec/telegram.md; the limits count the text after its tags are taken out.
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
RAW_LIMIT = 32 * 1024  # bytes
MOST_PROBLEMS = 20  # more than anybody mends at once
ENTITY_LIMIT = 100
BUTTON_BYTES = 64
BUTTONS_IN_A_ROW = 8
BUTTON_LIMIT = 100

TAGS = frozenset(
    "b strong i em u ins s strike del a code pre blockquote tg-spoiler span tg-emoji".split()  # noqa: SIM905
)

# Possessive, and no "<" outside quotes: where a tag is none, that is seen before the next one, without going back.
_ATTRIBUTES = r"""(?:\s++[^\s=><"']++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'><]++))?)*+"""
_START = re.compile(rf"<(?P<name>[a-zA-Z][a-zA-Z0-9-]*+)(?P<attributes>{_ATTRIBUTES})\s*+>")
_END = re.compile(r"</(?P<name>[a-zA-Z][a-zA-Z0-9-]*)?\s*>")
_ATTRIBUTE = re.compile(r"""([^\s=><"']++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'><]++)))?""")
# Telegram knows four names and numbers; any other & stays as it is.
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")

Buttons = list[list[dict[str, str]]]


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where: an offset in the text as written, None where there is no place."""

    message: str
    at: int | None = None

    def place(self, text: str) -> tuple[int, int] | None:
        """Line and column, both from 1."""
        if self.at is None:
            return None
        before = text[: self.at]
        return before.count("\n") + 1, self.at - (before.rfind("\n") + 1) + 1


@dataclass(frozen=True)
class Entity:
    """A formatted piece of the parsed text, in code points."""

    tag: str
    start: int
    end: int
    attributes: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Parsed:
    """A text as the student will see it."""

    text: str
    entities: tuple[Entity, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def length(self) -> int:
        return len(self.text.strip())

    @property
    def utf16_length(self) -> int:
        return len(self.text.strip().encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True)
class Check:
    """A message looked through: errors stop it, warnings are shown."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    length: int
    limit: int

    @property
    def fine(self) -> bool:
        return not self.errors


def check_message(*, kind: str, text: str, buttons: Buttons) -> Check:
    """Look through a message before it is sent or stored."""
    limit = TEXT_LIMIT if kind == Broadcast.Kind.TEXT else CAPTION_LIMIT
    parsed = parse_html(without_values(text))
    errors = [
        *islice(_unknown_placeholders(text), MOST_PROBLEMS),
        *parse_html(text).problems,
        *_too_long(text, parsed, limit),
        *check_buttons(buttons),
    ]
    if kind == Broadcast.Kind.TEXT and not parsed.length:
        errors.append(Problem(_("The message has no text.")))
    warnings = []
    if parsed.length <= limit < parsed.utf16_length:
        warnings.append(
            Problem(
                _("Telegram may count emoji twice: %(length)d of at most %(limit)d characters then.")
                % {"length": parsed.utf16_length, "limit": limit}
            )
        )
    return Check(errors=tuple(errors), warnings=tuple(warnings), length=parsed.length, limit=limit)


def parse_html(text: str) -> Parsed:
    """Parse as Telegram does: its tags only, closed in the order in which they were opened.

    What is over Telegram's limit is not parsed: it stays as it was written.
    """
    if len(text) > RAW_LIMIT or len(text.encode("utf-8", "surrogatepass")) > RAW_LIMIT:
        too_long = Problem(_("With its tags the text is over 32 KB, which Telegram does not take."))
        return Parsed(text=text, problems=(too_long,))
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.source = text
        self.out: list[str] = []
        self.length = 0
        self.open: list[tuple[str, int, int, dict[str, str]]] = []  # tag, offset in the source, start, attributes
        self.open_tags: Counter[str] = Counter()
        self.entities: list[Entity] = []
        self.problems: list[Problem] = []

    def parse(self) -> Parsed:
        at = 0
        while at < len(self.source):
            bracket = self.source.find("<", at)
            end = bracket if bracket >= 0 else len(self.source)
            self._text(self.source[at:end])
            at = self._tag(end) if end < len(self.source) else end
        for tag, offset, _start, _attributes in self.open:
            self.problems.append(Problem(_("The tag <%(tag)s> is never closed.") % {"tag": tag}, offset))
        return Parsed(
            text="".join(self.out), entities=tuple(self.entities), problems=tuple(self.problems[:MOST_PROBLEMS])
        )

    def _text(self, piece: str) -> None:
        plain = _ENTITY.sub(lambda found: unescape(found.group()), piece)
        self.out.append(plain)
        self.length += len(plain)

    def _tag(self, at: int) -> int:
        """Take in the tag at ``at``; give where the text goes on."""
        if found := _START.match(self.source, at):
            self._start(found)
        elif found := _END.match(self.source, at):
            self._end(found)
        else:
            self.problems.append(Problem(_("This “<” begins no tag; write &lt; for the sign itself."), at))
            self._text("<")
            return at + 1
        return found.end()

    def _start(self, found: re.Match[str]) -> None:
        tag = found["name"].lower()
        attributes = {
            name.lower(): unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(found["attributes"])
        }
        if tag not in TAGS:
            self.problems.append(Problem(_("Telegram knows no tag <%(tag)s>.") % {"tag": tag}, found.start()))
        elif tag == "span" and attributes.get("class") != "tg-spoiler":
            self.problems.append(Problem(_('The tag <span> needs class="tg-spoiler".'), found.start()))
        elif tag == "tg-emoji" and not attributes.get("emoji-id", "").isdigit():
            self.problems.append(Problem(_("The tag <tg-emoji> needs an emoji-id."), found.start()))
        self.open.append((tag, found.start(), self.length, attributes))
        self.open_tags[tag] += 1

    def _end(self, found: re.Match[str]) -> None:
        name = (found["name"] or "").lower()
        if not self.open:
            self.problems.append(Problem(_("The tag </%(tag)s> closes nothing.") % {"tag": name}, found.start()))
            return
        tag, _offset, start, attributes = self.open[-1]
        if name not in {"", tag}:
            words = {"found": name, "expected": tag}
            self.problems.append(
                Problem(_("Here </%(expected)s> must come before </%(found)s>.") % words, found.start())
            )
            if not self.open_tags[name]:
                return
        self.open.pop()
        self.open_tags[tag] -= 1
        if self.length > start:
            self.entities.append(Entity(tag=tag, start=start, end=self.length, attributes=attributes))


def _unknown_placeholders(text: str) -> Iterator[Problem]:
    known = ", ".join(f"{{{name}}}" for name in NAMES)
    for found in placeholders(text):
        if not found.known:
            words = {"name": f"{{{found.name}}}", "known": known, "doubled": f"{{{{{found.name}}}}}"}
            yield Problem(
                _("There is no %(name)s. There are: %(known)s. For the braces themselves write %(doubled)s.") % words,
                found.at,
            )


def _too_long(text: str, parsed: Parsed, limit: int) -> Iterator[Problem]:
    if parsed.length > limit:
        words = {"length": parsed.length, "limit": limit}
        yield Problem(_("%(length)d characters, and Telegram takes at most %(limit)d.") % words)
    if len(parsed.entities) > ENTITY_LIMIT:
        words = {"count": len(parsed.entities), "limit": ENTITY_LIMIT}
        yield Problem(_("%(count)d formatted pieces, and Telegram takes at most %(limit)d.") % words)


def check_buttons(buttons: Buttons) -> Iterator[Problem]:
    """Look through rows of buttons."""
    if sum(len(row) for row in buttons) > BUTTON_LIMIT:
        yield Problem(_("At most %(limit)d buttons fit under a message.") % {"limit": BUTTON_LIMIT})
    for number, row in enumerate(buttons, start=1):
        if len(row) > BUTTONS_IN_A_ROW:
            yield Problem(
                _("Row %(row)d has more than %(limit)d buttons.") % {"row": number, "limit": BUTTONS_IN_A_ROW}
            )
        for button in row:
            if problem := _button_problem(button):
                yield Problem(
                    _("Button “%(text)s”: %(problem)s") % {"text": button.get("text", ""), "problem": problem}
                )


def _button_problem(button: dict[str, str]) -> str:
    url, data = button.get("url", ""), button.get("callback_data", "")
    if not button.get("text", "").strip():
        return _("it has no text.")
    if bool(url) == bool(data):
        return _("it needs either an address or callback data.")
    if len(data.encode()) > BUTTON_BYTES:
        return _("callback data of %(bytes)d bytes; at most 64 are allowed.") % {"bytes": len(data.encode())}
    return "" if data or _is_address(url) else _("the address must begin with https://, http:// or tg://.")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https", "tg"} and bool(parts.netloc) and not re.search(r"\s", url)
