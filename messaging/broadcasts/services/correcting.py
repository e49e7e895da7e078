"""Delete or edit a sent broadcast for everyone, within the 48 hours that Telegram allows."""

from datetime import datetime

from django.db import transaction

from messaging.delivery import tasks
from messaging.delivery.corrections import CORRECTABLE_FOR, freeze_correction
from messaging.delivery.services import BroadcastMoved, State, TooLate, check, keep_former_text, recorded
from messaging.models import Broadcast, Correction, Recipient
from users.models import User


def delete_for_everyone(*, broadcast: Broadcast, by: User, at: datetime) -> Correction:
    """Delete a sent message for everybody who got it in the last 48 hours.

    Raises:
        TooLate: there is nobody like that.
        BroadcastMoved: it is being sent, or another correction is under way.
    """
    return _correct(broadcast, by=by, at=at, kind=Correction.Kind.DELETE)


def delete_for_one(*, recipient: Recipient, by: User, at: datetime) -> Correction:
    """Delete one copy of a sent message, if it is not older than 48 hours.

    Raises:
        TooLate: it is, or it never arrived.
        BroadcastMoved: the broadcast is being sent, or another correction is under way.
    """
    kind = Correction.Kind.DELETE
    return _correct(recipient.message, by=by, at=at, recipient=recipient.pk, kind=kind)


def edit_for_everyone(*, broadcast: Broadcast, by: User, at: datetime, text: str) -> Correction:
    """Change the text (or caption) for everybody who got it in the last 48 hours.

    Raises:
        MessageRefused: Telegram would not take it.
        TooLate: there is nobody like that.
        BroadcastMoved: it is being sent, or another correction is under way.
    """
    check(kind=broadcast.kind, text=text, buttons=broadcast.buttons, has_media=True)
    with recorded(by):
        kept = {"message_text": text, "buttons": broadcast.buttons}
        correction = _correct(broadcast, by=by, at=at, kind=Correction.Kind.EDIT, **kept)
        broadcast.refresh_from_db()
        keep_former_text(broadcast, by=by, at=at, correction=correction)
        Broadcast.objects.filter(pk=broadcast.pk).update(message_text=text)
        return correction


def _correct(
    broadcast: Broadcast, *, by: User, at: datetime, recipient: int | None = None, **fields: object
) -> Correction:
    over = (State.FINISHED, State.CANCELLED, State.PAUSED)
    with recorded(by):
        if not Broadcast.objects.select_for_update().filter(pk=broadcast.pk, state__in=over).exists():
            raise BroadcastMoved(broadcast.pk)
        if broadcast.corrections.filter(state=Correction.State.RUNNING).exists():
            raise BroadcastMoved(broadcast.pk)
        correction = Correction.objects.create(broadcast=broadcast, created_by=by, **fields)
        if not freeze_correction(correction, at=at, recipient=recipient):
            raise TooLate(CORRECTABLE_FOR)
        transaction.on_commit(lambda: tasks.wake_correction(correction.pk))
    return correction
