"""Create, schedule and start a broadcast: what every sender goes through."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pghistory
from django.db import models, transaction
from django.utils.translation import gettext as _

from messaging.audiences.criteria import Audience, Individuals, InStream, individuals
from messaging.content.buttons import Buttons
from messaging.content.check import check_message
from messaging.content.content import Content
from messaging.content.media import StoredFile
from messaging.content.parsed import Problem
from messaging.content.placeholders import keep_braces
from messaging.delivery import lifecycle, tasks
from messaging.models import Broadcast, Correction, FormerText, Recipient
from messaging.models.recipient_types import RecipientType
from users.models import TelegramUser, User

State = Broadcast.State
NO_FILE = StoredFile()


class MessageRefused(Exception):
    """Telegram would refuse the message; ``problems`` say what and where."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))


class BroadcastMoved(Exception):
    """The broadcast is not (any more) in a state that allows this; ``state`` is the one it is in."""

    def __init__(self, broadcast_id: int) -> None:
        self.state = Broadcast.objects.filter(pk=broadcast_id).values_list("state", flat=True).first()
        super().__init__(f"#{broadcast_id}: {self.state}")


class TooLate(Exception):
    """Nothing is left that Telegram lets us delete or edit: 48 hours have passed."""


@contextlib.contextmanager
def recorded(by: User | None, reason: str = "") -> Iterator[None]:
    """One transaction whose changes are recorded with who asked for them, and why."""
    words = {"user": by.pk if by else None, "reason": reason}
    with pghistory.context() as context:
        before = dict(context.metadata)
        context.metadata.update({name: word for name, word in words.items() if word})
        try:
            with transaction.atomic():
                yield
        finally:
            # A task works for many: what one asked for must not be written down for the next.
            context.metadata.clear()
            context.metadata.update(before)


class Act(models.TextChoices):
    """What staff do with the recipients of a broadcast, as its history names it."""

    RETRIED = "retried"
    SENT_AGAIN = "sent_again"
    COUNTED_DELIVERED = "counted_delivered"


def note_act(broadcast: Broadcast, act: Act, *, count: int) -> None:
    """Write an act about ``count`` recipients into the history; inside ``recorded``, which knows who does it."""
    if count:
        with pghistory.context(count=count):
            pghistory.create_event(broadcast, label=act.value)


def check(*, kind: str, text: str, buttons: Buttons, has_media: bool) -> None:
    """Refuse what Telegram would refuse.

    Raises:
        MessageRefused: with every problem and its place.
    """
    problems = list(check_message(kind=kind, text=text, buttons=buttons).errors)
    if kind != Broadcast.Kind.TEXT and not has_media:
        problems.append(Problem(_("The file is missing.")))
    if problems:
        raise MessageRefused(problems)


def move(pk: int, *, come_from: tuple[State, ...], by: User | None, reason: str = "", **changes: Any) -> None:
    """Change the state by one conditional UPDATE: of two who try, the second is told.

    Raises:
        BroadcastMoved: the state is none of ``come_from``.
    """
    with recorded(by, reason):
        if not Broadcast.objects.filter(pk=pk, state__in=come_from).update_as_ours(**changes):
            raise BroadcastMoved(pk)
        if changes["state"] == State.SENDING:
            transaction.on_commit(lambda: tasks.wake_broadcast(pk))


def create_broadcast(
    *,
    content: Content,
    by: User | None,
    at: datetime,
    author: User | None = None,
    file: StoredFile = NO_FILE,
    token: UUID | None = None,
    sent_as: RecipientType | None = None,
    wait: timedelta = lifecycle.AT_ONCE,
) -> Broadcast:
    """Store a message and start or schedule it in the same transaction.

    Posted twice (the same ``token``), it gives the broadcast that was made first. ``author`` is who wrote it, where
    that is not who sends it; ``file`` is one that Telegram does not have yet; ``sent_as`` is its kind, where it is no
    ordinary message. One that starts at once sends its first message after ``wait``, in which it can be undone.

    Raises:
        MessageRefused: Telegram would not take it.
    """
    if content.kind == Broadcast.Kind.TEXT:
        file = NO_FILE
    has_media = bool(content.media_file_id or file.path)
    check(kind=content.kind, text=content.text, buttons=content.keyboard, has_media=has_media)
    starts_at = content.starts_at
    fields = {
        "name": content.name,
        "message_text": content.text,
        "kind": content.kind,
        **_media(content, file),
        "buttons": content.keyboard,
        "link_preview": content.link_preview,
        "silent": content.silent,
        "audience": content.question.as_json(),
        "created_by": author or by,
        "approved_by": by if author and author != by else None,
        "original": Broadcast.objects.filter(pk=content.original).first() if content.original else None,
        "sent_at": at,
        "state": State.SCHEDULED if starts_at else State.SENDING,
        "starts_at": starts_at,
        "started_at": None if starts_at else at + wait,
        **({"recipient_type": sent_as} if sent_as else _previous_columns(content.question)),
    }
    with recorded(by):
        if token is None:
            broadcast, is_new = Broadcast.objects.create(**fields), True
        else:
            broadcast, is_new = Broadcast.objects.get_or_create(submission_token=token, defaults=fields)
        if is_new and not starts_at:
            lifecycle.freeze(broadcast, at=at)
            transaction.on_commit(lambda: tasks.wake_broadcast_after(broadcast.pk, wait))
    return broadcast


