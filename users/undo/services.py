"""Offering to undo an act, and undoing it: once, by who did it, within the window."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from users.models import TelegramUser, UndoableAct, User
from users.models.audit import record

WINDOW = timedelta(seconds=10)  # as long as the toast offers it; what students are told waits for its end
KEPT = timedelta(hours=1)  # then the rows say nothing to anybody
ORIGIN = "undo"  # in the context of the audit: BookingChange.Origin has the words


class UndoRefused(Exception):
    """Nothing was undone; the sentence says why."""


class UndoTooLate(UndoRefused):
    """The window has passed."""

    def __init__(self) -> None:
        super().__init__(_("It is too late to undo this: nothing was changed."))


class AlreadyUndone(UndoRefused):
    """It was undone before."""

    def __init__(self) -> None:
        super().__init__(_("This has already been undone."))


class ChangedSince(UndoRefused):
    """Somebody changed the row after the act: ``theirs`` is what it holds now, ``ours`` what the act left."""

    def __init__(self, *, ours: object, theirs: object) -> None:
        super().__init__(
            _("Not undone: it has been changed since, “%(ours)s” is now “%(theirs)s”.")
            % {"ours": ours, "theirs": theirs}
        )


@dataclass(frozen=True)
class UndoKind:
    """How acts of one kind are undone.

    ``undo`` writes the former values in the transaction it is called in and gives a sentence about it; it raises
    UndoRefused before anything is written, or lets the transaction take it back.
    """

    name: str
    permission: str
    undo: Callable[[UndoableAct, User, datetime], str]


_kinds: dict[str, UndoKind] = {}


def register_undo(kind: UndoKind) -> None:
    """Called once by an app for each kind of act that it can undo, when it is ready."""
    _kinds[kind.name] = kind


def offer_undo(
    *,
    kind: str,
    by: User,
    at: datetime,
    done: dict[str, Any],
    person: TelegramUser | int | None = None,
    window: timedelta = WINDOW,
) -> UndoableAct:
    """Remember an act in the transaction that does it, so that it can be undone until ``at + window``."""
    UndoableAct.objects.filter(expires_at__lt=at - KEPT).delete()
    return UndoableAct.objects.create(
        kind=_kinds[kind].name,
        done_by=by,
        done_at=at,
        expires_at=at + window,
        done=done,
        telegram_user_id=person.pk if isinstance(person, TelegramUser) else person,
    )


def undo_act(*, act: UndoableAct, by: User, at: datetime) -> str:
    """Undo an act and give a sentence about it; of two clicks one undoes.

    Raises:
        UndoTooLate, AlreadyUndone: as they say.
        UndoRefused: as the kind says; nothing was written.
    """
    kind = _kinds[act.kind]
    with transaction.atomic(), pghistory.context(user=by.pk, origin=ORIGIN, undoes=act.pk):
        if not UndoableAct.objects.open(at).filter(pk=act.pk).update(undone_at=at):
            act.refresh_from_db()
            raise AlreadyUndone if act.undone_at else UndoTooLate
        said = kind.undo(act, by, at)
        record("act.undone", by=by, data={"kind": act.kind, "act": act.pk})
    return said


def may_undo(act: UndoableAct, by: User) -> bool:
    """Whether somebody may undo an act: who did it, while they still may do such things."""
    return act.done_by_id == by.pk and act.kind in _kinds and by.has_perm(_kinds[act.kind].permission)
