"""What staff can do with a person: notes, tags, a block, a look at an e-mail."""

from collections.abc import Collection
from datetime import datetime

import pghistory
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import among
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.models import BlockedUser, EmailDisclosure, Note, PersonTag, Tag, TelegramUser, User

MAX_NOTE_LENGTH = 5_000  # characters
MAX_TAG_LENGTH = 40  # characters: what its column holds
MAX_TAGS = 20  # per person: more than anybody reads
MAX_BLOCK_REASON_LENGTH = 500  # characters


class PersonNotChanged(Exception):
    """Nothing was written; the sentence says why."""


class AlreadyBlocked(PersonNotChanged):
    """Somebody else blocked the person first."""


class NotBlocked(PersonNotChanged):
    """The person is not blocked, perhaps no longer."""


class TooManyTags(PersonNotChanged):
    """The person already has MAX_TAGS tags."""


def write_note(*, person: TelegramUser, text: str, by: User, at: datetime) -> Note:
    """Add a note about a person for other staff."""
    return Note.objects.create(telegram_user=person, text=text, written_by=by, written_at=at)


def delete_note(*, note: Note, by: User) -> None:
    """Delete a note; the audit keeps who deleted it, but not the text."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        note.delete()


def add_tag(*, person: TelegramUser, name: str, by: User) -> Tag:
    """Add a tag to a person; an existing tag is found in any letter case.

    Raises:
        TooManyTags: the person has MAX_TAGS of them.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        tag = _tag_named(name)
        others = PersonTag.objects.filter(telegram_user=person).exclude(tag=tag)
        if others.count() >= MAX_TAGS:
            raise TooManyTags(_("A person can have at most %(limit)s tags.") % {"limit": MAX_TAGS})
        PersonTag.objects.bulk_create([PersonTag(telegram_user=person, tag=tag)], ignore_conflicts=True)
    return tag


def add_tag_to_people(*, people: Collection[int], name: str, by: User) -> dict[int, str]:
    """Add a tag to many people; those who do not get it come back with the reason in words."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        tag = _tag_named(name)
        theirs: dict[int, set[int]] = {}
        known = PersonTag.objects.filter(telegram_user__in=among(people))
        for person, one in known.values_list("telegram_user", "tag"):
            theirs.setdefault(person, set()).add(one)
        full = str(_("A person can have at most %(limit)s tags.") % {"limit": MAX_TAGS})
        there = str(_("The person already has this tag."))
        refused = {person: full for person, tags in theirs.items() if len(tags - {tag.pk}) >= MAX_TAGS}
        refused |= {person: there for person, tags in theirs.items() if tag.pk in tags}
        getting = [PersonTag(telegram_user_id=person, tag=tag) for person in people if person not in refused]
        PersonTag.objects.bulk_create(getting, ignore_conflicts=True)
    return refused


def remove_tag(*, person: TelegramUser, tag: Tag, by: User) -> None:
    """Remove a tag from a person; the tag itself stays."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        PersonTag.objects.filter(telegram_user=person, tag=tag).delete()


def _tag_named(name: str) -> Tag:
    # The database lower-cases both sides: Python lower-cases some letters differently.
    same = Tag.objects.alias(lower=Lower("name")).filter(lower=Lower(Value(name)))
    try:
        with transaction.atomic():
            return same.first() or Tag.objects.create(name=name)
    except IntegrityError:  # somebody else made it this moment
        return same.get()


def block_person(*, person: TelegramUser, by: User, at: datetime, reason: str) -> None:
    """Stop sending messages to a person.

    Raises:
        AlreadyBlocked: the person is blocked.
    """
    with transaction.atomic(), pghistory.context(user=by.pk, reason=reason):
        values = {"blocked_at": at, "reason": reason}
        _block, made = BlockedUser.objects.get_or_create(telegram_user=person, defaults=values)
        if not made:
            raise AlreadyBlocked(_("This person is already blocked."))


def unblock_person(*, person: TelegramUser, by: User, reason: str) -> None:
    """Allow messages to a person again.

    Raises:
        NotBlocked: the person is not blocked.
    """
    with transaction.atomic(), pghistory.context(user=by.pk, reason=reason):
        deleted, _rows = BlockedUser.objects.filter(pk=person.pk).delete()
        if not deleted:
            raise NotBlocked(_("This person is not blocked."))


def disclose_emails(*, person: TelegramUser, to: User, at: datetime) -> None:
    """Record that a member of staff is about to see a person's full e-mail addresses."""
    look = EmailDisclosure(telegram_user=person, shown_to=to, shown_at=at)
    write_beside(SideWrite.EMAILS_SHOWN, look.save, about=f"{to.get_username()} of {person.pk}")
