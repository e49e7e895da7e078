"""Placeholders in a message: ``{first_name|друг}`` becomes the person's name, or «друг» where there is none."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import islice
from typing import Any, Self

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from bookings.labels import Labels
from bookings.models import Booking, Stream
from messaging.content.parsed import Problem
from users.models import TelegramUser

NAMES = ("first_name", "username", "stream", "course", "starts_on")
FROM_BOOKING = frozenset({"stream", "course", "starts_on"})

# Doubled braces stand for themselves, so that a lesson about Python can say {{name}}. Spaces beside the name do not
# count; one before the bar says that the fallback is set off by spaces too.
_PARTS = re.compile(
    r"\{\{|\}\}|\{[^\S\n]*+(?P<name>\w++)(?P<space>[^\S\n]*+)(?:\|(?P<fallback>[^{}]*+))?\}"
    rf"|\{{[^\S\n]*+(?P<open>{'|'.join(NAMES)})\b"
)
# What stands for each placeholder when both texts of a message are checked: a value may hold any sign.
EXAMPLES = {
    "first_name": "Анна «=» О'Нил",
    "username": "anna_1",
    "stream": "6-й поток",
    "course": 'Python "с нуля"',
    "starts_on": "3 декабря",
}

Values = dict[str, str]  # placeholder → what stands there; names without a value are absent
StreamCode = tuple[int | None, str]  # a course's id, or None for any course, and the stream's code


class MissingValue(Exception):
    """There is no value for ``name``, and the text has no fallback for it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{name}}}")
        self.name = name


WITHOUT_VALUE = {
    "first_name": gettext_lazy("This student has no first name: they will not get the message."),
    "username": gettext_lazy("This student has no @username: they will not get the message."),
    "stream": gettext_lazy("This student has no stream: they will not get the message."),
    "course": gettext_lazy("This student has no course: they will not get the message."),
    "starts_on": gettext_lazy("This student has no start date: they will not get the message."),
}


def describe_missing(name: str) -> str:
    """Say that a student has no value for a placeholder, and how its author can help."""
    words = {"sentence": WITHOUT_VALUE[name], "example": f"{{{name}|…}}"}
    return _("%(sentence)s Add a fallback: %(example)s.") % words


@dataclass(frozen=True)
class Placeholder:
    """One ``{name|fallback}`` of a text; ``at`` is where it begins, in characters."""

    name: str
    fallback: str | None
    at: int

    @property
    def known(self) -> bool:
        return self.name in NAMES


def placeholders(text: str) -> list[Placeholder]:
    """Find every placeholder of a text, unknown names included."""
    return [
        Placeholder(name=found["name"], fallback=_fallback(found), at=found.start())
        for found in _PARTS.finditer(text)
        if found["name"]
    ]


def unclosed_placeholders(text: str) -> list[tuple[str, int]]:
    """Names that begin a placeholder without an end, and where."""
    return [(found["open"], found.start()) for found in _PARTS.finditer(text) if found["open"]]


def _fallback(found: re.Match[str]) -> str | None:
    fallback: str | None = found["fallback"]
    return fallback.strip() if fallback and found["space"] else fallback


def personalise(text: str, values: Mapping[str, str], *, may_lack: bool = False) -> str:
    """Put the values in, escaped for HTML; a fallback is the author's own HTML and stays as written.

    ``may_lack`` puts nothing where there is neither a value nor a fallback: somebody reads the text before it is sent.

    Raises:
        MissingValue: a known placeholder has neither a value nor a fallback.
    """

    def replace(found: re.Match[str]) -> str:
        if found["name"] not in NAMES:
            return _as_written(found)
        value = values.get(found["name"])
        if value:
            return escape(value)
        fallback = _fallback(found)
        if fallback is None and not may_lack:
            raise MissingValue(found["name"])
        return fallback or ""

    return _PARTS.sub(replace, text)


def _as_written(found: re.Match[str]) -> str:
    """Give an unknown placeholder as written, and a doubled brace as a single one."""
    return found.group() if found["name"] or found["open"] else found.group()[0]


def with_placeholders(text: str) -> str:
    """The text as staff read it: placeholders as written, doubled braces as single ones."""
    return _PARTS.sub(_as_written, text)


def with_fallbacks(text: str) -> str:
    """The text in a title or a list: fallbacks in place of placeholders; one without a fallback stays as written."""
    return _PARTS.sub(lambda found: (found["name"] and _fallback(found)) or _as_written(found), text)


def keep_braces(text: str) -> str:
    """Double the braces of a text that has no placeholders (any more): each is a brace when it is personalised."""
    return text.replace("{", "{{").replace("}", "}}")


def without_values(text: str) -> str:
    """The text for a person without any values: fallbacks, or nothing where there is no fallback."""
    return _PARTS.sub(lambda found: _fallback(found) or "" if found["name"] else _as_written(found), text)


@dataclass(frozen=True)
class Filled:
    """A text with values filled in, and where each piece of it stands in the text as written."""

    text: str
    written: tuple[int, ...]  # where pieces begin in the written text
    sent: tuple[int, ...]  # where they begin in this one
    lengths: tuple[int, ...]  # in the written text; a value has the place of its placeholder

    def problem(self, problem: Problem) -> Problem:
        """The problem at the place where the author finds it."""
        if problem.at is None:
            return problem
        number = max(bisect_right(self.sent, problem.at) - 1, 0)
        within = min(problem.at - self.sent[number], max(self.lengths[number] - 1, 0))
        return Problem(problem.message, self.written[number] + within)


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """Fill in the values for a person who has only these; without a value and a fallback use an example."""
    pieces, written, sent, lengths = [], [], [], []
    at = length = 0

    def add(piece: str, start: int, size: int) -> None:
        nonlocal length
        pieces.append(piece)
        written.append(start)
        sent.append(length)
        lengths.append(size)
        length += len(piece)

    for found in _PARTS.finditer(text):
        add(text[at : found.start()], at, found.start() - at)
        piece = _as_written(found)
        if (name := found["name"]) in NAMES:
            fallback = _fallback(found)
            piece = escape(values.get(name) or EXAMPLES[name]) if name in values or fallback is None else fallback
        add(piece, found.start(), len(piece) if piece == found.group() else 1)
        at = found.end()
    add(text[at:], at, len(text) - at)
    return Filled("".join(pieces), tuple(written), tuple(sent), tuple(lengths))


