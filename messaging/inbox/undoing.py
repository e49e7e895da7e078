"""Undoing that a conversation was closed, reopened, left unread or snoozed."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from messaging.models import Conversation
from users.models import UndoableAct, User
from users.undo.services import ChangedSince, UndoKind, UndoRefused, offer_undo

CONVERSATION = "conversation"
MOMENTS = ("waiting_since", "snoozed_until")


def offer_conversation_undo(*, before: Conversation, now: Conversation, by: User, at: datetime) -> UndoableAct:
    """Offer to undo a move of a conversation, in the transaction that made it."""
    done = {"before": _values(before), "after": _values(now)}
    return offer_undo(kind=CONVERSATION, by=by, at=at, person=before.pk, done=done)


def undo_conversation(act: UndoableAct, _by: User, _at: datetime) -> str:
    """Give it the state it had, unless it has another one by now: the student may have written."""
    now = Conversation.objects.select_for_update(of=("self",)).filter(pk=act.telegram_user_id).first()
    if now is None:
        raise UndoRefused(_("Not undone: the conversation has been deleted."))
    before, after = act.done["before"], act.done["after"]
    if _values(now) != after:
        raise ChangedSince(ours=_in_words(after), theirs=_in_words(_values(now)))
    # A colleague may have reopened and closed it since: it looks the same, but the last act is theirs.
    since = UndoableAct.objects.filter(kind=CONVERSATION, telegram_user_id=now.pk, pk__gt=act.pk, undone_at=None)
    if since.exists():
        raise UndoRefused(_("Not undone: the conversation has been changed since, and changed back."))
    moments = {name: parse_datetime(before[name]) if before[name] else None for name in MOMENTS}
    Conversation.objects.filter(pk=now.pk).update(state=before["state"], **moments)
    return _("Undone: the conversation is as it was.")


def _values(conversation: Conversation) -> dict[str, str | None]:
    moments = {name: getattr(conversation, name) for name in MOMENTS}
    return {"state": conversation.state, **{name: at.isoformat() if at else None for name, at in moments.items()}}


def _in_words(values: dict[str, Any]) -> str:
    words = str(Conversation.State(values["state"]).label)
    until = parse_datetime(values["snoozed_until"]) if values["snoozed_until"] else None
    return f"{words}, {timezone.localtime(until):%d.%m.%Y %H:%M}" if until else words


UNDO_CONVERSATION = UndoKind(CONVERSATION, "messaging.answer_students", undo_conversation)
