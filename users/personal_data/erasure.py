"""Erasing a person: nobody can be recognised any more, and every count stays what it was.

Rows that statistics count (bookings, events, registrations, deliveries) go to a stand-in: a person with a random id,
without a name, blocked for ever. Every other row of theirs is deleted, their history too, and what others' rows say of
them is taken out. docs/decisions/0009-erasing-a-person.md says why.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

import pghistory
from django.apps import apps
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models.expressions import RawSQL
from pghistory.models import Context

from users.models import ERASED_FROM, BlockedUser, Event, PersonTotals, TelegramUser, User
from users.personal_data.contents import (
    Identity,
    Model,
    identity_of,
    is_history,
    mentions_of,
    owned_by,
    owned_models,
    wordy_models,
)
from users.staff.roles import OURS

GONE = "…"  # what stands where somebody was named
ERASED = "erased"  # the reason of the stand-in's block

# Keys of an event's details that statistics read; all others may say who it was.
COUNTED_DETAILS = [
    "booking_id", "by_staff", "course_id", "discount_percent", "lesson", "lesson_date", "lesson_type",
    "new_status", "new_status_name", "old_status", "old_status_name",
]  # fmt: skip

_kept: dict[Model, dict[str, Any]] = {}
_first: list[Callable[[TelegramUser], None]] = []


def keep_for_statistics(model: Model, **blank: Any) -> None:
    """Let rows of ``model`` stay, without their person, and empty ``blank``; called in an AppConfig.ready()."""
    _kept[model] = blank


def kept_models() -> set[Model]:
    """Tables whose rows go to the stand-in."""
    return set(_kept)


def before_erasing(step: Callable[[TelegramUser], None]) -> None:
    """Let an app above do what only it knows, before any row is touched."""
    _first.append(step)


def keep_events() -> None:
    """Events stay, with those of their details that are counted."""
    details = RawSQL(
        "(SELECT jsonb_object_agg(key, value) FROM jsonb_each("
        "CASE WHEN jsonb_typeof(details) = 'object' THEN details END) WHERE key = ANY (%s)"
        " AND jsonb_typeof(value) IN ('string', 'number', 'boolean', 'null'))",
        [COUNTED_DETAILS],
    )
    keep_for_statistics(Event, username=None, first_name=None, details=details)


@dataclass(frozen=True)
class Erased:
    """What was done: rows that stay without their person, rows deleted, rows of others that named them."""

    kept: int
    deleted: int
    redacted: int


def erase_person(*, person: TelegramUser, by: User, at: datetime) -> Erased:
    """Take a person out of every table. It cannot be undone; run again, it finds nobody.

    Raises:
        TelegramUser.DoesNotExist: somebody else has erased them meanwhile.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        person = TelegramUser.objects.select_for_update().get(pk=person.pk)
        identity = identity_of(person)
        for step in _first:
            step(person)
        stand_in = _make_stand_in(person, at=at)
        kept = _hand_over(person, stand_in)
        deleted = _delete_rows(person)
        _replace_number(identity, stand_in)
        redacted = sum(1 for mention in list(mentions_of(identity, of_others_only=False)) if _redact(mention, identity))
        _record(by, DELETION, stand_in.pk, "erased")
    return Erased(kept, deleted, redacted)


def record_export(*, person: TelegramUser, by: User) -> None:
    """Write down that everything held about somebody has left the house."""
    _record(by, CHANGE, person.pk, "exported")


def _record(by: User, flag: int, pk: int, what: str) -> None:
    kind = ContentType.objects.get_for_model(TelegramUser)
    LogEntry.objects.create(
        user_id=by.pk, content_type=kind, object_id=str(pk), object_repr=f"#{pk}", action_flag=flag, change_message=what
    )


def _make_stand_in(person: TelegramUser, *, at: datetime) -> TelegramUser:
    # Random, so that nothing leads back; Telegram's own ids have 52 bits.
    number = ERASED_FROM + secrets.randbits(52)
    stand_in = TelegramUser.objects.create(user_id=number, first_seen_at=person.first_seen_at, updated_at=at)
    BlockedUser.objects.create(telegram_user=stand_in, blocked_at=at, reason=ERASED)
    return stand_in


