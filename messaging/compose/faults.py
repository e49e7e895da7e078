"""What keeps a message from being sent, in words, for the field where it is shown."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from messaging.content.check import check_message
from messaging.content.content import Content
from messaging.models import Broadcast


@dataclass(frozen=True)
class Faults:
    """What is wrong, beside its field."""

    text: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    audience: list[str] = field(default_factory=list)
    at: list[str] = field(default_factory=list)
    # Only errors of the form.
    quiet_hours: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    preview_for: list[str] = field(default_factory=list)
    template: list[str] = field(default_factory=list)
    segment: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    length: int = 0
    limit: int = 0

    @property
    def any(self) -> bool:
        places = (self.text, self.buttons, self.media, self.audience, self.at, self.quiet_hours, self.people)
        return any((*places, self.preview_for, self.template, self.segment))

    def with_errors(self, errors: dict[str, list[str]]) -> "Faults":
        """Replace the faults of fields whose input could not be read by the errors of the form."""
        return replace(self, **errors)  # type: ignore[arg-type]  # of places, all of which are lists


def check_content(content: Content, *, at: datetime, has_upload: bool) -> Faults:
    """Look for everything that would keep it from being sent."""
    alone = check_message(kind=content.kind, text=content.text, buttons=[])
    both = check_message(kind=content.kind, text=content.text, buttons=content.keyboard)
    media = []
    if content.kind != Broadcast.Kind.TEXT and not content.media_file_id and not has_upload:
        media.append(_("The file is missing. Upload one, choose one you sent before, or enter its code."))
    return Faults(
        text=[problem.with_place(content.text) for problem in alone.errors],
        buttons=[problem.message for problem in both.errors if problem not in alone.errors],
        media=media,
        audience=[] if content.question.include else [_("Choose whom to write to.")],
        at=_time_faults(content, at),
        warnings=[problem.with_place(content.text) for problem in both.warnings],
        length=alone.length,
        limit=alone.limit,
    )


def _time_faults(content: Content, at: datetime) -> list[str]:
    if content.when != "at":
        return []
    moment = content.starts_at
    if moment is None:
        return [_("Enter the date and time.")]
    if moment <= at:
        return [_("This time has already passed.")]
    if moment > at + timedelta(days=365):
        return [_("This is more than a year away.")]
    return []
