"""What each app adds to people's pages, export and erasure: one ``PersonExtension`` per app, registered in ready()."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from hsl_dashboard.web.pages import StaffRequest
from users.models import TelegramUser, User


@dataclass(frozen=True)
class Section:
    """A section of a person's page: its template and context; a context of None hides it from this member of staff."""

    template: str
    context: Callable[[StaffRequest, TelegramUser], dict[str, Any] | None]
    order: int = 100  # smaller stands higher


@dataclass(frozen=True)
class Source:
    """Where entries of one kind in the timeline come from, and the template that tells one.

    ``sql`` is a SELECT of ``at``, ``number`` (a key of its own), ``data`` (jsonb, for the template) and ``actor`` (the
    number of a staff account) with the parameter ``%(person)s``.
    """

    kind: str
    rank: int  # of two entries of the same moment, the higher rank stands first; each source has its own
    template: str
    sql: str
    permission: str = "users.view_telegramuser"
    # Completes the data of a page's entries, for the person with this id, as a member of staff may read them.
    prepare: Callable[[int, list[dict[str, Any]], User], None] | None = None
    claims: tuple[str, ...] = ()  # types of events that this source tells, so that the plain events leave them out


@dataclass(frozen=True)
class ListBar:
    """The bar below the list of people: a template with a form named ``bulk``, which the boxes of the rows belong to.

    Its context is None for staff without any permission to change.
    """

    template: str
    context: Callable[[StaffRequest], dict[str, Any] | None]


class Fate(Enum):
    """What erasing a person does to the rows of a table that are theirs."""

    KEPT = "kept"  # statistics count them: they go to the stand-in
    ERASED = "erased"
    ERASED_LAST = "erased last"  # triggers write them while the other rows go
    HISTORY = "history"  # the audit: a function of the owner hands it to the stand-in, and empties it
    RENUMBERED = "renumbered"  # the id without a key, in rows that are about something else
    NOTHING = "nothing"  # a view: it holds no row of its own


@dataclass(frozen=True)
class PersonTable:
    """A table with a place for people, and the lookup that leads from its rows to the person."""

    label: str  # "users.Note"
    fate: Fate
    path: str = "telegram_user"
    blank: Mapping[str, Any] = field(default_factory=dict)  # what else a kept row loses

    @property
    def model(self) -> type[Model]:
        return apps.get_model(self.label)

    @property
    def is_owned(self) -> bool:
        """Whether its rows are the person's: they are exported, and kept or erased."""
        return self.fate in {Fate.KEPT, Fate.ERASED, Fate.ERASED_LAST, Fate.HISTORY}

    def rows_of(self, person_id: int) -> "QuerySet[Any]":
        return self.model._base_manager.filter(self.owned_by(person_id))

    def owned_by(self, person_id: int) -> Q:
        return Q(**{self.path: person_id})


@dataclass(frozen=True)
class PersonExtension:
    """All that one app adds: to a person's page and timeline, to the list of people, to export and erasure."""

    app: str
    sections: tuple[Section, ...] = ()
    sources: tuple[Source, ...] = ()
    list_bar: ListBar | None = None
    # Code to name, in the order of the school.
    stream_names: Callable[[], Mapping[str, str]] | None = None
    # Registrations for free lessons: telegram_user, email, lesson_type, lesson_date.
    lesson_registrations: Callable[[], "QuerySet[Any]"] | None = None
    tables: tuple[PersonTable, ...] = ()
    # Done before any row is touched; gives rows of history to delete, which only a function of the owner may.
    before_erasing: Callable[[TelegramUser], "Iterable[QuerySet[Any]]"] | None = None


_extensions: dict[str, PersonExtension] = {}


def register_person_extension(extension: PersonExtension) -> None:
    """Add what an app knows about people; called once, in its AppConfig.ready()."""
    _extensions[extension.app] = extension


def person_extensions() -> Iterator[PersonExtension]:
    """Give every extension, those of lower apps first."""
    yield from _extensions.values()


# Asked by the pages ---------------------------------------------------------------------------------------------------


def sections_of(person: TelegramUser, request: StaffRequest) -> list[tuple[str, dict[str, Any]]]:
    """Give the template and the context of each section that this member of staff may see."""
    sections = sorted((s for extension in person_extensions() for s in extension.sections), key=lambda s: s.order)
    shown = ((section.template, section.context(request, person)) for section in sections)
    return [(template, context) for template, context in shown if context is not None]


def timeline_sources() -> list[Source]:
    return [source for extension in person_extensions() for source in extension.sources]


def list_bar(request: StaffRequest) -> dict[str, Any]:
    """Give the context of the list's bulk bar; empty for staff without any permission to change."""
    for bar in (extension.list_bar for extension in person_extensions()):
        if bar and (context := bar.context(request)) is not None:
            return {"bulk_template": bar.template, **context}
    return {}


def stream_names() -> dict[str, str]:
    """Give every described stream: code to name."""
    named = (extension.stream_names() for extension in person_extensions() if extension.stream_names)
    return {code: name for names in named for code, name in names.items()}


def lesson_registrations() -> "QuerySet[Any]":
    """Give the registrations for free lessons of everybody.

    Raises:
        LookupError: no app has any.
    """
    for extension in person_extensions():
        if extension.lesson_registrations:
            return extension.lesson_registrations()
    raise LookupError


def person_tables() -> list[PersonTable]:
    """Give every table with a place for people, in any app."""
    return [table for extension in person_extensions() for table in extension.tables]
