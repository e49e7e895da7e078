"""The key to a person that every table about people has: ``telegram_user``, in the column ``user_id``.

PostgreSQL enforces and cascades it (``person_constraint``), because the bot deletes with raw SQL; Django does neither.
"""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from users.models.people import TelegramUser

# What the three fields have in common; the constraint says the rest.
_COMMON: dict[str, Any] = {
    "to": TelegramUser,
    "on_delete": models.DO_NOTHING,
    "db_column": "user_id",
    "db_constraint": False,
    "verbose_name": _("person"),
}


def person_key(*, related_name: str, db_index: bool = True) -> "models.ForeignKey[TelegramUser, TelegramUser]":
    """Make the field; ``db_index=False`` where an index of the table begins with the person already."""
    return models.ForeignKey(**_COMMON, db_index=db_index, related_name=related_name)


def optional_person_key(
    *, related_name: str, blank: bool = False
) -> "models.ForeignKey[TelegramUser | None, TelegramUser | None]":
    """Make the field of a table whose rows may have no person."""
    return models.ForeignKey(**_COMMON, null=True, blank=blank, related_name=related_name)


def person_primary_key(*, related_name: str) -> "models.OneToOneField[TelegramUser, TelegramUser]":
    """Make the field of a table with one row per person."""
    return models.OneToOneField(**_COMMON, primary_key=True, related_name=related_name)


def person_constraint(table: str) -> DatabaseForeignKey:
    """Make the constraint of the field, named as PostgreSQL names the keys of the bot's tables."""
    return DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name=f"{table}_user_id_fkey")
