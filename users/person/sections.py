"""The sections of a person's page: the apps above add theirs, so that no import points upwards."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hsl_dashboard.web.pages import StaffRequest
from users.models import TelegramUser


@dataclass(frozen=True)
class Section:
    """A part of the page: a template, and what it is given besides ``person``."""

    template: str
    context: Callable[[StaffRequest, TelegramUser], dict[str, Any] | None]
    order: int = 100  # smaller stands higher


_sections: list[Section] = []


def register_section(section: Section) -> None:
    """Add a section to the page of every person; called in an AppConfig's ready()."""
    _sections.append(section)
    _sections.sort(key=lambda each: each.order)


def sections_of(person: TelegramUser, request: StaffRequest) -> list[tuple[str, dict[str, Any]]]:
    """Give the template and the context of each section that this member of staff may see (context not None)."""
    shown = ((each.template, each.context(request, person)) for each in _sections)
    return [(template, context) for template, context in shown if context is not None]
