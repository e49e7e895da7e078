"""Erasing a person: nobody can be recognised any more, and every count stays what it was.

Rows that statistics count (bookings, events, registrations, deliveries) go to a stand-in: a person with a random id,
without a name, blocked for ever. Every other row of theirs is deleted, their history too, and what others' rows say of
them is taken out. docs/decisions/0009-erasing-a-person.md says why.
"""

import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

import pghistory
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model, QuerySet
from pghistory.models import Context

from hsl_dashboard.db import run_sql
from users.models import ERASED_FROM, AuditEntry, BlockedUser, TelegramUser, User
from users.models.audit import record
from users.person.extensions import Fate, PersonTable, person_extensions, person_tables
from users.personal_data.contents import ADDRESSES, Identity, identity_of, is_history, mentions_of, wordy_models

GONE = "…"  # what stands where somebody was named
ERASED = "erased"  # the reason of the stand-in's block


@dataclass(frozen=True)
class Erased:
    """What was done: rows that stay without their person, rows deleted, rows of others that named them."""

    kept: int
    deleted: int
    redacted: int


@dataclass
class History:
    """What is to become of rows of history, which only a function of the owner may touch: new values, or None."""

    work: dict[tuple[type[Model], Any], dict[str, Any] | None] = field(default_factory=dict)

    def is_settled(self, model: type[Model], pk: Any) -> bool:
        return (model, pk) in self.work and (model is Context or self.work[model, pk] is None)

    def delete(self, rows: QuerySet[Any]) -> int:
        found = dict.fromkeys((rows.model, pk) for pk in rows.values_list("pk", flat=True))
        self.work |= found
        return len(found)

    def rewrite(self, model: type[Model], pk: Any, values: dict[str, Any]) -> None:
        column_of = {field.attname: field.column for field in model._meta.concrete_fields}
        columns = {str(column_of[name]): value for name, value in values.items()}
        self.work[model, pk] = {**(self.work.get((model, pk)) or {}), **columns}

    def erase(self, person: int, stand_in: TelegramUser) -> None:
        """Do it, in audit_erase_person of users/sql."""
        work = [
            {"table": model._meta.db_table, "key": model._meta.pk.column, "id": str(pk), "values": values}
            for (model, pk), values in self.work.items()
            if model._meta.pk
        ]
        run_sql(
            "SELECT audit_erase_person(%s, %s, %s::jsonb)",
            [person, stand_in.pk, json.dumps(work, cls=DjangoJSONEncoder)],
        )


def erase_person(*, person: TelegramUser, by: User, at: datetime) -> Erased:
    """Take a person out of every table. It cannot be undone; run again, it finds nobody.

    Raises:
        TelegramUser.DoesNotExist: somebody else has erased them meanwhile.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        person = TelegramUser.objects.select_for_update().get(pk=person.pk)
        identity, history = identity_of(person), History()
        for extension in person_extensions():
            for rows in extension.before_erasing(person) if extension.before_erasing else ():
                history.delete(rows)
        stand_in = _make_stand_in(person, at=at)
        kept = _hand_over(person, stand_in)
        deleted = _delete_rows(person, history)
        _replace_number(identity.pk, stand_in, history)
        emptied = set(AuditEntry.objects.filter(telegram_user=identity.pk).values_list("pk", flat=True))
        mentions = list(mentions_of(identity, of_others_only=False))
        left = [mention for mention in mentions if mention.model is not AuditEntry or mention.pk not in emptied]
        redacted = sum(1 for mention in left if _redact(mention, identity, history))
        history.erase(identity.pk, stand_in)
        _record(by, DELETION, stand_in.pk, "erased")
    return Erased(kept, deleted, redacted)


def record_export(*, person: TelegramUser, by: User) -> None:
    """Write down that everything held about somebody has left the house."""
    _record(by, CHANGE, person.pk, "exported")
    record("person.exported", by=by, person=person, of=person)


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
    # Rows that hang on kept rows first: they are found through the person.
    tables = sorted(_tables(Fate.KEPT), key=lambda table: "__" not in table.path)
    kept = 0
    for table in tables:
        new = {} if "__" in table.path else {table.path: stand_in}
        kept += table.rows_of(person.pk).update(**table.blank, **new)
    return kept


def _delete_rows(person: TelegramUser, history: History) -> int:
    """Delete what is theirs: their rows first, then themselves, and last what the deleting itself has written down."""
    deleted = sum(table.rows_of(person.pk).delete()[0] for table in _tables(Fate.ERASED))
    deleted += TelegramUser.objects.filter(pk=person.pk).delete()[0]
    contexts: set[Any] = set()
    for table in _tables(Fate.ERASED_LAST):
        rows = table.rows_of(person.pk)
        if is_history(table.model):
            contexts |= set(rows.values_list("pgh_context", flat=True)) - {None}
            deleted += history.delete(rows)
        else:
            deleted += rows.delete()[0]
    # Addresses and reasons that were given for their rows; who did it stays.
    for pk, metadata in Context.objects.filter(pk__in=contexts).values_list("pk", "metadata"):
        history.rewrite(Context, pk, {"metadata": {"user": metadata["user"]} if metadata.get("user") else {}})
    return deleted


def _replace_number(person_id: int, stand_in: TelegramUser, history: History) -> None:
    """Columns that hold a Telegram id without being a key, such as the maker of a coupon."""
    for table in _tables(Fate.RENUMBERED):
        rows = table.rows_of(person_id)
        if is_history(table.model):
            for pk in rows.values_list("pk", flat=True):
                history.rewrite(table.model, pk, {table.path: stand_in.pk})
        else:
            rows.update(**{table.path: stand_in.pk})


def _tables(fate: Fate) -> list[PersonTable]:
    return [table for table in person_tables() if table.fate is fate]


# Words ----------------------------------------------------------------------------------------------------------------


def _redact(mention: Any, identity: Identity, history: History) -> bool:
    if history.is_settled(mention.model, mention.pk):
        return False
    fields = {field.attname: field for field in wordy_models()[mention.model]}
    if mention.model is LogEntry:  # «Анна (123)»: nothing of it stays
        cleaned = {"object_id": GONE, "object_repr": GONE, "change_message": GONE}
    else:
        cleaned = {name: _cleaned(value, identity, fields[name].name) for name, value in mention.values.items()}
    changed = {name: value for name, value in cleaned.items() if value != mention.values[name]}
    if changed and is_history(mention.model):
        history.rewrite(mention.model, mention.pk, changed)
    elif changed:
        mention.model._base_manager.filter(pk=mention.pk).update(**changed)
    return bool(changed)


def _cleaned(value: Any, identity: Identity, column: str) -> Any:
    match value:
        case str() if column == "username" and value.lstrip("@").lower() in _lower(identity.usernames):
            return GONE
        case str() if column in ADDRESSES and (identity.is_sought_in(value) or _names(value, identity, alone=True)):
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
