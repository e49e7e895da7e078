"""The choices on the page of a new message: streams by status, groups and people."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.labels import Labels
from bookings.models import Booking
from hsl_dashboard.db import run_sql
from messaging.audiences.criteria import (
    ActiveInStream,
    ActiveSince,
    Audience,
    Criterion,
    Everyone,
    FreeLesson,
    Hackathon,
    Individuals,
    InStream,
    Leads,
    NotStudents,
    Received,
    ReferralCode,
    WithTag,
)
from messaging.audiences.lists import OfList
from messaging.models import Recipient
from users.models import ERASED_FROM, TelegramUser
from users.people.search import people_matching, search_text

Status = Booking.Status
STATUSES = (Status.CONFIRMED, Status.PENDING, Status.NEW, Status.CANCELLED)
FOUND = 8  # people that a search shows

LEADS = {
    "hot": gettext_lazy("Hot leads"),
    "warm": gettext_lazy("Warm leads"),
    "cool": gettext_lazy("Cool leads"),
    "cold": gettext_lazy("Cold leads"),
}
GROUPS: dict[str, tuple[Criterion, Any]] = {
    "not_students": (NotStudents(), gettext_lazy("Everybody but students")),
    "hackathon": (Hackathon(), gettext_lazy("Hackathon")),
    "free_lesson": (FreeLesson(), gettext_lazy("Free lessons: everybody who registered")),
    "hot": (Leads("hot"), LEADS["hot"]),
    "warm": (Leads("warm"), LEADS["warm"]),
    "everyone": (Everyone(), gettext_lazy("Everybody whom the bot knows")),
}


def _key_of(value: str) -> str:
    """An id in the page: a stream's code may hold any sign."""
    return f"{crc32(value.encode()):08x}"


def cell_key(course_id: int | None, code: str, status: int) -> str:
    """The id of a stream's cell."""
    return _key_of(f"{stream_key(course_id, code)}:{status}")


@dataclass(frozen=True)
class Cell:
    """People of a stream in one status; ``value`` is what the form sends. They are counted after the page."""

    value: str
    label: str
    chosen: bool

    @property
    def key(self) -> str:
        return _key_of(self.value)


@dataclass(frozen=True)
class StreamRow:
    """A stream with a cell for each status, and whether its people are left out."""

    value: str
    label: str
    course: str
    cells: list[Cell]
    left_out: bool

    @property
    def short(self) -> str:
        return f"{self.label} · {self.course}"


@dataclass(frozen=True)
class GroupRow:
    """A group; its people are counted after the page."""

    value: str
    label: str
    chosen: bool
    left_out: bool


def stream_key(course_id: int | None, code: str) -> str:
    return f"{'' if course_id is None else course_id}:{code}"


def read_stream_key(value: str) -> tuple[int | None, str]:
    course, _colon, code = value.partition(":")
    return (int(course) if course.isdecimal() else None), code


# Jumps from each stream to the next one in the index (course, stream, status), however many bookings there are. A
# booking without a course stands at the end of it, where no comparison of rows leads. Described ones have a place.
OCCURRING = """
    WITH RECURSIVE streams AS (
        (SELECT course_id, course_stream FROM bookings WHERE course_stream > '' ORDER BY 1, 2 LIMIT 1)
        UNION ALL
        SELECT following.* FROM streams, LATERAL (
            SELECT course_id, course_stream FROM bookings
            WHERE course_stream > '' AND (course_id, course_stream) > (streams.course_id, streams.course_stream)
            ORDER BY 1, 2 LIMIT 1) following)
    SELECT course_id, course_stream, NULL::bigint AS place FROM streams WHERE course_id IS NOT NULL
    UNION SELECT course_id, course_stream, NULL FROM bookings WHERE course_id IS NULL AND course_stream > ''
    UNION ALL SELECT course_id, code, row_number() OVER (ORDER BY is_current DESC, starts_on DESC, id DESC)
    FROM bookings_stream
"""


