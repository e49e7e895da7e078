"""Buttons under a message: each opens an address or triggers an action of the bot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.content.entities import is_empty
from messaging.content.links import judge_link
from messaging.content.parsed import Problem
from messaging.content.placeholders import NAMES, placeholders, unclosed_placeholders

# spec/telegram.md
BUTTON_BYTES = 64
BUTTONS_IN_A_ROW = 8
BUTTON_LIMIT = 100

ADDRESSES = ("http://", "https://", "tg://")
# Endings of bare names («example.org») that are taken for a site rather than an action of the bot.
SITES = frozenset(
    "ru com org net me io dev рф su info edu online school pro app site club tech by kz ua uk de eu ai".split()  # noqa: SIM905
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:/|(?:mailto|tel|javascript):|www\.", re.IGNORECASE)
_USERNAME = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}")
_HOST = re.compile(r"([^\s/?#:@]+)(?::[0-9]+)?([/?#].*)?", re.DOTALL)

Buttons = list[list[dict[str, str]]]


@dataclass(frozen=True)
class Action:
    """Something that the bot does when a button with ``data`` is pressed; {number} is a course or a lesson."""

    data: str
    label: str | Promise

    @property
    def beginning(self) -> str:
        """What is offered in the form: the author adds the number."""
        return self.data.partition("{number}")[0]

    def does(self, data: str) -> bool:
        start, _number, end = self.data.partition("{number}")
        if not _number:
            return data == self.data
        inner = data.removeprefix(start).removesuffix(end)
        return data == f"{start}{inner}{end}" and inner.isascii() and inner.isdecimal()


# What the bot answers to, by its meaning (the examples that the previous dashboard gave).
ACTIONS = (
    Action("select_course_{number}", gettext_lazy("Book a course")),
    Action("free_lesson_register_{number}", gettext_lazy("Register for a lesson")),
    Action("confirm_course_selection_v2", gettext_lazy("Confirm the chosen course")),
)


def known_action(data: str) -> Action | None:
    """The action for this data; None when it is unknown."""
    return next((action for action in ACTIONS if action.does(data)), None)


def check_buttons(buttons: Buttons) -> Iterator[Problem]:
    """Check rows of buttons for what Telegram refuses, or what would do nothing."""
    if sum(len(row) for row in buttons) > BUTTON_LIMIT:
        yield Problem(_("A message can have at most %(limit)d buttons.") % {"limit": BUTTON_LIMIT})
    for number, row in enumerate(buttons, start=1):
        if len(row) > BUTTONS_IN_A_ROW:
            yield Problem(
                _("Row %(row)d has more than %(limit)d buttons.") % {"row": number, "limit": BUTTONS_IN_A_ROW}
            )
        for button in row:
            if problem := _button_problem(button):
                yield Problem(_in_button(button, problem))


def doubt_buttons(buttons: Buttons) -> Iterator[Problem]:
    """Warn about buttons whose action the bot may not know."""
    for row in buttons:
        for button in row:
            data = button.get("callback_data", "")
            if data and not known_action(data) and not _button_problem(button):
                doubt = _("the bot may not know the action “%(data)s”. Then pressing the button does nothing.") % {
                    "data": data
                }
                yield Problem(_in_button(button, doubt))


def looks_like_link(target: str) -> bool:
    """Whether the author meant an address, though it has no scheme."""
    if _SCHEME.match(target) or _USERNAME.fullmatch(target):
        return True
    host = _HOST.fullmatch(target.removeprefix("//"))
    if host is None or "." not in host[1].strip("."):
        return False
    return bool(host[2]) or host[1].rpartition(".")[2].lower() in SITES


def completed(target: str) -> str:
    """The address that the author may have meant."""
    if _USERNAME.fullmatch(target):
        return f"https://t.me/{target[1:]}"
    if judge_link(target).url and not _SCHEME.match(target):
        return f"https://{target}"
    return f"https://{target}" if target.lower().startswith("www.") else "https://…"


def _in_button(button: dict[str, str], problem: str) -> str:
    return _("Button “%(text)s”: %(problem)s") % {"text": button.get("text", ""), "problem": problem}


def _button_problem(button: dict[str, str]) -> str:
    text, url, data = (button.get(name) or "" for name in ("text", "url", "callback_data"))
    if is_empty(text):
        return _("it has no text.")
    if bool(url) == bool(data):
        return _("it needs either an address or an action of the bot.")
    if found := _placeholder_in(text, url, data):
        return _("placeholders do not work in buttons: %(name)s.") % {"name": found}
    return _url_problem(url) if url else _data_problem(data)


def _placeholder_in(*texts: str) -> str:
    for text in texts:
        for name in (
            *(found.name for found in placeholders(text)),
            *(name for name, _at in unclosed_placeholders(text)),
        ):
            if name in NAMES:
                return f"{{{name}}}"
    return ""


def _url_problem(url: str) -> str:
    link = judge_link(url)
    if not url.lower().startswith(ADDRESSES):
        return _("the address must begin with https://, http:// or tg://.")
    if link.url or link.user_id:
        return ""
    return _("Telegram does not accept this address: %(url)s.") % {"url": url}


def _data_problem(data: str) -> str:
    if looks_like_link(data):
        return _("this looks like a link. Give the whole address: %(url)s") % {"url": completed(data)}
    size = len(data.encode("utf-8", "replace"))
    return (
        _("its action takes %(bytes)d bytes; Telegram accepts at most 64.") % {"bytes": size}
        if size > BUTTON_BYTES
        else ""
    )
