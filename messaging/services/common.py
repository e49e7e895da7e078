"""What the services of messages share: their refusals, one conditional UPDATE, one record of who did it."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import pghistory
from django.db import models, transaction
from django.utils.translation import gettext as _

from messaging import tasks
from messaging.markup import Buttons, Problem, check_message
from messaging.models import Broadcast
from users.models import User

State = Broadcast.State


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
    with pghistory.context(**{name: word for name, word in words.items() if word}), transaction.atomic():
        yield


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
        if not Broadcast.objects.filter(pk=pk, state__in=come_from).update(**changes):
            raise BroadcastMoved(pk)
        if changes["state"] == State.SENDING:
            transaction.on_commit(lambda: tasks.wake_broadcast(pk))
