"""Whom a broadcast is for: criteria stored as JSON, evaluated for every count and frozen when sending starts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Any, ClassVar, Self, get_args, get_origin

from django.db.models import Case, CharField, Count, Exists, OuterRef, QuerySet, Value, When
from django.utils import timezone

from bookings.models import Booking, FreeLessonRegistration, HackathonRegistration
from bookings.models.bookings import BookingQuerySet
from hsl_dashboard.db import LARGEST_BIGINT, is_storable
from messaging.models import Recipient
from users.models import ERASED_FROM, BlockedUser, LeadTemperature, LivePersonTotals, PersonTag, TelegramUser

LONGEST_QUIET = 24 * 30  # hours
LISTS = ("include", "narrow", "exclude")  # of an Audience

# By the kind in the JSON. A new group of people is a subclass of Criterion, here or in an app's own module.
CRITERIA: dict[str, type["Criterion"]] = {}


class UnknownCriterion(ValueError):
    """The JSON names a criterion that does not exist (any more)."""


@dataclass(frozen=True)
class Criterion:
    """One group of people. A subclass has a ``kind`` for the JSON, and says who belongs to it."""

    kind: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        CRITERIA[cls.kind] = cls

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        """A query with the ids of these people as its only column, for ``pk__in``."""
        raise NotImplementedError

    def as_json(self) -> dict[str, Any]:
        """Give the JSON with lists instead of tuples, so that it equals what the database returns."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return {"kind": self.kind, **values}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Criterion":
        """Read any criterion.

        Raises:
            UnknownCriterion: there is none of that kind, or it has other fields.
        """
        kind = stored.get("kind") if isinstance(stored, dict) else None
        criterion = CRITERIA.get(kind) if isinstance(kind, str) else None
        if criterion is None:
            raise UnknownCriterion(repr(stored)[:200])
        values = {name: value for name, value in stored.items() if name != "kind"}
        try:
            found = criterion._of(values)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise UnknownCriterion(repr(stored)[:200]) from error
        if not all(_can_be_asked(getattr(found, part.name), part.type) for part in fields(found)):
            raise UnknownCriterion(repr(stored)[:200])
        return found

    @classmethod
    def _of(cls, values: dict[str, Any]) -> Self:
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


# What PostgreSQL can be asked with, by the type of a criterion's field.
_CHECKS: dict[type, Callable[[Any], bool]] = {
    str: lambda value: isinstance(value, str) and len(value) <= 1000 and is_storable(value),
    int: lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_BIGINT,
    date: lambda value: isinstance(value, date) and 1900 < value.year < 2200,
    NoneType: lambda value: value is None,
}


def _can_be_asked(value: Any, declared: Any) -> bool:
    """Whether a value has the declared type of its field: ``int``, ``date | None``, ``tuple[str, ...]``."""
    if get_origin(declared) is tuple:
        return isinstance(value, tuple) and all(map(_CHECKS[get_args(declared)[0]], value))
    return any(_CHECKS[allowed](value) for allowed in get_args(declared) or (declared,))


@dataclass(frozen=True)
class InStream(Criterion):
    """People with a booking of a stream in one of these statuses; by default the confirmed ones."""

    kind = "stream"
    code: str
    course_id: int | None = None  # None: in any course
    statuses: tuple[int, ...] = (Booking.Status.CONFIRMED,)

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return _bookings_in(self.code, self.course_id).with_status(*self.statuses).values("telegram_user_id")


@dataclass(frozen=True)
class ActiveInStream(Criterion):
    """People with an active booking of a stream, unknown statuses included; used to exclude a stream."""

    kind = "active_in_stream"
    code: str
    course_id: int | None = None  # None: in any course

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return _bookings_in(self.code, self.course_id).active().values("telegram_user_id")


def _bookings_in(code: str, course_id: int | None) -> BookingQuerySet:
    bookings = Booking.objects.filter(course_stream=code)
    return bookings if course_id is None else bookings.filter(course_id=course_id)


@dataclass(frozen=True)
class Individuals(Criterion):
    """These people, by Telegram id."""

    kind = "people"
    ids: tuple[int, ...] = ()

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return TelegramUser.objects.filter(pk__in=self.ids).values("pk")


@dataclass(frozen=True)
class Everyone(Criterion):
    """Everybody the bot knows."""

    kind = "everyone"

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return TelegramUser.objects.values("pk")


@dataclass(frozen=True)
class NotStudents(Criterion):
    """«Все кроме учеников»: everybody without a confirmed booking."""

    kind = "not_students"

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        confirmed = Booking.objects.confirmed().filter(telegram_user=OuterRef("pk"))
        return TelegramUser.objects.filter(~Exists(confirmed)).values("pk")


