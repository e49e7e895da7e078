"""Undoing the start of a broadcast: it waits for the window, and nobody has got anything when it is undone."""

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _

from messaging.delivery.services import State
from messaging.models import Broadcast, Draft, Recipient
from messaging.models.reasons import StateReason
from users.models import UndoableAct, User
from users.undo.services import ChangedSince, UndoKind, UndoRefused, UndoTooLate, offer_undo

BROADCAST = "broadcast"
SEND = "messaging.send_broadcast"
CLAIMING = timedelta(seconds=5)  # longer than one claim takes


def offer_start_undo(
    *, broadcast: Broadcast, by: User, at: datetime, before: Broadcast | None = None, draft: Draft | None = None
) -> UndoableAct:
    """Offer to undo a start by hand: of a draft, or of the broadcast as it was ``before``, in its transaction."""
    done = {
        "broadcast": broadcast.pk,
        "draft": draft.pk if draft else None,
        "state": before.state if before else None,
        "state_reason": before.state_reason if before else "",
        "sent_at": before.sent_at.isoformat() if before and before.sent_at else None,
        "was_frozen": bool(before and before.frozen_at),
    }
    return offer_undo(kind=BROADCAST, by=by, at=at, done=done)


def undo_start(act: UndoableAct, by: User, at: datetime) -> str:
    """Call the broadcast off before its first message; its draft is open again, or its plan stands as before."""
    done = act.done
    broadcast = Broadcast.objects.select_for_update().filter(pk=done["broadcast"]).first()
    if broadcast is None:
        raise UndoRefused(_("The message has been deleted."))
    if broadcast.state != State.SENDING:
        raise ChangedSince(ours=State.SENDING.label, theirs=State(broadcast.state).label)
    changes: dict[str, Any] = {"started_at": None}
    if done["state"] is None:
        _call_off(broadcast)
        changes |= {"state": State.CANCELLED, "state_reason": StateReason.TAKEN_BACK, "finished_at": at}
    else:
        changes |= {"state": done["state"], "state_reason": done["state_reason"], "sent_at": _moment(done["sent_at"])}
        if done["was_frozen"]:
            _put_off(broadcast, until=timezone.now() + CLAIMING)
        else:
            _forget_audience(broadcast)
            changes |= {"frozen_at": None, "total_recipients": 0}
    Broadcast.objects.filter(pk=broadcast.pk).update_as_ours(**changes)
    _require_nobody_reached(broadcast)
    return _reopen(done["draft"], broadcast, at=at)


def _call_off(broadcast: Broadcast) -> None:
    # Whoever claims rows holds their locks: what they took is not «pending» any more when they let go.
    Recipient.objects.filter(message=broadcast, state=Recipient.State.PENDING).update(state=Recipient.State.CANCELLED)


def _put_off(broadcast: Broadcast, *, until: datetime) -> None:
    # The rows stay «pending»: a claim that began before the state changes must find none of them due.
    Recipient.objects.filter(message=broadcast, state=Recipient.State.PENDING).update(next_try_at=until)


def _forget_audience(broadcast: Broadcast) -> None:
    kept = (Recipient.State.PENDING, Recipient.State.SKIPPED)
    Recipient.objects.filter(message=broadcast, state__in=kept).delete()


def _require_nobody_reached(broadcast: Broadcast) -> None:
    waiting = (Recipient.State.PENDING, Recipient.State.CANCELLED, Recipient.State.SKIPPED)
    if Recipient.objects.filter(message=broadcast).exclude(state__in=waiting).exists():
        raise UndoTooLate


def _reopen(draft: int | None, broadcast: Broadcast, *, at: datetime) -> str:
    """Open the draft again; it keeps its words, and the next start makes another broadcast."""
    if not draft:
        return _("Undone: nothing was sent, and the message is as it was before.")
    if Draft.objects.filter(pk=draft, broadcast=broadcast).update(broadcast=None, updated_at=at):
        # Its form carries the token of the draft: the broadcast that was called off gives it up.
        Broadcast.objects.filter(pk=broadcast.pk).update(submission_token=None)
    address = reverse("messaging:compose_message", args=[draft])
    said = _("Undone: nothing was sent, and the message is a draft again.")
    return format_html('{} <a href="{}">{}</a>', said, address, _("Open the draft"))


def _moment(written: str | None) -> datetime | None:
    return parse_datetime(written) if written else None


UNDO_START = UndoKind(BROADCAST, SEND, undo_start)
