"""What staff write about courses and streams: names, prices, places, dates."""

import hashlib
import re
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Self

import pghistory
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Course, Currency, Stream
from hsl_dashboard.db import run_sql
from users.models import User

# As the bot writes codes: «8th_stream», «mentoring». Whatever else stands in a booking is described as it stands.
CODE = re.compile(r"[A-Za-z0-9_-]+")


class NotDescribed(Exception):
    """Nothing was written; the sentence says why."""


class StreamExists(NotDescribed):
    """The course has a described stream with this code already."""


class CourseExists(NotDescribed):
    """The school has a course of this name already."""


class DescriptionChanged(NotDescribed):
    """Somebody else has changed it since ``by`` opened the form: ``theirs`` is what it says now."""

    def __init__(self, theirs: "Description") -> None:
        super().__init__(_("Somebody else has changed this in the meantime. Save again to keep your values."))
        self.theirs = theirs


@dataclass(frozen=True)
class Description:
    """Values of a row that staff write."""

    @classmethod
    def of(cls, row: models.Model) -> Self:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    @property
    def fingerprint(self) -> str:
        """Stands for these values in a form: whoever saves it has seen them."""
        return hashlib.sha256(repr(self).encode(errors="backslashreplace")).hexdigest()[:16]

    def as_fields(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class StreamDescription(Description):
    """What the school says of a cohort; its course and its code are what the bot wrote."""

    name: str
    capacity: int | None
    starts_on: date | None
    campaign_starts_on: date | None
    is_current: bool
    price: Decimal | None = None
    currency: str = Currency.USD.value


@dataclass(frozen=True)
class CourseDescription(Description):
    """What the bot shows of a course."""

    name: str
    description: str | None
    price_usd_cents: int
    button_text: str
    start_date_text: str | None
    is_active: bool | None


def is_code(code: str, *, course: Course) -> bool:
    """Say whether the bot writes such a code, or has written this one into a booking of the course."""
    return bool(CODE.fullmatch(code)) or Booking.objects.filter(course=course, course_stream=code).exists()


def describe_stream(*, course: Course, code: str, to: StreamDescription, by: User) -> Stream:
    """Describe a code that the bot writes, or will write.

    Raises:
        StreamExists: somebody has described it already.
    """
    with pghistory.context(user=by.pk):
        try:
            with transaction.atomic():
                _make_room_for_current(course.pk, to)
                return Stream.objects.create(course=course, code=code, **to.as_fields())
        except IntegrityError as error:
            raise StreamExists(_("This course has a described stream with this code already.")) from error


def change_stream(*, stream: Stream, to: StreamDescription, seen: str, by: User) -> None:
    """Write what is said of a stream; of a course, only one stream is the current one.

    Raises:
        DescriptionChanged: ``seen`` is not the fingerprint of what stands there now.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        # All streams of the course, so that two that become the current one at once wait for each other.
        list(Stream.objects.select_for_update(no_key=True).filter(course=stream.course_id).order_by("pk"))
        stream.refresh_from_db()
        _require_seen(StreamDescription.of(stream), seen)
        _make_room_for_current(stream.course_id, to, but=stream.pk)
        _write(stream, to)


def add_course(*, to: CourseDescription, by: User) -> Course:
    """Add a course to the bot's table; the bot offers it if it is active.

    Raises:
        CourseExists: a course has this name, maybe because the form was sent twice.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        # The bot's table knows no unique name: of two clicks the second waits, and finds the first.
        run_sql("SELECT pg_advisory_xact_lock(hashtextextended('add_course', 0))")
        if Course.objects.filter(name__iexact=to.name).exists():
            raise CourseExists(_("There is a course with this name already."))
        return Course.objects.create(**to.as_fields())


def change_course(*, course: Course, to: CourseDescription, seen: str, by: User) -> None:
    """Write what the bot shows of a course.

    Raises:
        DescriptionChanged: as above.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        _require_seen(CourseDescription.of(locked), seen)
        _write(locked, to)


def _require_seen(now: Description, seen: str) -> None:
    if now.fingerprint != seen:
        raise DescriptionChanged(now)


def _make_room_for_current(course_id: int, to: StreamDescription, *, but: int | None = None) -> None:
    if to.is_current:
        Stream.objects.filter(course=course_id, is_current=True).exclude(pk=but or 0).update(is_current=False)


def _write(row: models.Model, to: Description) -> None:
    for name, value in to.as_fields().items():
        setattr(row, name, value)
    row.save(update_fields=list(to.as_fields()))
