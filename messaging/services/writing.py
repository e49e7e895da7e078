"""Write, edit and schedule a broadcast: nothing here sends."""

from datetime import datetime
from uuid import UUID

from messaging.audiences import Audience, Individuals, InStream
from messaging.composing import TEST
from messaging.markup import Buttons
from messaging.models import Broadcast
from messaging.services.common import BroadcastMoved, State, check, move, recorded
from users.models import User


def create_broadcast(
    *,
    text: str,
    audience: Audience,
    by: User | None,
    kind: str = Broadcast.Kind.TEXT,
    media_file_id: str = "",
    media_upload: str = "",
    buttons: Buttons | None = None,
    link_preview: bool = True,
    silent: bool = False,
    submission_token: UUID | None = None,
    original: Broadcast | None = None,
    is_test: bool = False,
) -> Broadcast:
    """Store a draft. A form posted twice (the same ``submission_token``) gives the broadcast that it made first.

    Raises:
        MessageRefused: Telegram would not take it.
    """
    check(kind=kind, text=text, buttons=buttons or [], has_media=bool(media_file_id or media_upload))
    fields = {
        "message_text": text,
        "state": State.DRAFT,
        "kind": kind,
        "media_file_id": media_file_id,
        "media_upload": media_upload,
        "buttons": buttons or [],
        "link_preview": link_preview,
        "silent": silent,
        "audience": audience.as_json(),
        "created_by": by,
        "original": original,
        "sent_at": None,
        **({"recipient_type": TEST} if is_test else _in_old_words(audience)),
    }
    with recorded(by):
        if submission_token is None:
            return Broadcast.objects.create(**fields)
        broadcast, _created = Broadcast.objects.get_or_create(submission_token=submission_token, defaults=fields)
        return broadcast


def edit_broadcast(
    *, broadcast: Broadcast, by: User, text: str, buttons: Buttons | None = None, audience: Audience | None = None
) -> None:
    """Change what will be sent, while nothing is being sent; the audience only before it is frozen.

    Raises:
        MessageRefused: Telegram would not take it.
        BroadcastMoved: it is being sent, or is over.
    """
    buttons = broadcast.buttons if buttons is None else buttons
    check(kind=broadcast.kind, text=text, buttons=buttons, has_media=True)
    changes = {"message_text": text, "buttons": buttons}
    editable = Broadcast.objects.filter(
        pk=broadcast.pk, state__in=[State.DRAFT, State.SCHEDULED, State.HELD, State.PAUSED]
    )
    if audience is not None:
        changes |= {"audience": audience.as_json(), **_in_old_words(audience)}
        editable = editable.filter(frozen_at=None)
    with recorded(by):
        if not editable.update(**changes):
            raise BroadcastMoved(broadcast.pk)


def schedule_broadcast(*, broadcast: Broadcast, scheduled_at: datetime, by: User | None) -> None:
    """Let it start at a moment; also moves one that is scheduled or held.

    Raises:
        BroadcastMoved: it has started, or is over.
    """
    move(
        broadcast.pk,
        come_from=(State.DRAFT, State.SCHEDULED, State.HELD),
        by=by,
        state=State.SCHEDULED,
        scheduled_at=scheduled_at,
        state_reason="",
    )


def _in_old_words(audience: Audience) -> dict[str, str | None]:
    """What the previous dashboard's history shows: one stream, or individuals."""
    if len(audience.include) == 1 and isinstance(stream := audience.include[0], InStream):
        return {"recipient_type": "group", "recipient_group": stream.code}
    if all(isinstance(one, Individuals) for one in audience.include):
        return {"recipient_type": "individual", "recipient_group": None}
    return {"recipient_type": "group", "recipient_group": ",".join(one.kind for one in audience.include)}
