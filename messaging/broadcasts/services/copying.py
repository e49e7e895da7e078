"""Copy a broadcast into a draft: nothing is sent before its author has looked at it in the form."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from messaging.audiences.criteria import Audience, Received
from messaging.content.content import content_of
from messaging.content.media import StoredFile
from messaging.delivery.services import State, move
from messaging.models import Broadcast, Draft, Recipient
from messaging.models.reasons import StateReason
from users.models import User


def clone_broadcast(*, broadcast: Broadcast, by: User, at: datetime, submission_token: UUID | None = None) -> Draft:
    """Begin a draft with the same message and the same question about people.

    A form posted twice (the same ``submission_token``) gives the draft that it made first.
    """
    return _copy(broadcast, by=by, at=at, audience=_audience_of(broadcast), submission_token=submission_token)


def resend_to_missed(*, broadcast: Broadcast, by: User, at: datetime, submission_token: UUID | None = None) -> Draft:
    """«Тем, кому не дошло»: a draft for those it failed for or was cancelled for; never for the delivered ones."""
    missed = (Recipient.State.FAILED, Recipient.State.CANCELLED)
    reached = (Recipient.State.SENT, Recipient.State.UNCERTAIN, Recipient.State.DELETED)
    audience = Audience(
        include=(Received(broadcast_id=broadcast.pk, states=missed),),
        exclude=(Received(broadcast_id=broadcast.pk, states=reached),),
    )
    return _copy(broadcast, by=by, at=at, audience=audience, submission_token=submission_token)


@transaction.atomic
def take_back(*, broadcast: Broadcast, by: User, at: datetime, submission_token: UUID | None = None) -> Draft:
    """Call off what has not begun, and begin a draft of it, with its moment where that is still to come.

    Raises:
        BroadcastMoved: it has begun, or is over.
    """
    if submission_token and (draft := Draft.objects.filter(token=submission_token).first()):
        return draft
    waiting = (State.SCHEDULED, State.HELD)
    words = StateReason.TAKEN_BACK.value
    move(broadcast.pk, come_from=waiting, by=by, state=State.CANCELLED, state_reason=words, finished_at=at)
    audience = _audience_of(broadcast)
    planned = broadcast.planned_at if broadcast.planned_at and broadcast.planned_at > at else None
    return _copy(broadcast, by=by, at=at, audience=audience, submission_token=submission_token, planned=planned)


def _copy(
    broadcast: Broadcast,
    *,
    by: User,
    at: datetime,
    audience: Audience,
    submission_token: UUID | None,
    planned: datetime | None = None,
) -> Draft:
    content = replace(content_of(broadcast), audience=audience.as_json(), original=broadcast.pk)
    if planned:
        content = replace(content, when="at", at=f"{timezone.localtime(planned):%Y-%m-%dT%H:%M}")
    # What Telegram has already is named by its file_id; only what never went up goes up again.
    file = StoredFile() if broadcast.media_file_id else StoredFile.of(broadcast)
    fields = {
        "content": content.as_json(),
        "media_upload": file.path,
        "media_name": file.name,
        "created_by": by,
        "updated_by": by,
        "updated_at": at,
    }
    draft, _created = Draft.objects.get_or_create(token=submission_token or uuid4(), defaults=fields)
    return draft


def _audience_of(broadcast: Broadcast) -> Audience:
    """The question it asked; for a message of the previous dashboard, the people it named."""
    if broadcast.audience is not None:
        return Audience.from_json(broadcast.audience)
    everyone = tuple(state for state in Recipient.State.values if state != Recipient.State.SKIPPED)
    return Audience(include=(Received(broadcast_id=broadcast.pk, states=everyone),))
