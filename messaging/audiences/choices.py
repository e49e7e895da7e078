"""What one can tick on the page of a new message: streams by status, groups, people; each with its count."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.labels import Labels
from bookings.models import Booking, Stream
from messaging.audiences.criteria import (
    ActiveSince,
    Audience,
    Criterion,
    Everyone,
    FreeLesson,
    Hackathon,
    Individuals,
    InStream,
    LeadTemperature,
    NotStudents,
    Received,
    ReferralCode,
)
from messaging.models import Recipient
from users.models import ERASED_FROM, TelegramUser

Status = Booking.Status
STATUSES = (Status.CONFIRMED, Status.PENDING, Status.NEW, Status.CANCELLED)
FOUND = 8  # people that a search shows

GROUPS: dict[str, tuple[Criterion, Any]] = {
    "not_students": (NotStudents(), gettext_lazy("Everybody but students")),
    "hackathon": (Hackathon(), gettext_lazy("Hackathon")),
    "free_lesson": (FreeLesson(), gettext_lazy("Free lessons: everybody who registered")),
    "hot": (LeadTemperature("hot"), gettext_lazy("Hot leads")),
    "warm": (LeadTemperature("warm"), gettext_lazy("Warm leads")),
    "everyone": (Everyone(), gettext_lazy("Everybody whom the bot knows")),
}


@dataclass(frozen=True)
class Cell:
    """People of a stream in one status; ``value`` is what the form sends."""

    value: str
    label: str
    count: int
    chosen: bool


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
    """A group with its count."""

    value: str
    label: str
    count: int
    chosen: bool
    left_out: bool


def stream_key(course_id: int | None, code: str) -> str:
    return f"{'' if course_id is None else course_id}:{code}"


def read_stream_key(value: str) -> tuple[int | None, str]:
    course, _colon, code = value.partition(":")
    return (int(course) if course.isdecimal() else None), code


def stream_rows(audience: Audience) -> list[StreamRow]:
    """Every stream that is described or booked, the newest first: two queries and the labels."""
    labels = Labels.read()
    counts = Booking.objects.exclude(course_stream=None).exclude(course_stream="")
    people: dict[tuple[int | None, str], dict[int | None, int]] = {}
    for course, code, status, count in counts.values_list("course_id", "course_stream", "confirmed").annotate(
        people=Count("telegram_user", distinct=True)
    ):
        people.setdefault((course, code or ""), {})[status] = count
    described = list(Stream.objects.order_by("-is_current", "-starts_on", "-id").values_list("course_id", "code"))
    chosen = {
        stream_key(one.course_id, one.code): set(one.statuses) for one in audience.include if isinstance(one, InStream)
    }
    left_out = {stream_key(one.course_id, one.code) for one in audience.exclude if isinstance(one, InStream)}
    keys = dict.fromkeys([*described, *sorted(people, key=lambda key: (key[1], key[0] or 0), reverse=True)])
    rows = []
    for course, code in keys:
        value = stream_key(course, code)
        cells = [
            Cell(
                value=f"{value}:{status}",
                label=str(Status(status).label),
                count=people.get((course, code), {}).get(status, 0),
                chosen=status in chosen.get(value, ()),
            )
            for status in STATUSES
        ]
        rows.append(StreamRow(value, labels.stream(course, code), labels.course(course), cells, value in left_out))
    return rows


def group_rows(audience: Audience, *, at: datetime) -> list[GroupRow]:
    """The groups of the previous dashboard, and leads: a query each."""
    return [
        GroupRow(
            value=key,
            label=str(label),
            count=TelegramUser.objects.filter(pk__in=criterion.people(at=at)).count(),
            chosen=criterion in audience.include,
            left_out=criterion in audience.exclude,
        )
        for key, (criterion, label) in GROUPS.items()
    ]


def people_of(criteria: Iterable[Criterion]) -> list[TelegramUser]:
    """Those named one by one, in the order in which they were named."""
    ids = [person for one in criteria if isinstance(one, Individuals) for person in one.ids]
    found = TelegramUser.objects.in_bulk(ids)
    return [found.get(pk) or TelegramUser(pk=pk) for pk in ids]


def find_people(words: str) -> list[TelegramUser]:
    """People whose @username, name or id begins with the words."""
    words = words.replace("\0", "").strip().removeprefix("https://").removeprefix("t.me/").removeprefix("@")
    if not words:
        return []
    begins = Q(username__istartswith=words) | Q(first_name__istartswith=words) | Q(last_name__istartswith=words)
    if words.isdecimal() and len(words) < 18:
        begins |= Q(pk=int(words))
    return list(TelegramUser.objects.filter(begins, pk__lt=ERASED_FROM).order_by("first_name", "pk")[:FOUND])


def other_criteria(criteria: Iterable[Criterion]) -> list[Criterion]:
    """Those for which the page has no box of its own: kept as they are until they are taken off."""
    known = [criterion for criterion, _label in GROUPS.values()]
    return [one for one in criteria if not isinstance(one, InStream | Individuals) and one not in known]


def describe(one: Criterion) -> str:
    """A criterion in words."""
    match one:
        case InStream():
            statuses = ", ".join(str(Status(status).label) for status in one.statuses if status in Status.values)
            stream = Labels.read().stream(one.course_id, one.code)
            return _("%(stream)s: %(statuses)s") % {"stream": stream, "statuses": statuses}
        case Individuals():
            return _("People one by one: %(count)d") % {"count": len(one.ids)}
        case Received():
            known = [Recipient.State(state) for state in one.states if state in Recipient.State.values]
            states = ", ".join(str(state.label).lower() for state in known)
            words = {"number": one.broadcast_id, "states": states}
            return _("Recipients of message #%(number)d: %(states)s") % words
        case ReferralCode():
            return _("Booked with the code %(code)s") % {"code": one.code}
        case ActiveSince():
            return _("Active in the bot since %(day)s") % {"day": date_format(one.since)}
        case FreeLesson() if one.lesson_type or one.lesson_date:
            about = " ".join([one.lesson_type, date_format(one.lesson_date) if one.lesson_date else ""]).strip()
            return _("Free lesson: %(about)s") % {"about": about}
        case LeadTemperature():
            return {
                "hot": _("Hot leads"),
                "warm": _("Warm leads"),
                "cool": _("Cool leads"),
                "cold": _("Cold leads"),
            }.get(one.temperature, one.temperature)
    return next((str(label) for criterion, label in GROUPS.values() if criterion == one), one.kind)
