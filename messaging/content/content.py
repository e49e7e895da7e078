"""The content of the message form, valid or not; stored as JSON in drafts and templates."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from hsl_dashboard.db import LARGEST_BIGINT, is_storable
from messaging.audiences.criteria import Audience, UnknownCriterion
from messaging.content.buttons import ADDRESSES, Buttons
from messaging.models import Broadcast

# Further away, adding an hour or a time zone may leave the calendar.
FIRST_YEAR, LAST_YEAR = 1900, 9000
ROW_DIGITS = 3  # at most a hundred buttons stand under a message


@dataclass(frozen=True)
class Content:
    """A message, whom it is for and when, as the author left it."""

    name: str = ""  # for staff alone
    text: str = ""
    kind: str = Broadcast.Kind.TEXT
    media_file_id: str = ""
    # As typed: {"text", "target", "row"}; equal rows stand side by side.
    buttons: list[dict[str, str]] = field(default_factory=list)
    link_preview: bool = True
    silent: bool = False
    audience: dict[str, Any] = field(default_factory=dict)
    when: str = "now"  # or "at"
    at: str = ""  # Moscow time as the browser writes it: 2026-11-21T18:55
    preview_for: int | None = None
    original: int | None = None  # the broadcast that this is a copy of

    @classmethod
    def from_json(cls, stored: Any) -> "Content":
        """Read stored content; fields that today's program would not write are ignored."""
        known = stored.items() if isinstance(stored, dict) else ()
        return cls(**{name: value for name, value in known if name in _CHECKS and _CHECKS[name](value)})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def message_only(self) -> dict[str, Any]:
        """What a template keeps: nothing about people or time."""
        names = ("text", "kind", "media_file_id", "buttons", "link_preview", "silent")
        return {name: value for name, value in self.as_json().items() if name in names}

    def with_message(self, stored: dict[str, Any]) -> "Content":
        return replace(self, **Content.from_json(stored).message_only())

    @property
    def question(self) -> Audience:
        """The audience; nobody where what was stored is not understood any more."""
        try:
            return Audience.from_json(self.audience)
        except UnknownCriterion:
            return Audience()

    @property
    def keyboard(self) -> Buttons:
        """Rows of buttons for Telegram: an address where it looks like one, else callback data."""
        rows: dict[int, list[dict[str, str]]] = {}
        for button in self.buttons:
            target = button.get("target", "").strip()
            key = "url" if target.lower().startswith(ADDRESSES) else "callback_data"
            rows.setdefault(row_of(button), []).append({"text": button.get("text", "").strip(), key: target})
        return [rows[number] for number in sorted(rows)]

    @property
    def starts_at(self) -> datetime | None:
        """The moment it is for; None: now, or not understood."""
        return read_moment(self.at) if self.when == "at" else None


def read_moment(text: str) -> datetime | None:
    """A moment as the browser writes it, in Moscow time where it names no other; None where it is none."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None or not FIRST_YEAR < moment.year < LAST_YEAR:
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def row_of(button: dict[str, str]) -> int:
    """The row in which a button stands; the first, where that is not understood."""
    number = button.get("row", "")
    return int(number) if number.isdecimal() and len(number) <= ROW_DIGITS else 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and is_storable(value)


def _is_id(value: Any) -> bool:
    return value is None or (type(value) is int and abs(value) <= LARGEST_BIGINT)


def _is_button(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "text": _is_text,
    "kind": lambda value: value in Broadcast.Kind.values,
    "media_file_id": _is_text,
    "buttons": lambda value: isinstance(value, list) and all(map(_is_button, value)),
    "link_preview": lambda value: isinstance(value, bool),
    "silent": lambda value: isinstance(value, bool),
    "audience": lambda value: isinstance(value, dict),
    "when": lambda value: value in ("now", "at"),
    "at": _is_text,
    "preview_for": _is_id,
    "original": _is_id,
}


def content_of(broadcast: Broadcast) -> Content:
    """The content of the form for an existing broadcast."""
    buttons = [
        {
            "text": button.get("text", ""),
            "target": button.get("url") or button.get("callback_data") or "",
            "row": str(number),
        }
        for number, row in enumerate(broadcast.buttons, start=1)
        for button in row
    ]
    return Content(
        name=broadcast.name,
        text=broadcast.message_text,
        kind=broadcast.kind,
        media_file_id=broadcast.media_file_id,
        buttons=buttons,
        link_preview=broadcast.link_preview,
        silent=broadcast.silent,
        audience=broadcast.audience or {},
    )