@dataclass(frozen=True)
class Hackathon(Criterion):
    """«Хакатон»: everybody who registered for it."""

    kind = "hackathon"

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return HackathonRegistration.objects.exclude(telegram_user=None).values("telegram_user_id")


@dataclass(frozen=True)
class FreeLesson(Criterion):
    """People registered for a free lesson, of a kind, of a date, or both."""

    kind = "free_lesson"
    lesson_type: str = ""
    lesson_date: date | None = None

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        registrations = FreeLessonRegistration.objects.all()
        if self.lesson_type:
            registrations = registrations.filter(lesson_type=self.lesson_type)
        if self.lesson_date:
            registrations = registrations.filter(lesson_date=self.lesson_date)
        return registrations.values("telegram_user_id")

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"lesson_date": self.lesson_date.isoformat() if self.lesson_date else None}

    @classmethod
    def _of(cls, values: dict[str, Any]) -> Self:
        day = values.get("lesson_date")
        return super()._of(values | {"lesson_date": date.fromisoformat(day) if day else None})


@dataclass(frozen=True)
class Leads(Criterion):
    """Leads of one temperature, by the same count as on the list of people."""

    kind = "temperature"
    temperature: str = "hot"

    TEMPERATURES: ClassVar = {
        "hot": LeadTemperature.HOT,
        "warm": LeadTemperature.WARM,
        "cool": LeadTemperature.COOL,
        "cold": LeadTemperature.COLD,
    }

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        # The live view also counts people whom a trigger could only mark for a recount. Erased people are on no list.
        if self.temperature not in self.TEMPERATURES:
            return LivePersonTotals.objects.none().values("pk")
        degree = self.TEMPERATURES[self.temperature]
        return LivePersonTotals.objects.filter(temperature=degree, pk__lt=ERASED_FROM).values("pk")


@dataclass(frozen=True)
class ActiveSince(Criterion):
    """People who did anything themselves since the beginning of a day: the last activity of the list of people."""

    kind = "active_since"
    since: date

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        midnight = timezone.make_aware(datetime(self.since.year, self.since.month, self.since.day))  # noqa: DTZ001
        return LivePersonTotals.objects.filter(last_activity_at__gte=midnight, pk__lt=ERASED_FROM).values("pk")

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"since": self.since.isoformat()}

    @classmethod
    def _of(cls, values: dict[str, Any]) -> Self:
        return cls(since=date.fromisoformat(values["since"]))


@dataclass(frozen=True)
class ReferralCode(Criterion):
    """People who booked with a referral code, whatever its case."""

    kind = "referral_code"
    code: str

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return Booking.objects.filter(referral_code__iexact=self.code).values("telegram_user_id")


@dataclass(frozen=True)
class WithTag(Criterion):
    """People on whom staff put a tag, whatever its case."""

    kind = "tag"
    name: str

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return PersonTag.objects.filter(tag__name__iexact=self.name).values("telegram_user_id")


@dataclass(frozen=True)
class Received(Criterion):
    """Recipients of an earlier broadcast in some states: to write to those who missed it, or to leave out the rest."""

    kind = "received"
    broadcast_id: int
    states: tuple[str, ...] = (Recipient.State.SENT,)

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        rows = Recipient.objects.filter(message=self.broadcast_id, state__in=self.states)
        return rows.values("telegram_user_id")


