"""Checks a message before it is sent: markup, placeholders, length and buttons (docs/markup.md)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from messaging.content.buttons import Buttons, check_buttons, doubt_buttons
from messaging.content.markup import is_too_large, parse_html
from messaging.content.parsed import Parsed, Problem
from messaging.content.placeholders import (
    EXAMPLES,
    NAMES,
    Filled,
    fill,
    placeholders,
    unclosed_placeholders,
    without_values,
)
from messaging.models import Broadcast

# spec/telegram.md; the limits count the text after its tags are taken out.
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ENTITY_LIMIT = 100


@dataclass(frozen=True)
class Check:
    """The result of a check: errors prevent sending, warnings do not."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    length: int
    limit: int

    @property
    def fine(self) -> bool:
        return not self.errors


def limit_of(kind: str) -> int:
    """How many characters Telegram takes."""
    return TEXT_LIMIT if kind == Broadcast.Kind.TEXT else CAPTION_LIMIT


def check_message(*, kind: str, text: str, buttons: Buttons) -> Check:
    """Check a message before it is sent or stored.

    Stricter than Telegram on purpose where it drops in silence what the author wanted: links without an address that
    opens, dates without a moment, formats over the hundredth, text that only some of the people would get.
    """
    limit = limit_of(kind)
    if is_too_large(text):
        return Check(parse_html(text).problems + tuple(check_buttons(buttons)), (), len(text), limit)
    parsed = parse_html(without_values(text))
    # Check the text with values and with fallbacks, not as written: a tag may lie across a placeholder.
    sent = [(filled, parse_html(filled.text)) for filled in (fill(text, EXAMPLES), fill(text, {}))]
    errors = [
        *_placeholder_problems(text),
        *_markup_problems(sent),
        *_too_much(parsed, limit),
        *check_buttons(buttons),
    ]
    if kind == Broadcast.Kind.TEXT and not parsed.length and not errors:
        errors.append(Problem(_("The message has no text.")))
    doubts = {filled.problem(doubt) for filled, parsed_text in sent for doubt in parsed_text.doubts}
    warnings = [*sorted(doubts, key=_place), *_emoji_warning(parsed, limit), *doubt_buttons(buttons)]
    return Check(errors=tuple(errors), warnings=tuple(warnings), length=parsed.length, limit=limit)


def _markup_problems(sent: list[tuple[Filled, Parsed]]) -> list[Problem]:
    """The mistakes of both texts, each once, at the place where the author finds it."""
    found = {filled.problem(problem) for filled, parsed in sent for problem in (*parsed.problems, *parsed.losses)}
    return sorted(found, key=_place)


def _place(problem: Problem) -> tuple[int, str]:
    return problem.at if problem.at is not None else -1, problem.message


def _placeholder_problems(text: str) -> Iterator[Problem]:
    known = ", ".join(f"{{{name}}}" for name in NAMES)
    for found in placeholders(text):
        if not found.known:
            words = {"name": f"{{{found.name}}}", "known": known, "doubled": f"{{{{{found.name}}}}}"}
            yield Problem(
                _(
                    "There is no placeholder %(name)s. Available: %(known)s. "
                    "To show the braces themselves, write %(doubled)s."
                )
                % words,
                found.at,
            )
    for name, at in unclosed_placeholders(text):
        words = {"name": f"{{{name}", "closed": f"{{{name}}}"}
        yield Problem(_("%(name)s is not closed: write %(closed)s.") % words, at)


def _too_much(parsed: Parsed, limit: int) -> Iterator[Problem]:
    if parsed.length > limit:
        words = {"length": parsed.length, "limit": limit}
        yield Problem(_("The text has %(length)d characters; Telegram accepts at most %(limit)d.") % words)
    # Custom emoji have a count of their own; of all others Telegram drops those over the hundredth.
    formats = sum(entity.type != "custom_emoji" for entity in parsed.entities)
    if formats > ENTITY_LIMIT:
        words = {"count": formats, "limit": ENTITY_LIMIT}
        yield Problem(_("The text has %(count)d formatted parts; Telegram accepts at most %(limit)d.") % words)


def _emoji_warning(parsed: Parsed, limit: int) -> Iterator[Problem]:
    if parsed.length <= limit < parsed.utf16_length:
        words = {"length": parsed.utf16_length, "limit": limit}
        yield Problem(
            _("Telegram may count each emoji as two characters. The text then has %(length)d of at most %(limit)d.")
            % words
        )
