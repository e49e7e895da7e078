"""Reads the form of a new message: what was ticked and typed, right or wrong, becomes a Content."""

import contextlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import QueryDict
from django.utils.translation import gettext as _

from messaging.audiences.choices import GROUPS, read_stream_key
from messaging.audiences.criteria import Audience, Criterion, Individuals, InStream, UnknownCriterion
from messaging.content.check import check_message
from messaging.content.content import Content
from messaging.content.parsed import Problem
from messaging.models import Broadcast

LONGEST_QUIET = 24 * 30  # hours
# What a bot may upload (core.telegram.org/bots/api#sending-files), in MB.
LARGEST = {Broadcast.Kind.PHOTO: 10, Broadcast.Kind.DOCUMENT: 50}
# What Telegram shows as a photo, and what it plays; a document may be anything.
ENDINGS: dict[str, tuple[str, ...]] = {
    Broadcast.Kind.PHOTO: (".jpg", ".jpeg", ".png", ".webp"),
    Broadcast.Kind.VIDEO: (".mp4", ".mov"),
}
# Statuses of those whom «leave out this stream» leaves out: everybody who did not cancel.
ACTIVE = (2, 1, 0)


def without_nul(data: QueryDict) -> QueryDict:
    """Take NUL out of what was pasted: PostgreSQL stores none, nobody sees it, and a draft keeps all the rest."""
    cleaned = QueryDict(mutable=True)
    for name, values in data.lists():
        cleaned.setlist(name, [str(value).replace("\0", "") for value in values])
    cleaned._mutable = False
    return cleaned


def read_content(data: QueryDict, before: Content) -> Content:
    """Read the form; ``before`` gives what the form does not hold."""
    kind, file_id = data.get("kind", ""), data.get("media_file_id", "").strip()
    earlier_kind, _bar, earlier = data.get("media_earlier", "").partition("|")
    if earlier and earlier_kind in Broadcast.Kind.values:
        kind, file_id = earlier_kind, earlier
    preview_for = data.get("preview_for", "")
    return Content(
        text=data.get("text", "").replace("\r\n", "\n"),
        kind=kind if kind in Broadcast.Kind.values else Broadcast.Kind.TEXT,
        media_file_id=file_id[:500],
        buttons=read_buttons(data),
        link_preview="link_preview" in data,
        silent="silent" in data,
        audience=read_audience(data).as_json(),
        when="at" if data.get("when") == "at" else "now",
        at=data.get("at", "")[:30],
        preview_for=_number(preview_for) if preview_for else before.preview_for,
        original=before.original,
    )


def read_buttons(data: QueryDict) -> list[dict[str, str]]:
    """Buttons line by line; a line with neither words nor target is no button."""
    lines = zip(data.getlist("button_text"), data.getlist("button_target"), data.getlist("button_row"), strict=False)
    return [
        {"text": text.strip(), "target": target.strip(), "row": row.strip()}
        for text, target, row in lines
        if text.strip() or target.strip()
    ]


def read_audience(data: QueryDict) -> Audience:
    """Read whom it is for; what is not understood is nobody."""
    hours = _number(data.get("quiet_hours", ""))
    return Audience(
        include=(
            *_streams(data.getlist("cell")),
            *_groups(data, "group"),
            *_people(data, "person"),
            *_kept(data, "include"),
        ),
        narrow=_kept(data, "narrow"),
        exclude=(
            *_left_out_streams(data.getlist("leave_stream")),
            *_groups(data, "leave_group"),
            *_people(data, "leave_person"),
            *_kept(data, "exclude"),
        ),
        quiet_hours=min(hours, LONGEST_QUIET) if hours else None,
    )


def _streams(cells: list[str]) -> list[InStream]:
    statuses: dict[str, list[int]] = {}
    for cell in cells:
        key, _colon, status = cell.rpartition(":")
        with contextlib.suppress(ValueError):
            statuses.setdefault(key, []).append(int(status))
    found = []
    for key, chosen in statuses.items():
        course, code = read_stream_key(key)
        found.append(InStream(code=code, course_id=course, statuses=tuple(chosen)))
    return found


