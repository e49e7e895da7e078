"""What the page of a new message shows: the form, its problems, the preview, the drafts beside it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.urls import reverse
from django.utils import timezone

from hsl_dashboard.web.pages import StaffRequest
from messaging.audiences.choices import (
    GROUPS,
    describe_criterion,
    find_people,
    group_rows,
    other_criteria,
    people_of,
    stream_rows,
)
from messaging.audiences.counts import count_group, count_streams
from messaging.audiences.criteria import Criterion
from messaging.compose.confirmation import Timing, sample_of, summarise
from messaging.compose.faults import Faults, check_content
from messaging.compose.forms import MessageForms
from messaging.compose.services.library import newest_versions, segments_for
from messaging.content import check
from messaging.content.buttons import ACTIONS
from messaging.content.content import Content, row_of
from messaging.content.preview import preview_message
from messaging.delivery.own_test import result_of
from messaging.models import Broadcast, Draft
from users.models import TelegramUser, User

DRAFTS_SHOWN = 8
EARLIER_SHOWN = 20
STILL_WRITING = timedelta(minutes=3)  # since the last change; each pause of 0.6 s in typing saves one
# What can be done with the form, each at its own address; before a draft exists, too.
VERBS = (
    "draft_preview", "draft_check", "draft_overwrite", "draft_test", "draft_upload", "draft_file_remove",
    "draft_button_add", "draft_person_add", "draft_person_leave",
    "template_use", "template_save", "segment_use", "segment_save", "segment_delete",
)  # fmt: skip


@dataclass(frozen=True)
class HiddenCriterion:
    """A criterion without controls of its own: in words, and as the form posts it back."""

    where: str
    label: str
    value: str


@dataclass
class Composing:
    """The state of the form: what is stored, what was posted, and the errors."""

    request: StaffRequest
    draft: Draft | None
    content: Content
    forms: MessageForms
    saved_from: str = ""
    version: int = 0  # the one this page builds on
    conflict: Draft | None = None
    show_missing: bool = False  # whether empty fields already count as problems
    errors: dict[str, list[str]] = field(default_factory=dict)  # of the form, by the place where they are shown
    search: str = ""
    counts: bool = False  # count while the page is made: it has no scripts to do it later
    taken_name: str = ""  # of a segment: whether to replace it is asked

    @property
    def user(self) -> User:
        return self.request.user

    @property
    def address(self) -> str:
        return self._address_of("compose_message")

    @property
    def addresses(self) -> dict[str, str]:
        """Where each button of the form posts it."""
        return {verb: self._address_of(verb) for verb in VERBS}

    def _address_of(self, name: str) -> str:
        return reverse(f"messaging:{name}", args=[self.draft.pk] if self.draft else [])

    @property
    def colleague(self) -> User | None:
        """A colleague who changed this draft within STILL_WRITING and is probably editing it now."""
        if self.draft is None or self.draft.updated_by_id == self.user.pk:
            return None
        return self.draft.updated_by if timezone.now() - self.draft.updated_at < STILL_WRITING else None

    @property
    def has_upload(self) -> bool:
        return bool(self.draft and self.draft.media_upload)


def live_context(page: Composing) -> dict[str, Any]:
    """The parts that change while staff type: counts, problems, preview, state of the draft."""
    now = timezone.now()
    faults = check_content(page.content, at=now, has_upload=page.has_upload)
    shown = faults if page.show_missing else without_empty(faults, page)
    people = preview_people(page.content)
    chosen = chosen_person(page.content, people)
    question = page.content.question
    chosen_people, left_out_people = people_of(question.include, question.exclude, known=people)
    return {
        "draft": page.draft,
        "content": page.content,
        "page": page,
        "faults": shown.with_errors(page.errors),
        "timing": Timing.of(page.content, at=now),
        # Counted at once where nobody has to wait for it; else the page asks when it has painted.
        "summary": summarise(page.content, at=now) if page.counts or page.draft is None else None,
        "preview_people": people,
        "bubble": preview_message(page.content, person=chosen, **shown_file(page.content, page.draft)),
        "found": find_people(page.search),
        "search": page.search,
        "chosen_people": chosen_people,
        "left_out_people": left_out_people,
        "may_send": page.user.has_perm("messaging.send_broadcast"),
        "test": result_of(page.draft.last_test if page.draft else None, by=page.user),
        "now": now,
    }


def page_context(page: Composing) -> dict[str, Any]:
    """The context of the whole page."""
    audience = page.content.question
    streams, groups = stream_rows(audience), group_rows(audience)
    return live_context(page) | {
        "streams": streams,
        "groups": groups,
        "leaves_out": (
            any(row.left_out for row in streams)
            or any(row.left_out for row in groups)
            or page.forms.message["quiet_hours"].value()
        ),
        **(counted() if page.counts else {"by_stream": None, "group_counts": None}),
        "oob": False,
        "kept": [
            *_hidden_criteria("include", audience.include),
            *_hidden_criteria("narrow", audience.narrow),
            *_hidden_criteria("exclude", audience.exclude),
        ],
        "form": page.forms.message,
        "buttons": page.forms.buttons,
        "segments": segments_for(page.user),
        "template_versions": newest_versions(),
        "kinds": Broadcast.Kind.choices,
        "earlier_media": earlier_media(),
        "drafts": Draft.objects.open().waiting_first().select_related("updated_by")[:DRAFTS_SHOWN],
        "saved_from": page.saved_from or uuid4().hex,
        "actions": ACTIONS,
        "text_limit": check.TEXT_LIMIT,
        "caption_limit": check.CAPTION_LIMIT,
    }


def counted() -> dict[str, Any]:
    """The counts of all streams and groups."""
    now = timezone.now()
    return {"by_stream": count_streams(), "group_counts": {group: count_group(group, at=now) for group in GROUPS}}


def without_empty(faults: Faults, page: Composing) -> Faults:
    """Leave out the faults of fields that are still empty."""
    return Faults(
        text=faults.text if page.content.text.strip() else [],
        buttons=faults.buttons,
        at=faults.at if page.content.at else [],
        warnings=faults.warnings,
        length=faults.length,
        limit=faults.limit,
    )


def preview_people(content: Content) -> list[TelegramUser]:
    """Students to preview the message for: some recipients, and the one chosen before."""
    people = sample_of(content.question, at=timezone.now())
    if content.preview_for and content.preview_for not in {person.pk for person in people}:
        chosen = TelegramUser.objects.filter(pk=content.preview_for).first()
        return [chosen, *people] if chosen else people
    return people


def chosen_person(content: Content, people: list[TelegramUser]) -> TelegramUser | None:
    """The student chosen for the preview, or the first one."""
    return next((person for person in people if person.pk == content.preview_for), people[0] if people else None)


def earlier_media() -> list[dict[str, Any]]:
    """Files that Telegram has already, the newest first."""
    rows = Broadcast.objects.exclude(media_file_id="").newest_first()
    found: dict[str, dict[str, Any]] = {}
    columns = ("id", "kind", "media_file_id", "media_upload", "media_name", "message_text", "created_at")
    for row in rows.values(*columns)[: EARLIER_SHOWN * 3]:
        has_picture = row["kind"] == Broadcast.Kind.PHOTO and row["media_upload"]
        words = {
            "label": str(Broadcast.Kind(row["kind"]).label),
            "picture": f"{file_address(row['id'])}?small" if has_picture else "",
        }
        found.setdefault(row["media_file_id"], row | words)
    return list(found.values())[:EARLIER_SHOWN]


def broadcast_address(pk: int) -> str:
    """The address of a broadcast's page."""
    return reverse("messaging:broadcast_detail", args=[pk])


