"""What staff do with a conversation: answer, close, snooze, hand to somebody. Each is one conditional change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from messaging.audiences.criteria import individuals
from messaging.content.content import Content
from messaging.content.placeholders import (
    MissingValue,
    describe_missing,
    keep_braces,
    personalise,
    placeholders,
    read_values,
)
from messaging.delivery.services import create_broadcast, recorded
from messaging.inbox.undoing import offer_conversation_undo
from messaging.models import Broadcast, Conversation
from messaging.models.recipient_types import RecipientType
from users.models import BlockedUser, TelegramUser, UndoableAct, User
from users.models.audit import record

State = Conversation.State


class AnswerRefused(Exception):
    """The answer cannot be sent; the sentence says why."""


class AnsweredMeanwhile(Exception):
    """Somebody else has answered since the page was shown."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation.pk)
        self.conversation = conversation


@dataclass(frozen=True)
class Answer:
    """What somebody has typed; ``seen`` is our last answer that their page showed, ``token`` that of their form."""

    text: str
    token: UUID
    seen: int | None  # the number of its message
    insists: bool = False  # although a colleague has answered meanwhile


def personal_answer(text: str, person: TelegramUser) -> str:
    """Put the person's own values in place of the placeholders.

    Raises:
        AnswerRefused: there is no value for one of them, and no fallback.
    """
    names = [found.name for found in placeholders(text) if found.known]
    try:
        return personalise(text, read_values([person.pk], names)[person.pk])
    except MissingValue as missing:
        raise AnswerRefused(describe_missing(missing.name)) from missing


def answer_student(*, person: TelegramUser, answer: Answer, by: User, at: datetime) -> Broadcast:
    """Send an answer to one student, at any hour and before all broadcasts; the conversation is answered with it.

    Posted twice (the same token), it is sent once.

    Raises:
        AnswerRefused: the person has blocked the bot, or there is no value for a placeholder.
        AnsweredMeanwhile: a colleague has answered since, and ``answer`` does not insist.
        MessageRefused: Telegram would not take it.
    """
    with recorded(by):
        # Two who answer at once come here one after the other, and the second is told of the first.
        conversation = Conversation.objects.select_for_update(of=("self",)).with_people().get(pk=person.pk)
        if sent := Broadcast.objects.filter(submission_token=answer.token).first():
            return sent
        if BlockedUser.objects.filter(pk=person.pk).exists():
            raise AnswerRefused(_("This person is blocked: nothing can be sent to them."))
        if not answer.insists and conversation.last_answer_id != answer.seen:
            raise AnsweredMeanwhile(conversation)
        text = personal_answer(answer.text, person)
        broadcast = create_broadcast(
            # The text is final now: a brace in it is a brace, not a placeholder.
            content=Content(text=keep_braces(text), audience=individuals([person.pk]).as_json()),
            by=by,
            at=at,
            token=answer.token,
            sent_as=RecipientType.ANSWER,
        )
        Conversation.objects.filter(pk=person.pk).update(
            state=State.ANSWERED,
            last_answer_at=at,
            last_answer=broadcast,
            answered_by=by,
            assignee=Coalesce(F("assignee"), by.pk),
            waiting_since=None,
            snoozed_until=None,
        )
    return broadcast


def open_conversation(*, person_id: int, by: User, at: datetime) -> None:
    """Note that somebody reads it: it is no longer unread, and colleagues see who is there."""
    read = Case(When(state=State.UNREAD, then=Value(State.WAITING)), default=F("state"))
    Conversation.objects.filter(pk=person_id).update(opened_by=by, opened_at=at, state=read)


def close_conversation(*, person_id: int, by: User, at: datetime) -> UndoableAct | None:
    """Nothing is to be answered any more, until the student writes again; None where it is closed already."""
    return _put(person_id, State.CLOSED, come_from=~Q(state=State.CLOSED), waiting_since=None, by=by, at=at)


def reopen_conversation(*, person_id: int, by: User, at: datetime) -> UndoableAct | None:
    """Let it wait for an answer again; None where it already does."""
    come_from = ~Q(state__in=[State.WAITING, State.UNREAD])
    return _put(person_id, State.WAITING, come_from=come_from, waiting_since=WAITS_AGAIN, by=by, at=at)


def mark_unread(*, person_id: int, by: User, at: datetime) -> UndoableAct | None:
    """Leave it for somebody else to read; None where it is unread already."""
    come_from = ~Q(state=State.UNREAD)
    return _put(person_id, State.UNREAD, come_from=come_from, waiting_since=WAITS_AGAIN, opened_at=None, by=by, at=at)


def snooze_conversation(*, person_id: int, until: datetime, by: User, at: datetime) -> UndoableAct | None:
    """Put it aside until a moment, or until the student writes again; None where there is none."""
    return _put(person_id, State.SNOOZED, come_from=Q(), snoozed_until=until, by=by, at=at)


WAITS_AGAIN = Coalesce(F("waiting_since"), F("last_text_at"))


def _put(
    person_id: int, state: Conversation.State, *, come_from: Q, by: User, at: datetime, **changes: Any
) -> UndoableAct | None:
    """Give it a state and offer to undo that; None where it is in none that it may come from."""
    with recorded(by):
        rows = Conversation.objects.filter(pk=person_id)
        before = rows.select_for_update(of=("self",)).filter(come_from).first()
        if before is None:
            return None
        rows.update(**{"state": state, "snoozed_until": None} | changes)
        if not is_audited_move(before.state, state):
            # A new text and the end of a snooze make the same moves: the trigger leaves those out.
            record(ACTS[state], by=by, person=before.telegram_user, of=before)
        return offer_conversation_undo(before=before, now=rows.get(), by=by, at=at)


ACTS = {State.UNREAD: "conversation.left_unread", State.WAITING: "conversation.reopened"}


def is_audited_move(was: str, now: str) -> bool:
    """Whether the trigger of the audit writes a line of it (messaging/migrations/0008_audit.py)."""
    return now not in ACTS or (was, now) == (State.CLOSED, State.WAITING)


def assign_conversation(*, person_id: int, to: User | None, seen: int | None, by: User) -> bool:
    """Say who answers; False when it is no longer ``seen`` (a member of staff's number) who does."""
    with recorded(by):
        return bool(Conversation.objects.filter(pk=person_id, assignee=seen).update(assignee=to))
