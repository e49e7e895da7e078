"""Undoing what staff did to a person: a tag put on or taken off, a block or its end."""

from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from users.models import BlockedUser, PersonTag, Tag, TelegramUser, UndoableAct, User
from users.undo.services import ChangedSince, UndoKind, UndoRefused, offer_undo

TAG, UNTAG, BLOCK, UNBLOCK = "tag", "untag", "block", "unblock"


def offer_tag_undo(*, person: TelegramUser, tag: Tag, added: bool, by: User, at: datetime) -> UndoableAct:
    """Offer to undo that a tag was put on a person, or taken off, in the transaction that did it."""
    return offer_undo(kind=TAG if added else UNTAG, by=by, at=at, person=person, done={"tag": tag.pk})


def offer_block_undo(
    *, person: TelegramUser, before: BlockedUser | None, by: User, at: datetime, reason: str = ""
) -> UndoableAct:
    """Offer to undo a block with a ``reason``, or the end of the block ``before``, in the transaction that did it."""
    block = before or BlockedUser(blocked_at=at, reason=reason)
    done = {"blocked_at": block.blocked_at.isoformat() if block.blocked_at else None, "reason": block.reason}
    return offer_undo(kind=UNBLOCK if before else BLOCK, by=by, at=at, person=person, done=done)


def undo_tag(act: UndoableAct, by: User, at: datetime) -> str:
    """Take the tag off again."""
    tag = _tag_of(act)
    taken, _rows = PersonTag.objects.filter(telegram_user=act.telegram_user_id, tag=tag).delete()
    if not taken:
        raise ChangedSince(ours=tag.name, theirs=_("no such tag"))
    return _("Undone: the tag “%(tag)s” is removed again.") % {"tag": tag.name}


def undo_untag(act: UndoableAct, by: User, at: datetime) -> str:
    """Put the tag on again."""
    tag = _tag_of(act)
    _row, made = PersonTag.objects.get_or_create(telegram_user_id=act.telegram_user_id, tag=tag)
    if not made:
        raise ChangedSince(ours=_("no such tag"), theirs=tag.name)
    return _("Undone: the tag “%(tag)s” is back.") % {"tag": tag.name}


def _tag_of(act: UndoableAct) -> Tag:
    tag = Tag.objects.filter(pk=act.done["tag"]).first()
    if tag is None:
        raise UndoRefused(_("Not undone: the tag has been deleted."))
    return tag


def undo_block(act: UndoableAct, by: User, at: datetime) -> str:
    """End the block, if it is still the same one."""
    block = BlockedUser.objects.select_for_update().filter(pk=act.telegram_user_id).first()
    if block is None:
        raise ChangedSince(ours=pgettext("undo", "blocked"), theirs=pgettext("undo", "not blocked"))
    if (block.blocked_at, block.reason) != (_moment(act), act.done["reason"]):
        raise ChangedSince(ours=act.done["reason"], theirs=block.reason)
    block.delete()
    return _("Undone: the person is not blocked.")


def undo_unblock(act: UndoableAct, by: User, at: datetime) -> str:
    """Put the block back, with its moment and its reason."""
    values = {"blocked_at": _moment(act), "reason": act.done["reason"]}
    block, made = BlockedUser.objects.get_or_create(telegram_user_id=act.telegram_user_id, defaults=values)
    if not made:
        raise ChangedSince(
            ours=pgettext("undo", "not blocked"),
            theirs=pgettext("undo", "blocked: %(reason)s") % {"reason": block.reason},
        )
    return _("Undone: the person is blocked as before.")


def _moment(act: UndoableAct) -> datetime | None:
    written = act.done["blocked_at"]
    return parse_datetime(written) if written else None


UNDO_PEOPLE = (
    UndoKind(TAG, "users.add_persontag", undo_tag),
    UndoKind(UNTAG, "users.delete_persontag", undo_untag),
    UndoKind(BLOCK, "users.change_blockeduser", undo_block),
    UndoKind(UNBLOCK, "users.change_blockeduser", undo_unblock),
)
