"""A text as the student will see it, and what is wrong with it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from messaging.content.entities import Entity, utf16_length


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where: an offset in the text as written, None where there is no place."""

    message: str
    at: int | None = None

    def place(self, text: str) -> tuple[int, int] | None:
        """Line and column, both from 1."""
        if self.at is None:
            return None
        before = text[: self.at]
        return before.count("\n") + 1, self.at - (before.rfind("\n") + 1) + 1

    def with_place(self, text: str) -> str:
        """The message with its line and column, where it has a place."""
        if (place := self.place(text)) is None:
            return self.message
        words = {"line": place[0], "column": place[1], "problem": self.message}
        return _("Line %(line)d, character %(column)d: %(problem)s") % words


@dataclass(frozen=True)
class Parsed:
    """A text as the student will see it.

    For ``problems`` Telegram refuses it. It takes ``losses``, and drops what the author wanted: a link, a date.
    Links in ``doubts`` are lost too, though they look like addresses.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    problems: tuple[Problem, ...] = ()
    losses: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()

    @property
    def length(self) -> int:
        return len(self.text)

    @property
    def utf16_length(self) -> int:
        return utf16_length(self.text)
