"""Lines of the audit as a page and a file show them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib.auth.models import Group

from hsl_dashboard.db import run_sql
from users.audit.words import ColumnChange, act_in_words, changes_in_words, models_by_table
from users.models import AuditEntry, TelegramUser, User
from users.staff.roles import role_label

AT_ONCE = 200  # lines

# The address of a row, where it has a page: by table, as each app registers it.
_addresses: dict[str, Callable[[str], str]] = {}


def register_row_address(table: str, address: Callable[[str], str]) -> None:
    """Called once by each app for each table whose rows have pages; ``address`` takes the row's number."""
    _addresses[table] = address


@dataclass(frozen=True)
class AuditLine:
    """One line in words."""

    entry: AuditEntry
    what: str
    who: str  # empty: the bot or a task
    person: TelegramUser | None
    number: str
    address: str
    changes: list[ColumnChange]

    @property
    def is_shown_elsewhere(self) -> bool:
        """Whether what was written stands on the row's own page; what it was before stands nowhere else."""
        return bool(self.address) and self.entry.what.endswith(".insert")


def audit_lines(entries: Iterable[AuditEntry]) -> Iterator[AuditLine]:
    """Say lines in words, a page at a time (four queries each)."""
    left = iter(entries)
    while page := list(islice(left, AT_ONCE)):
        yield from _page(page)


def _page(entries: list[AuditEntry]) -> Iterator[AuditLine]:
    people = TelegramUser.objects.in_bulk({entry.telegram_user_id for entry in entries if entry.telegram_user_id})
    changes = changes_of([entry.pk for entry in entries])
    named = _named(entries, changes)
    staff = User.objects.in_bulk({entry.done_by_id for entry in entries if entry.done_by_id} | named[User])
    groups = Group.objects.in_bulk(named[Group]) if named[Group] else {}
    names = {
        User: {number: user.shown_name for number, user in staff.items()},
        Group: {number: role_label(group.name) for number, group in groups.items()},
    }
    for entry in entries:
        was, now = changes.get(entry.pk, (None, None))
        number = entry.object_id or ""
        address = _addresses.get(entry.object_table)
        yield AuditLine(
            entry,
            act_in_words(entry.what),
            _who(entry, staff),
            people.get(entry.telegram_user_id or 0),
            number,
            address(number) if address and number.isascii() and number.isdigit() else "",
            changes_in_words(entry.object_table, was, now, names),
        )


def _named(entries: list[AuditEntry], changes: dict[int, tuple[Any, Any]]) -> dict[Any, set[int]]:
    """Find the accounts and groups that columns point to: a number says nothing to who reads the audit."""
    found: dict[Any, set[int]] = {User: set(), Group: set()}
    for entry in entries:
        model = models_by_table().get(entry.object_table)
        for field in model._meta.concrete_fields if model else ():
            numbers = found.get(field.related_model)
            if numbers is not None:
                values = (row.get(field.column) for row in changes.get(entry.pk, ()) if row)
                numbers.update(value for value in values if isinstance(value, int))
    return found


def _who(entry: AuditEntry, staff: dict[int, User]) -> str:
    if not entry.done_by_id:
        return ""
    user = staff.get(entry.done_by_id)
    return user.shown_name if user else f"№ {entry.done_by_id}"


def changes_of(entries: list[int]) -> dict[int, tuple[Any, Any]]:
    """What was and what is, column by column, for lines of the audit by their numbers; None where there was no row."""
    rows = run_sql("SELECT entry, was::text, is_now::text FROM audit_changes(%s)", [entries])
    return {entry: (_read(was), _read(now)) for entry, was, now in rows}


def _read(text: str | None) -> Any:
    value = json.loads(text) if text else None
    return value if isinstance(value, dict) else None
