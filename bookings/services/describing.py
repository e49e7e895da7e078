"""What staff write about courses and streams: names, prices, places, dates."""

import hashlib
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Self

import pghistory
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Course, Currency, Stream
from users.models import User


class NotDescribed(Exception):
    """Nothing was written; the sentence says why."""


class StreamExists(NotDescribed):
    """The course has a described stream with this code already."""


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