@dataclass(frozen=True)
class Audience:
    """Everybody in any of ``include`` who is in all of ``narrow`` and in none of ``exclude``; each person once."""

    include: tuple[Criterion, ...] = ()
    narrow: tuple[Criterion, ...] = ()
    exclude: tuple[Criterion, ...] = ()
    quiet_hours: int | None = None  # leaves out whoever got a message in the last so many hours

    def as_json(self) -> dict[str, Any]:
        lists = {name: [criterion.as_json() for criterion in getattr(self, name)] for name in LISTS}
        return {**lists, "quiet_hours": self.quiet_hours}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Audience":
        """Read what ``as_json`` wrote.

        Raises:
            UnknownCriterion: it names a criterion that does not exist, or is no audience at all.
        """
        lists = {name: stored.get(name) or [] for name in LISTS} if isinstance(stored, dict) else {}
        hours = stored.get("quiet_hours") if lists else None
        if not lists or not all(isinstance(criteria, list) for criteria in lists.values()) or not _are_hours(hours):
            raise UnknownCriterion(repr(stored)[:200])
        found = {name: tuple(map(Criterion.from_json, criteria)) for name, criteria in lists.items()}
        return cls(**found, quiet_hours=hours)

    @property
    def streams(self) -> list[tuple[int | None, str]]:
        """The streams it asks for; ``{stream}`` means these before any other."""
        return [(stream.course_id, stream.code) for stream in self.include if isinstance(stream, InStream)]

    @property
    def one_of_streams(self) -> list[tuple[int, str]]:
        """Streams in one of which everybody in it has an active booking; none where that is not certain."""
        certain = [
            (stream.course_id, stream.code)
            for stream in self.include
            if isinstance(stream, InStream)
            and stream.course_id is not None
            and Booking.Status.CANCELLED not in stream.statuses
        ]
        return certain if len(certain) == len(self.include) else []

    def unknown_ids(self) -> list[int]:
        """Ids of individuals whom the bot does not know: staff see them, and sending goes on."""
        named = {person for people in self.include if isinstance(people, Individuals) for person in people.ids}
        known = TelegramUser.objects.filter(pk__in=named).values_list("pk", flat=True)
        return sorted(named - set(known))

    def people(self, *, at: datetime, most: int | None = None) -> QuerySet[TelegramUser]:
        """All of them, each with the ``reason`` why nothing will be sent to them ('' for those who get it).

        ``most`` takes only so many of each group, so that a look at some of them reads no large group to its end.
        """
        people = self._included(at=at, most=most)
        for criterion in self.narrow:
            people = people.filter(pk__in=criterion.people(at=at))
        return people.annotate(
            reason=Case(*self._reasons(at=at), default=Value(""), output_field=CharField(max_length=30))
        )

    def _included(self, *, at: datetime, most: int | None) -> QuerySet[TelegramUser]:
        if not self.include:
            return TelegramUser.objects.filter(pk__in=[])
        if Everyone() in self.include:
            return TelegramUser.objects.all()
        # One list to look a person up in: with an OR of lists PostgreSQL asks each of them for everybody of the school.
        first, *others = (criterion.people(at=at)[:most] for criterion in self.include)
        return TelegramUser.objects.filter(pk__in=first.union(*others) if others else first)

    def reached(self, *, at: datetime, most: int | None = None) -> QuerySet[Any, Any]:
        """Those who would get a message now; of ``most`` people of each group."""
        people: QuerySet[Any, Any] = self.people(at=at, most=most)
        return people.filter(reason="")

    def _reasons(self, *, at: datetime) -> list[When]:
        blocks = BlockedUser.objects.filter(telegram_user=OuterRef("pk"))
        reasons = [
            When(Exists(blocks.filter(reason="chat_not_found")), then=Value(Recipient.Reason.NO_CHAT)),
            When(Exists(blocks), then=Value(Recipient.Reason.BLOCKED)),
            *(
                When(pk__in=criterion.people(at=at), then=Value(Recipient.Reason.EXCLUDED))
                for criterion in self.exclude
            ),
        ]
        if self.quiet_hours:
            since = at - timedelta(hours=self.quiet_hours)
            written = Recipient.objects.filter(sent_at__gt=since).values("telegram_user_id")
            reasons.append(When(pk__in=written, then=Value(Recipient.Reason.RECENTLY_WRITTEN)))
        return reasons


def _are_hours(value: Any) -> bool:
    # Older forms accepted more hours than today's: up to a year.
    return value is None or (type(value) is int and 0 <= value <= 24 * 366)


@dataclass(frozen=True)
class AudienceCount:
    """How many get it, and how many not, by reason."""

    sent_to: int
    skipped: dict[str, int] = field(default_factory=dict)
    unknown_ids: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return self.sent_to + sum(self.skipped.values())


def count_audience(audience: Audience, *, at: datetime) -> AudienceCount:
    """Count an audience as it is at this moment: two queries."""
    # Each person's reason in a subquery, and one pass over it.
    people: QuerySet[Any, Any] = audience.people(at=at)
    return count_of(audience, dict(people.values_list("reason").annotate(people=Count("pk"))))


def count_of(audience: Audience, reasons: Mapping[str, int]) -> AudienceCount:
    """Give the count of an audience whose people were counted by their reason (one query)."""
    skipped = {reason: people for reason, people in sorted(reasons.items()) if reason}
    return AudienceCount(sent_to=reasons.get("", 0), skipped=skipped, unknown_ids=tuple(audience.unknown_ids()))


def individuals(ids: Iterable[int]) -> Audience:
    """The audience of a message to these people."""
    return Audience(include=(Individuals(ids=tuple(dict.fromkeys(ids))),))