def stream_rows(audience: Audience) -> list[StreamRow]:
    """Every stream that is described or booked, the newest first: one query and the labels."""
    labels = Labels.read()
    occurring: list[tuple[int | None, str, int | None]] = run_sql(OCCURRING)
    placed = sorted((place, course, code) for course, code, place in occurring if place)
    described = [(course, code) for _place, course, code in placed]
    booked = [(course, code) for course, code, place in occurring if not place]
    chosen = {
        stream_key(criterion.course_id, criterion.code): set(criterion.statuses)
        for criterion in audience.include
        if isinstance(criterion, InStream)
    }
    left_out = {
        stream_key(criterion.course_id, criterion.code)
        for criterion in audience.exclude
        if isinstance(criterion, InStream | ActiveInStream)
    }
    keys = dict.fromkeys([*described, *sorted(booked, key=lambda key: (key[1], key[0] or 0), reverse=True)])
    rows = []
    for course, code in keys:
        value = stream_key(course, code)
        cells = [
            Cell(f"{value}:{status}", str(Status(status).label), status in chosen.get(value, ())) for status in STATUSES
        ]
        rows.append(StreamRow(value, labels.stream(course, code), labels.course(course), cells, value in left_out))
    return rows


def group_rows(audience: Audience) -> list[GroupRow]:
    """The groups of the previous dashboard, and leads."""
    return [
        GroupRow(key, str(label), chosen=criterion in audience.include, left_out=criterion in audience.exclude)
        for key, (criterion, label) in GROUPS.items()
    ]


def people_of(*lists: Iterable[Criterion], known: Iterable[TelegramUser] = ()) -> tuple[list[TelegramUser], ...]:
    """The individuals among each list of criteria, in their order (at most one query); ``known`` are read already."""
    named = [
        [person for criterion in criteria if isinstance(criterion, Individuals) for person in criterion.ids]
        for criteria in lists
    ]
    found = {person.pk: person for person in known}
    if unread := {pk for ids in named for pk in ids} - found.keys():
        found |= TelegramUser.objects.in_bulk(unread)
    return tuple([found.get(pk) or TelegramUser(pk=pk) for pk in ids] for ids in named)


def find_people(words: str) -> list[TelegramUser]:
    """People whose @username, name or id contains the words, as in the list of people."""
    people = TelegramUser.objects.filter(people_matching(words), pk__lt=ERASED_FROM)
    return list(people.order_by("first_name", "pk")[:FOUND]) if search_text(words) else []


def other_criteria(criteria: Iterable[Criterion]) -> list[Criterion]:
    """Criteria without a checkbox of their own on the page: they are kept until staff remove them."""
    known = [criterion for criterion, _label in GROUPS.values()]
    boxes = InStream | ActiveInStream | Individuals
    return [criterion for criterion in criteria if not isinstance(criterion, boxes) and criterion not in known]


def describe_criterion(criterion: Criterion) -> str:
    """A criterion in words."""
    match criterion:
        case InStream() | ActiveInStream():
            return _describe_stream(criterion)
        case Individuals():
            return _("People one by one: %(count)d") % {"count": len(criterion.ids)}
        case Received():
            known = [Recipient.State(state) for state in criterion.states if state in Recipient.State.values]
            states = ", ".join(str(state.label).lower() for state in known)
            words = {"number": criterion.broadcast_id, "states": states}
            return _("Recipients of message № %(number)d: %(states)s") % words
        case ReferralCode() | WithTag() | OfList():
            return _describe_text(criterion)
        case ActiveSince():
            return _("Active in the bot since %(day)s") % {"day": date_format(criterion.since)}
        case FreeLesson() if criterion.lesson_type or criterion.lesson_date:
            day = date_format(criterion.lesson_date) if criterion.lesson_date else ""
            return _("Free lesson: %(about)s") % {"about": f"{criterion.lesson_type} {day}".strip()}
        case Leads():
            return str(LEADS.get(criterion.temperature, criterion.temperature))
    return next((str(label) for known, label in GROUPS.values() if known == criterion), criterion.kind)


def _describe_text(criterion: ReferralCode | WithTag | OfList) -> str:
    if isinstance(criterion, OfList):
        return criterion.in_words()
    if isinstance(criterion, WithTag):
        return _("Tagged “%(name)s”") % {"name": criterion.name}
    return _("Booked with the code %(code)s") % {"code": criterion.code}


def _describe_stream(criterion: InStream | ActiveInStream) -> str:
    stream = Labels.read().stream(criterion.course_id, criterion.code)
    if isinstance(criterion, ActiveInStream):
        return _("%(stream)s: active bookings") % {"stream": stream}
    statuses = ", ".join(str(Status(status).label) for status in criterion.statuses if status in Status.values)
    return _("%(stream)s: %(statuses)s") % {"stream": stream, "statuses": statuses}
