"""Everything held about a person: which tables have rows of theirs, and which rows of others name them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from pghistory.models import Context

from hsl_dashboard.db import run_sql
from users.models import AuditEntry, TelegramUser, User
from users.person.extensions import PersonTable, person_tables
from users.staff.roles import OURS

Model = type[models.Model]

# Columns that hold the address of a list, or what follows its question mark.
ADDRESSES = ("query", "next")
LETTER, DIGIT = "[A-Za-z0-9_]", "[0-9]"


@dataclass(frozen=True)
class Identity:
    """Everything that identifies a person, collected from all tables."""

    pk: int
    names: frozenset[str]  # first and last names, each alone
    full_names: frozenset[str]
    usernames: frozenset[str]
    emails: frozenset[str]

    @property
    def pattern(self) -> str:
        """Where a text names the person: a regular expression for Python and PostgreSQL alike.

        A first name alone is no mention: thousands have it, and a username without its @ may be a plain word.
        """
        parts = [f"(?<!{DIGIT}){self.pk}(?!{DIGIT})"]
        parts += [f"(?:@|t[.]me/|%40){_literal(username)}(?!{LETTER})" for username in sorted(self.usernames)]
        for text in sorted(self.emails | self.full_names):
            parts += [_literal(text), *([_literal(quote_plus(text))] if quote_plus(text) != text else [])]
        return "|".join(parts)

    def is_sought_in(self, address: str) -> bool:
        """Whether this address searches for the person; in a search the username may stand without its @."""
        values = [value for _, value in parse_qsl(address.partition("?")[2] or address)]
        words = {word for value in values for word in re.findall(r"\w+", value.lower())}
        usernames = {username.lower() for username in self.usernames}
        return bool(words & usernames) or any(re.search(self.pattern, value, re.IGNORECASE) for value in values)


def _literal(text: str) -> str:
    """Escape a text for both: a backslash before anything but a letter or a digit makes it mean itself in both."""
    return re.sub(r"([^\w])", r"\\\1", text)


def identity_of(person: TelegramUser) -> Identity:
    """Collect every name of the person from their rows: names change, and old rows keep the old ones."""
    found: dict[str, set[str]] = {"username": set(), "first_name": set(), "last_name": set(), "email": set()}
    own = TelegramUser.objects.filter(pk=person.pk)
    for rows in (own, *(table.rows_of(person.pk) for table in owned_tables())):
        columns = {field.name for field in rows.model._meta.concrete_fields}
        for name in found.keys() & columns:
            values = rows.order_by().values_list(name, flat=True).distinct()
            found[name] |= {value.strip() for value in values if value and value.strip()}
        if "details" in columns:
            for name in found:
                values = rows.order_by().values_list(f"details__{name}", flat=True).distinct()
                found[name] |= {value.strip() for value in values if isinstance(value, str) and value.strip()}
    first, last = found["first_name"], found["last_name"]
    both = {text for name in first for surname in last for text in (f"{name} {surname}", f"{surname} {name}")}
    usernames = frozenset(name.removeprefix("@") for name in found["username"])
    return Identity(person.pk, frozenset(first | last), frozenset(both), usernames, frozenset(found["email"]))


# Rows of theirs -------------------------------------------------------------------------------------------------------


def owned_tables() -> list[PersonTable]:
    """List the tables whose rows belong to a person; a test fails for a table that no app declares."""
    return [table for table in person_tables() if table.is_owned]


def is_history(model: Model) -> bool:
    """Whether a table holds history or the audit, which the application only adds to."""
    return model in (AuditEntry, Context) or any(field.name == "pgh_id" for field in model._meta.concrete_fields)


# Rows of others that name them ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mention:
    """A row that names the person, with its columns that can hold words or documents."""

    model: Model
    pk: Any
    values: dict[str, Any]


def wordy_models() -> dict[Model, list[Any]]:
    """Map our tables to the columns that may name a person; staff accounts are left out."""
    tables: list[Model] = [model for model in apps.get_models() if model._meta.app_label in OURS and model is not User]
    wordy: dict[Model, list[Any]] = {}
    tables += [Context, LogEntry]
    for model in tables:
        fields = [
            field
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField | ArrayField)
            and not field.primary_key
            and not field.choices
        ]
        if fields and model._meta.managed:
            wordy[model] = fields
    return wordy


def mentions_of(identity: Identity, *, of_others_only: bool = True) -> Iterator[Mention]:
    """Find every row that names the person. It reads each table once: seconds on a large database, and rarely done."""
    owned = {table.model: table for table in owned_tables()}
    for model, fields in wordy_models().items():
        if model is TelegramUser and of_others_only:
            continue
        names = [field.attname for field in fields]
        rows = model._base_manager.filter(pk__in=_naming(model, fields, identity))
        if of_others_only and model in owned:
            rows = rows.exclude(owned[model].owned_by(identity.pk))
        for row in rows.values("pk", *names):
            yield Mention(model, row.pop("pk"), row)


def _naming(model: Model, fields: list[Any], identity: Identity) -> list[Any]:
    quote = connection.ops.quote_name
    columns = [f"{quote(field.column)}::text" for field in fields]
    usernames = sorted(name.lower() for name in identity.usernames)
    exact = [
        f"lower(ltrim({quote(field.column)}, '@')) = ANY(%(usernames)s)" for field in fields if _is_username(field)
    ]
    quoted = "|".join([identity.pattern, *(f'"@?{_literal(name)}"' for name in usernames)])
    where = " OR ".join([f"concat_ws(E'\\n', {', '.join(columns)}) ~* %(pattern)s", *exact])
    pk = model._meta.pk
    assert pk is not None and pk.column is not None
    found = [
        pk
        for (pk,) in run_sql(
            f"SELECT {quote(pk.column)} FROM {quote(model._meta.db_table)} WHERE {where}",  # noqa: S608 - our models
            {"pattern": quoted, "usernames": usernames},
        )
    ]
    return [*found, *_searching_for(model, fields, identity)]


def _searching_for(model: Model, fields: list[Any], identity: Identity) -> Iterator[Any]:
    """Find stored list addresses that search for the person; they may be percent-encoded, which SQL cannot decode."""
    columns = [field.name for field in fields if field.name in ADDRESSES]
    if columns:
        for pk, *addresses in model._base_manager.values_list("pk", *columns).iterator():
            if any(identity.is_sought_in(address) for address in addresses if address):
                yield pk


def _is_username(field: Any) -> bool:
    return bool(field.name == "username" and not isinstance(field, models.JSONField))


# Export ---------------------------------------------------------------------------------------------------------------


def personal_data(person: TelegramUser) -> dict[str, Any]:
    """Everything held about a person, table by table, as plain values for a JSON file."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for table in owned_tables():
        if found := list(table.rows_of(person.pk).order_by("pk").values()):
            tables[table.model._meta.db_table] = found
    mentions: dict[str, list[dict[str, Any]]] = {}
    for mention in mentions_of(identity_of(person)):
        mentions.setdefault(mention.model._meta.db_table, []).append({"pk": mention.pk, **mention.values})
    own = TelegramUser.objects.filter(pk=person.pk).values().get()
    return {"person": own, "rows": tables, "named_in_rows_of_others": mentions}