def _hand_over(person: TelegramUser, stand_in: TelegramUser) -> int:
    kept = 0
    for model, blank in _kept.items():
        kept += model._base_manager.filter(telegram_user=person).update(telegram_user=stand_in, **blank)
    return kept


def _delete_rows(person: TelegramUser) -> int:
    """Delete what is theirs: their rows first, then themselves, and last what the deleting itself has written down."""
    owned = {model: owned_by(paths, person.pk) for model, paths in owned_models().items()}
    late = {model for model in owned if is_history(model) or model is PersonTotals}
    deleted = 0
    for model in owned.keys() - late:
        deleted += model._base_manager.filter(owned[model]).delete()[0]
    deleted += TelegramUser.objects.filter(pk=person.pk).delete()[0]
    contexts: set[Any] = set()
    for model in late:
        rows = model._base_manager.filter(owned[model])
        if is_history(model):
            contexts |= set(rows.exclude(pgh_context=None).values_list("pgh_context", flat=True))
        deleted += rows.delete()[0]
    # Addresses and reasons that were given for their rows; who did it stays.
    Context.objects.filter(pk__in=contexts).update(
        metadata=RawSQL("jsonb_strip_nulls(jsonb_build_object('user', metadata->'user'))", [])
    )
    return deleted


def _replace_number(identity: Identity, stand_in: TelegramUser) -> None:
    """Columns that hold a Telegram id without being a key, such as the maker of a coupon."""
    for model in apps.get_models():
        if model._meta.app_label not in OURS or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            if type(field) is models.BigIntegerField and not field.primary_key:
                model._base_manager.filter(**{field.name: identity.pk}).update(**{field.name: stand_in.pk})


# Words ----------------------------------------------------------------------------------------------------------------


def _redact(mention: Any, identity: Identity) -> bool:
    fields = {field.attname: field for field in wordy_models()[mention.model]}
    if mention.model is LogEntry:  # «Анна (123)»: nothing of it stays
        cleaned = {"object_id": GONE, "object_repr": GONE, "change_message": GONE}
    else:
        cleaned = {name: _cleaned(value, identity, fields[name].name) for name, value in mention.values.items()}
    changed = {name: value for name, value in cleaned.items() if value != mention.values[name]}
    if changed:
        mention.model._base_manager.filter(pk=mention.pk).update(**changed)
    return bool(changed)


def _cleaned(value: Any, identity: Identity, column: str) -> Any:
    match value:
        case str() if column == "username" and value.lstrip("@").lower() in _lower(identity.usernames):
            return GONE
        case str() if column in {"query", "next"} and _names(value, identity, alone=True):
            return ""
        case str():
            return re.sub(identity.pattern, GONE, value, flags=re.IGNORECASE)
        case dict():
            return _cleaned_dict(value, identity)
        case list():
            return [_cleaned(one, identity, "") for one in value if not _is_them(one, identity)]
        case _:
            return None if _is_them(value, identity) else value


def _cleaned_dict(value: dict[str, Any], identity: Identity) -> dict[str, Any]:
    """A dictionary that names the person keeps none of its values that are a name of theirs."""
    about_them = any(_is_them(one, identity) or _names(one, identity) for one in value.values())
    names = _lower(identity.names) if about_them else set()
    return {
        key: None
        if _is_them(one, identity) or (isinstance(one, str) and one.strip().lower() in names)
        else _cleaned(one, identity, "")
        for key, one in value.items()
        if not re.search(identity.pattern, key)
    }


def _is_them(value: Any, identity: Identity) -> bool:
    if isinstance(value, str):
        text = value.strip().lower()
        return text == str(identity.pk) or text.lstrip("@") in _lower(identity.usernames)
    return value == identity.pk and not isinstance(value, bool)


def _names(value: Any, identity: Identity, *, alone: bool = False) -> bool:
    """Say whether a text names the person; ``alone``: a first name or a bare username is enough."""
    if not isinstance(value, str):
        return False
    if re.search(identity.pattern, value, re.IGNORECASE):
        return True
    text = unquote_plus(value).lower()
    return alone and any(name in text for name in _lower(identity.names | identity.usernames))


def _lower(texts: frozenset[str]) -> set[str]:
    return {text.lower() for text in texts}
