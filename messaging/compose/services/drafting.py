"""Save drafts and turn each into a broadcast once, with approval where the rules require it."""

from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from messaging.compose.services.approval import tell_approvers
from messaging.content.content import Content
from messaging.content.media import StoredFile, readable_name, store_file
from messaging.delivery.services import create_broadcast, recorded, send_to_oneself
from messaging.models import Broadcast, Draft, SendingRules, TemplateVersion
from messaging.models.drafts import DraftQuerySet
from users.models import User


class DraftChanged(Exception):
    """Somebody else saved the draft meanwhile; ``theirs`` is their version, and nothing was written."""

    def __init__(self, theirs: Draft) -> None:
        super().__init__(f"#{theirs.pk}: {theirs.version}")
        self.theirs = theirs


class ApprovalNeeded(Exception):
    """A message to this many people needs another person's approval."""


def create_draft(
    *, content: Content, by: User, at: datetime, saved_from: str = "", template: TemplateVersion | None = None
) -> Draft:
    """Create a draft; it remembers the template it began with."""
    return Draft.objects.create(
        content=content.as_json(),
        created_by=by,
        updated_by=by,
        updated_at=at,
        saved_from=saved_from[:40],
        template=template,
    )


def save_draft(*, draft: Draft, content: Content, by: User, at: datetime, version: int, saved_from: str) -> Draft:
    """Save over ``version``, or over what the same page saved last.

    Raises:
        DraftChanged: another page saved meanwhile, or it was sent.
    """
    # Saving the same content must not raise the version that somebody is confirming.
    if content == Content.from_json(draft.content) and draft.broadcast_id is None:
        return draft
    # One conditional UPDATE: of two who save over the same version, the second is told.
    saved = _unchanged(draft, version=version, saved_from=saved_from).update(
        content=content.as_json(), version=F("version") + 1, updated_by=by, updated_at=at, saved_from=saved_from[:40]
    )
    draft.refresh_from_db()
    if not saved:
        raise DraftChanged(draft)
    return draft


def ignore_late_saves(*, draft: Draft) -> None:
    """Ignore autosaves that arrive after "Check and send"."""
    Draft.objects.filter(pk=draft.pk).update(saved_from="")


def attach_file(*, draft: Draft, file: "UploadedFile[Any]", by: User, at: datetime) -> None:
    """Store a file with the draft; it is uploaded to Telegram with the first message.

    Raises:
        NoRoom: the disk is full, or takes no files.
    """
    draft.media_upload.name, draft.media_name = store_file(file), readable_name(file.name or "")
    draft.version, draft.updated_by, draft.updated_at = draft.version + 1, by, at
    draft.save(update_fields=["media_upload", "media_name", "version", "updated_by", "updated_at"])


def detach_file(*, draft: Draft, by: User, at: datetime) -> None:
    """Remove the file from the draft."""
    Draft.objects.filter(pk=draft.pk).update(
        media_upload="", media_name="", version=F("version") + 1, updated_by=by, updated_at=at
    )


def discard_draft(*, draft: Draft, version: int, saved_from: str) -> None:
    """Delete ``version`` of a draft, or what the same page saved last.

    Raises:
        DraftChanged: another page saved meanwhile, or it was sent.
    """
    gone, _by_table = _unchanged(draft, version=version, saved_from=saved_from).delete()
    if not gone:
        draft.refresh_from_db()
        raise DraftChanged(draft)


def _unchanged(draft: Draft, *, version: int, saved_from: str) -> DraftQuerySet:
    """The open draft if it is still at ``version``, or was last saved by the same page."""
    seen = Draft.objects.open().filter(pk=draft.pk)
    return seen.filter(version=version) | seen.filter(saved_from=saved_from[:40]).exclude(saved_from="")


def needs_approval(recipients: int) -> bool:
    """Whether a message to this many people needs another person's approval."""
    threshold = SendingRules.read().approval_above
    return threshold is not None and recipients > threshold


def ask_for_approval(*, draft: Draft, by: User, at: datetime, version: int, recipients: int) -> int:
    """Ask for approval of exactly this version, and give how many colleagues the bot tells.

    A later change withdraws the request.

    Raises:
        DraftChanged: it is not this version any more.
    """
    with transaction.atomic():
        asked = Draft.objects.open().filter(pk=draft.pk, version=version)
        if not asked.update(asked_by=by, asked_at=at, asked_version=version):
            draft.refresh_from_db()
            raise DraftChanged(draft)
        return tell_approvers(draft=draft, by=by, recipients=recipients, at=at)


def send_draft(
    *, draft: Draft, by: User, at: datetime, version: int, recipients: int, wait: timedelta = timedelta()
) -> Broadcast:
    """Make the broadcast of a draft and start or schedule it; calling it again returns the same broadcast.

    One that starts at once sends its first message after ``wait``.

    Raises:
        DraftChanged: it is not the version that was confirmed.
        ApprovalNeeded: the rules require approval by another person.
        MessageRefused: Telegram would not take it.
    """
    with transaction.atomic():
        # Two who send at once: the second waits here, and finds the broadcast of the first.
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        if draft.broadcast_id is not None:
            return Broadcast.objects.get(pk=draft.broadcast_id)
        if draft.version != version:
            raise DraftChanged(draft)
        with recorded(by, _approved(draft, by, recipients)):
            broadcast = create_broadcast(
                content=Content.from_json(draft.content),
                by=by,
                at=at,
                author=draft.asked_by if draft.waits_for_approval else None,
                file=StoredFile.of(draft),
                token=draft.token,
                wait=wait,
            )
            Draft.objects.filter(pk=draft.pk).update(broadcast=broadcast)
        return broadcast


def _approved(draft: Draft, by: User, recipients: int) -> str:
    """The text for the audit log: who approved what whom asked for."""
    if not needs_approval(recipients):
        return ""
    if not draft.waits_for_approval or draft.asked_by_id == by.pk or not by.has_perm("messaging.approve_broadcast"):
        raise ApprovalNeeded(draft.pk)
    asked_by = draft.asked_by.get_username() if draft.asked_by else "?"
    return _("Approved by %(who)s, requested by %(whom)s") % {"who": by.get_username(), "whom": asked_by}


def send_test(*, draft: Draft, text: str, to: int, by: User, at: datetime) -> Broadcast:
    """«Отправить себе»: the text as the chosen student would get it, to the sender's own account.

    Raises:
        MessageRefused: Telegram would not take it.
    """
    test = send_to_oneself(Content.from_json(draft.content), text=text, to=to, by=by, at=at, file=StoredFile.of(draft))
    Draft.objects.filter(pk=draft.pk).update(last_test=test)
    return test