def read_values(
    people: Iterable[int], names: Iterable[str], *, streams: Iterable[StreamCode] = ()
) -> dict[int, Values]:
    """Read the values of ``names`` for each person, in at most four queries.

    Streams, courses and their start come from the person's newest booking that is not cancelled; one in ``streams``,
    which the audience asked for, goes before a newer one elsewhere.
    """
    people, wanted = list(people), set(names)
    if not wanted:
        return {person: {} for person in people}
    rows = TelegramUser.objects.filter(pk__in=people).values_list("pk", "first_name", "username")
    values: dict[int, Values] = {
        pk: {"first_name": (first_name or "").strip(), "username": (username or "").strip()}
        for pk, first_name, username in rows
    }
    if wanted & FROM_BOOKING:
        for person, from_booking in _booking_values(people, list(streams)).items():
            values.setdefault(person, {}).update(from_booking)
    return {person: {name: value for name, value in values.get(person, {}).items() if value} for person in people}


@dataclass(frozen=True)
class Missing:
    """People without a value for ``name``, which has no fallback: they would be skipped."""

    name: str
    people: tuple[int, ...]


def find_missing(text: str, people: Iterable[int], *, streams: Iterable[StreamCode] = ()) -> list[Missing]:
    """List who would be skipped because a value is missing; reads nothing when every placeholder has a fallback."""
    names = {found.name for found in placeholders(text) if found.known and found.fallback is None}
    if not names:
        return []
    without: dict[str, list[int]] = {name: [] for name in sorted(names)}
    for chunk in in_chunks(people, 5_000):
        for person, values in read_values(chunk, names, streams=streams).items():
            for name in names - values.keys():
                without[name].append(person)
    return [Missing(name=name, people=tuple(found)) for name, found in without.items() if found]


def in_chunks(people: Iterable[int], size: int) -> Iterator[list[int]]:
    """Take people in lists of at most ``size``."""
    rest = iter(people)
    while chunk := list(islice(rest, size)):
        yield chunk


def chosen_bookings(people: Any, streams: list[StreamCode], *, in_these: bool = False) -> "QuerySet[Booking, Any]":
    """The booking that speaks for each of ``people``: person, course and stream.

    ``in_these``: everybody has an active one in ``streams``, and no other has to be looked at.
    """
    asked_for = Q(pk__in=[])
    for asked_course, asked_code in streams:
        course = Q() if asked_course is None else Q(course_id=asked_course)
        asked_for |= course & Q(course_stream=asked_code)
    return (
        Booking.objects.active()
        .filter(asked_for if in_these else Q(), telegram_user__in=people)
        .annotate(place=Case(When(asked_for, then=0), default=Value(1), output_field=IntegerField()))
        .order_by("telegram_user_id", "place", F("created_at").desc(nulls_last=True), "-id")
        .distinct("telegram_user_id")
        .values_list("telegram_user_id", "course_id", "course_stream")
    )


@dataclass(frozen=True)
class BookingValues:
    """What a booking says in place of the placeholders that come from one."""

    labels: Labels
    starts: Mapping[tuple[int, str], date]

    @classmethod
    def read(cls) -> Self:
        return cls(Labels.read(), stream_starts())

    def of(self, course_id: int | None, code: str | None) -> Values:
        """Give the values of a booking of this course and stream; names without a value are absent."""
        starts_on = self.starts.get((course_id or 0, code or ""))
        values = {
            "stream": self.labels.stream(course_id, code) if code else "",
            "course": self.labels.course(course_id) if course_id is not None else "",
            # Students read Russian, whatever language the member of staff works in.
            "starts_on": russian_date(starts_on) if starts_on else "",
        }
        return {name: value for name, value in values.items() if value}


def _booking_values(people: list[int], streams: list[StreamCode]) -> dict[int, Values]:
    of_bookings = BookingValues.read()
    return {person: of_bookings.of(booked, code) for person, booked, code in chosen_bookings(people, streams)}


def stream_starts() -> dict[tuple[int, str], date]:
    """The first day of every stream that has one, by course id and code."""
    described = Stream.objects.exclude(starts_on=None).values_list("course_id", "code", "starts_on")
    return {(course, code): starts_on for course, code, starts_on in described if starts_on}


def russian_date(day: date) -> str:
    """«3 декабря»."""
    with override("ru"):
        return format_date(day, "j E")


def as_read_by(person_id: int, texts: Iterable[str]) -> list[str]:
    """Give texts as one person read them, with their values in place of the placeholders (at most four queries).

    A text that lacks a value stays as its author wrote it: that person did not get it.
    """
    texts = list(texts)
    names = {found.name for text in texts for found in placeholders(text) if found.known}
    values = read_values([person_id], names).get(person_id, {}) if names else {}
    return [_personalised_or_as_written(text, values) for text in texts]


def _personalised_or_as_written(text: str, values: Values) -> str:
    try:
        return personalise(text, values)
    except MissingValue:
        return text
