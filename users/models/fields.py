"""Columns that Django has no name for."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

NEVER = "-infinity"  # PostgreSQL's own word for a moment before all others


class EverSortedDateTimeField(models.DateTimeField):  # type: ignore[type-arg]
    """A moment or None, where None is stored as ``-infinity``.

    NULLs cannot take part in a row comparison such as ``(moment, id) < (…)``, which is what makes page 5,000
    of a list as fast as its first; ``-infinity`` can, and sorts before everything.
    """

    def select_format(self, compiler: "SQLCompiler", sql: str, params: Any) -> tuple[str, Any]:
        return f"NULLIF({sql}, '{NEVER}'::timestamptz)", params

    def get_prep_value(self, value: Any) -> Any:
        return NEVER if value is None or value == NEVER else super().get_prep_value(value)

    def get_db_prep_value(self, value: Any, connection: "BaseDatabaseWrapper", prepared: bool = False) -> Any:
        value = self.get_prep_value(value)
        return value if value == NEVER else super().get_db_prep_value(value, connection, prepared)


class EverSortedDateField(models.DateField):  # type: ignore[type-arg]
    """A day or None, where None is stored as ``-infinity``, for the same reason."""

    def select_format(self, compiler: "SQLCompiler", sql: str, params: Any) -> tuple[str, Any]:
        return f"NULLIF({sql}, '{NEVER}'::date)", params

    def get_prep_value(self, value: Any) -> Any:
        return NEVER if value is None or value == NEVER else super().get_prep_value(value)

    def get_db_prep_value(self, value: Any, connection: "BaseDatabaseWrapper", prepared: bool = False) -> Any:
        value = self.get_prep_value(value)
        return value if value == NEVER else super().get_db_prep_value(value, connection, prepared)