def file_address(broadcast: int) -> str:
    """The address of a broadcast's file."""
    return reverse("messaging:broadcast_file", args=[broadcast])


def shown_file(content: Content, draft: Draft | None) -> dict[str, str]:
    """The name of the file and, for a photo of which we have the file, where its picture is."""
    if draft and draft.media_upload:
        picture = reverse("messaging:draft_file", args=[draft.pk])
        # The file is another one after each upload, under the same address.
        return {"file_name": draft.media_name, "picture": f"{picture}?v={draft.version}"}
    if not content.media_file_id:
        return {}
    kept = Broadcast.objects.filter(media_file_id=content.media_file_id).exclude(media_upload="").newest_first().first()
    if kept is None:
        return {"file_name": content.media_file_id}
    return {"file_name": kept.media_name, "picture": file_address(kept.pk)}


def _hidden_criteria(where: str, criteria: Iterable[Criterion]) -> list[HiddenCriterion]:
    # «Narrow» has no controls on the page, so all of it is kept.
    shown = criteria if where == "narrow" else other_criteria(criteria)
    return [
        HiddenCriterion(where, describe_criterion(criterion), json.dumps(criterion.as_json(), ensure_ascii=False))
        for criterion in shown
    ]


def blank_button(content: Content) -> dict[str, str]:
    """An empty line for one more button, in a row of its own."""
    return {"text": "", "target": "", "row": str(max(map(row_of, content.buttons), default=0) + 1)}
