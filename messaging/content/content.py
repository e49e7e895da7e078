"""What stands in the form of a message, right or wrong: kept as JSON in drafts and templates."""

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from messaging.audiences.criteria import Audience, UnknownCriterion
from messaging.content.buttons import ADDRESSES, Buttons
from messaging.models import Broadcast


@dataclass(frozen=True)
class Content:
    """A message, whom it is for and when, as the author left it."""

    text: str = ""
    kind: str = Broadcast.Kind.TEXT
    media_file_id: str = ""
    # As typed: {"text", "target", "row"}; equal rows stand side by side.
    buttons: list[dict[str, str]] = field(default_factory=list)
    link_preview: bool = True
    silent: bool = False
    audience: dict[str, Any] = field(default_factory=dict)
    when: str = "now"
    at: str = ""  # Moscow time as the browser writes it: 2026-11-21T18:55
    preview_for: int | None = None
    original: int | None = None  # the broadcast that this is a copy of

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Content":
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

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
        except (UnknownCriterion, TypeError, ValueError):
            return Audience()

    @property
    def keyboard(self) -> Buttons:
        """Rows of buttons for Telegram: an address where it looks like one, else callback data."""
        rows: dict[int, list[dict[str, str]]] = {}
        for button in self.buttons:
            target = button.get("target", "").strip()
            key = "url" if target.lower().startswith(ADDRESSES) else "callback_data"
            number = button.get("row", "")
            rows.setdefault(int(number) if number.isdecimal() else 1, []).append(
                {"text": button.get("text", "").strip(), key: target}
            )
        return [rows[number] for number in sorted(rows)]

    @property
    def scheduled_at(self) -> datetime | None:
        """The moment it is for; None: now, or not understood."""
        try:
            moment = parse_datetime(self.at) if self.when == "at" else None
        except ValueError:
            return None
        return timezone.make_aware(moment) if moment and timezone.is_naive(moment) else moment


def content_of(broadcast: Broadcast) -> Content:
    """What a broadcast that exists would look like in the form."""
    buttons = [
        {"text": one.get("text", ""), "target": one.get("url") or one.get("callback_data") or "", "row": str(number)}
        for number, row in enumerate(broadcast.buttons, start=1)
        for one in row
    ]
    return Content(
        text=broadcast.message_text,
        kind=broadcast.kind,
        media_file_id=broadcast.media_file_id,
        buttons=buttons,
        link_preview=broadcast.link_preview,
        silent=broadcast.silent,
        audience=broadcast.audience or {},
    )