def _left_out_streams(values: list[str]) -> list[InStream]:
    keys = dict.fromkeys(read_stream_key(value) for value in values)
    return [InStream(code=code, course_id=course, statuses=ACTIVE) for course, code in keys if code]


def _groups(data: QueryDict, name: str) -> list[Criterion]:
    chosen = data.getlist(name)
    return [criterion for key, (criterion, _label) in GROUPS.items() if key in chosen]


def _people(data: QueryDict, name: str) -> list[Individuals]:
    typed = [_number(value) for value in data.getlist(name)]
    ids = tuple(dict.fromkeys(one for one in typed if one))
    return [Individuals(ids=ids)] if ids else []


def _kept(data: QueryDict, where: str) -> tuple[Criterion, ...]:
    found = []
    for value in data.getlist(f"kept_{where}"):
        if "\\u0000" in value:  # PostgreSQL has no such letter
            continue
        with contextlib.suppress(UnknownCriterion, ValueError, TypeError, AttributeError, KeyError):
            found.append(Criterion.from_json(json.loads(value)))
    return tuple(found)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 18 else None


@dataclass(frozen=True)
class Faults:
    """What is wrong, beside its field."""

    text: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    audience: list[str] = field(default_factory=list)
    at: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    length: int = 0
    limit: int = 0

    @property
    def any(self) -> bool:
        return bool(self.text or self.buttons or self.media or self.audience or self.at)


def check_content(content: Content, *, at: datetime, has_upload: bool) -> Faults:
    """Look for everything that would keep it from being sent."""
    alone = check_message(kind=content.kind, text=content.text, buttons=[])
    both = check_message(kind=content.kind, text=content.text, buttons=content.keyboard)
    media = []
    if content.kind != Broadcast.Kind.TEXT and not content.media_file_id and not has_upload:
        media.append(_("The file is missing: upload one, choose an earlier one, or give its file_id."))
    return Faults(
        text=[in_words(problem, content.text) for problem in alone.errors],
        buttons=[problem.message for problem in both.errors if problem not in alone.errors],
        media=media,
        audience=[] if content.question.include else [_("Choose whom to write to.")],
        at=_time_faults(content, at),
        warnings=[in_words(problem, content.text) for problem in both.warnings],
        length=alone.length,
        limit=alone.limit,
    )


def file_problem(*, kind: str, name: str, size: int) -> str:
    """Say why Telegram would not take a file of ``size`` bytes as a message of this kind; '' when it would."""
    megabytes = LARGEST[Broadcast.Kind.PHOTO if kind == Broadcast.Kind.PHOTO else Broadcast.Kind.DOCUMENT]
    endings = ENDINGS.get(kind, ())
    if kind == Broadcast.Kind.TEXT:
        return _("A message of text takes no file: choose photo, video or document first.")
    if not size:
        return _("The file is empty.")
    if size > megabytes * 1024 * 1024:
        return _("The file is too large: at most %(size)d MB.") % {"size": megabytes}
    if endings and not name.lower().endswith(endings):
        words = {"name": name, "endings": ", ".join(endings)}
        return _("“%(name)s” cannot be sent so: %(endings)s only. Choose “document” for any other file.") % words
    return ""


def in_words(problem: Problem, text: str) -> str:
    """A problem with its place."""
    place = problem.place(text)
    if place is None:
        return problem.message
    words = {"line": place[0], "column": place[1], "problem": problem.message}
    return _("Line %(line)d, character %(column)d: %(problem)s") % words


def _time_faults(content: Content, at: datetime) -> list[str]:
    if content.when != "at":
        return []
    moment = content.scheduled_at
    if moment is None:
        return [_("Give the date and the time.")]
    if moment <= at:
        return [_("This time has passed already.")]
    if moment > at + timedelta(days=365):
        return [_("This is more than a year away.")]
    return []
