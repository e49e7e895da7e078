"""Registrations for free lessons as this app sees them: they belong to an app above."""

from typing import Any

from django.db.models import QuerySet

from users.models import TelegramUser


def lesson_registrations() -> "QuerySet[Any]":
    """Find the model by the name that its key gives it here, so that no import points upwards."""
    related: Any = TelegramUser._meta.get_field("free_lessons").related_model
    registrations: QuerySet[Any] = related._default_manager.all()
    return registrations