def send_to_oneself(
    content: Content, *, text: str, to: int, by: User, at: datetime, file: StoredFile = NO_FILE
) -> Broadcast:
    """«Отправить себе»: ``text`` as some student would get it, to the sender's own account.

    Raises:
        MessageRefused: Telegram would not take it.
    """
    content = replace(
        content,
        text=keep_braces(text),
        audience=individuals([to]).as_json(),
        when="now",
        original=None,
    )
    return create_broadcast(content=content, by=by, at=at, file=file, sent_as=RecipientType.TEST)


def send_to_staff(text: str, *, to: Iterable[TelegramUser], sent_as: RecipientType, at: datetime) -> Broadcast:
    """Have the bot tell members of staff something, as HTML; a brace in it is a brace."""
    with transaction.atomic():
        message = Broadcast.objects.create(
            message_text=keep_braces(text),
            recipient_type=sent_as,
            state=State.SENDING,
            link_preview=False,
            started_at=at,
            sent_at=at,
            frozen_at=at,
        )
        Recipient.objects.bulk_create(
            Recipient(
                message=message,
                telegram_user=account,
                username=account.username,
                state=Recipient.State.PENDING,
                next_try_at=at,
            )
            for account in to
        )
        lifecycle.recount(message.pk)
        transaction.on_commit(lambda: tasks.wake_broadcast(message.pk))
    return message


def _media(content: Content, file: StoredFile) -> dict[str, str]:
    if file.path or content.kind == Broadcast.Kind.TEXT:
        return {"media_file_id": "", "media_upload": file.path, "media_name": file.name}
    known = StoredFile.known_as(content.media_file_id)
    return {"media_file_id": content.media_file_id, "media_upload": known.path, "media_name": known.name}


def edit_broadcast(*, broadcast: Broadcast, by: User, at: datetime, text: str, file: StoredFile = NO_FILE) -> None:
    """Change the text, and the file, of what will be sent, while nothing is being sent.

    Raises:
        MessageRefused: Telegram would not take it.
        BroadcastMoved: it is being sent, or is over.
    """
    check(kind=broadcast.kind, text=text, buttons=broadcast.buttons, has_media=True)
    changes = {"message_text": text}
    if file.path:
        changes |= {"media_upload": file.path, "media_name": file.name, "media_file_id": ""}
    editable = Broadcast.objects.filter(pk=broadcast.pk, state__in=[State.SCHEDULED, State.HELD, State.PAUSED])
    with recorded(by):
        before = editable.select_for_update().first()
        if before is None:
            raise BroadcastMoved(broadcast.pk)
        if before.started_at and before.message_text != text:
            keep_former_text(before, by=by, at=at)
        editable.update(**changes)


def keep_former_text(
    broadcast: Broadcast, *, by: User | None, at: datetime, correction: Correction | None = None
) -> None:
    """Keep what a message says before it is changed: some have got it already."""
    FormerText.objects.create(
        broadcast=broadcast,
        message_text=broadcast.message_text,
        buttons=broadcast.buttons,
        replaced_at=at,
        replaced_by=by,
        correction=correction,
    )


def schedule_broadcast(*, broadcast: Broadcast, starts_at: datetime, by: User | None) -> None:
    """Schedule or reschedule a broadcast that has not started.

    Raises:
        BroadcastMoved: it has started, or is over.
    """
    move(
        broadcast.pk,
        come_from=(State.SCHEDULED, State.HELD),
        by=by,
        state=State.SCHEDULED,
        starts_at=starts_at,
        state_reason="",
    )


def start_broadcast(
    *, broadcast: Broadcast, by: User | None, at: datetime, wait: timedelta = lifecycle.AT_ONCE
) -> None:
    """Freeze the audience and begin to send after ``wait``; a held one too. Two who click start it once.

    Raises:
        BroadcastMoved: it has started already, or is over.
        MessageRefused: Telegram would not take it.
    """
    check(kind=broadcast.kind, text=broadcast.message_text, buttons=broadcast.buttons, has_media=True)
    with recorded(by):
        if not lifecycle.freeze_and_start(broadcast.pk, at=at, come_from=(State.SCHEDULED, State.HELD), wait=wait):
            raise BroadcastMoved(broadcast.pk)
        transaction.on_commit(lambda: tasks.wake_broadcast_after(broadcast.pk, wait))


def _previous_columns(audience: Audience) -> dict[str, str | None]:
    """The columns that the previous dashboard's history shows: one stream, or individuals."""
    if len(audience.include) == 1 and isinstance(stream := audience.include[0], InStream):
        return {"recipient_type": RecipientType.GROUP, "recipient_group": stream.code}
    if all(isinstance(criterion, Individuals) for criterion in audience.include):
        return {"recipient_type": RecipientType.INDIVIDUAL, "recipient_group": None}
    return {
        "recipient_type": RecipientType.GROUP,
        "recipient_group": ",".join(criterion.kind for criterion in audience.include),
    }
