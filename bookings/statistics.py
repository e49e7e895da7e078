"""Counts that the pages of courses, streams and bookings show; each has one definition and one query."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property, reduce
from itertools import accumulate
from operator import add
from urllib.parse import quote

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.labels import Labels
from bookings.models import Booking, BookingCount, Stream
from bookings.models.bookings import BookingCountQuerySet, BookingQuerySet
from hsl_dashboard.web.remembered import Remembered, answer_asked, ask_for, is_remembered, remembered
from users.models import Event, LatestStatus, TelegramUser

# What each number counts, as the pages explain it.
DEFINITIONS = {
    "counts": _(
        "Bookings by current status. A person with two bookings counts twice. “Unknown” covers empty and unrecognised "
        "statuses, so the parts always add up to the total."
    ),
    "conversion": _("Confirmed bookings divided by all bookings, cancelled ones included, rounded to a whole percent."),
    "places": _("The stream's places minus its confirmed bookings."),
    "confirmed": _(
        "Bookings that are confirmed now, on the day on which their status last became so. A confirmation that was "
        "taken back counts no more."
    ),
    "pace": _("Bookings of the stream that became confirmed in the last seven finished days."),
    "viewed": _(
        "People who have opened the course programme since the stream's campaign began and have no booking in the "
        "stream, not even a cancelled one. Each person counts once."
    ),
}

# Bots exist since this day: an earlier date in a booking is a mistake, often 1 January 1970.
FIRST_BELIEVABLE = datetime(2015, 6, 24, tzinfo=UTC)

# The statuses that StatusCounts knows; empty ones, and numbers that mean nothing, are unknown.
FIELDS: dict[int | None, str] = {
    Booking.Status.NEW: "new",
    Booking.Status.PENDING: "pending",
    Booking.Status.CONFIRMED: "confirmed",
    Booking.Status.CANCELLED: "cancelled",
}

# Bookings: from so many on what needs each of them is counted by beat; fewer take some 10 ms.
MANY_BOOKINGS = 20_000
# Views of any programme since a campaign began: from so many on beat counts who has viewed. Fewer take half a second.
MANY_VIEWS = 50_000

StreamKey = tuple[int | None, str | None]  # course id, code


@dataclass(frozen=True)
class Part:
    """One share of a stacked bar: so many bookings of one status, after ``offset`` others."""

    name: str
    label: str
    count: int
    offset: int


@dataclass(frozen=True)
class StatusCounts:
    """How many bookings have each status; the parts add up to the total."""

    new: int = 0
    pending: int = 0
    confirmed: int = 0
    cancelled: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, confirmed: int | None, number: int) -> "StatusCounts":
        """So many bookings that store this status."""
        return cls(**{FIELDS.get(confirmed, "unknown"): number})

    @cached_property
    def total(self) -> int:
        return self.new + self.pending + self.confirmed + self.cancelled + self.unknown

    @property
    def conversion(self) -> int | None:
        """Confirmed of all, in whole percent, halves up as the previous dashboard rounded; None of nothing."""
        return (200 * self.confirmed + self.total) // (2 * self.total) if self.total else None

    @cached_property
    def parts(self) -> list[Part]:
        """The shares of a stacked bar, best first; without the unknown where there are none."""
        status = Booking.Status
        shares: list[tuple[str, object, int]] = [
            ("confirmed", status.CONFIRMED.label, self.confirmed),
            ("pending", status.PENDING.label, self.pending),
            ("new", status.NEW.label, self.new),
            ("cancelled", status.CANCELLED.label, self.cancelled),
        ]
        if self.unknown:
            shares.append(("unknown", LatestStatus.UNKNOWN.label, self.unknown))
        offsets = accumulate((count for _name, _label, count in shares), initial=0)
        return [Part(name, str(label), count, at) for (name, label, count), at in zip(shares, offsets, strict=False)]

    def __add__(self, other: "StatusCounts") -> "StatusCounts":
        # Not astuple(), which copies each number: a page adds a hundred of these.
        return StatusCounts(
            new=self.new + other.new,
            pending=self.pending + other.pending,
            confirmed=self.confirmed + other.confirmed,
            cancelled=self.cancelled + other.cancelled,
            unknown=self.unknown + other.unknown,
        )


@dataclass(frozen=True)
class StreamStatistics:
    """A stream of a course with its counts; ``stream`` is None if the code has no description."""

    course_id: int | None
    code: str | None
    course_label: str
    label: str
    stream: Stream | None
    counts: StatusCounts

    @cached_property
    def address(self) -> str:
        """The page of the stream as this course has it; only a stream with a code has one."""
        course = "none" if self.course_id is None else self.course_id
        return f"{reverse('bookings:stream_detail', args=[self.code])}?course={course}"

    @cached_property
    def places_left(self) -> int | None:
        """Places minus confirmed bookings, negative when overbooked; None where the capacity is not known."""
        if self.stream is None or self.stream.capacity is None:
            return None
        return self.stream.capacity - self.counts.confirmed

    @property
    def overbooked(self) -> int:
        """By how many places the confirmed bookings exceed the capacity."""
        return max(0, -(self.places_left or 0))

    @property
    def is_current(self) -> bool:
        return self.stream is not None and self.stream.is_current


@dataclass(frozen=True)
class CourseStatistics:
    """A course with its streams; its counts are the sum of theirs."""

    course_id: int | None
    label: str
    streams: list[StreamStatistics] = field(default_factory=list)

    @cached_property
    def counts(self) -> StatusCounts:
        return total_of(stream.counts for stream in self.streams)


def total_of(counts: Iterable[StatusCounts]) -> StatusCounts:
    return reduce(add, counts, StatusCounts())


def status_counts(bookings: "QuerySet[Booking]") -> StatusCounts:
    """Count ``bookings`` by status."""
    grouped = bookings.order_by().values_list("confirmed").annotate(number=Count("*"))
    return total_of(StatusCounts.of(confirmed, number) for confirmed, number in grouped)


def counts_by_stream(counts: BookingCountQuerySet) -> dict[StreamKey, StatusCounts]:
    """Add up kept counts by course and stream (one query); bookings without a stream stand under None."""
    by_stream: dict[StreamKey, StatusCounts] = defaultdict(StatusCounts)
    grouped = counts.of_streams().values_list("course_id", "key", "status").annotate(sum=Sum("number"))
    for course_id, code, status, number in grouped:
        by_stream[course_id, code or None] += StatusCounts.of(status, number)
    return by_stream


def course_statistics(labels: Labels) -> list[CourseStatistics]:
    """Every course, and every stream that has bookings or a description, in the school's order (two queries)."""
    counts = counts_by_stream(BookingCount.objects.all())
    counted = {key for key, there in counts.items() if there.total}
    described: dict[StreamKey, Stream] = {(stream.course_id, stream.code): stream for stream in Stream.objects.all()}
    courses: dict[int | None, CourseStatistics] = {
        course_id: CourseStatistics(course_id, labels.course(course_id)) for course_id in sorted(labels.courses)
    }
    for course_id, code in sorted(counted | described.keys(), key=lambda key: _school_order(key, described)):
        course = courses.setdefault(course_id, CourseStatistics(course_id, labels.course(course_id)))
        course.streams.append(
            StreamStatistics(
                course_id=course_id,
                code=code,
                course_label=course.label,
                label=labels.stream(course_id, code),
                stream=described.get((course_id, code)),
                counts=counts[course_id, code],
            )
        )
    return list(courses.values())


def campaign_start(stream: Stream | None, bookings: "QuerySet[Booking]") -> datetime | None:
    """Give the start of a stream's campaign: as staff set it, else its first plausible booking, else None."""
    if stream is not None and stream.campaign_starts_on is not None:
        return timezone.make_aware(datetime.combine(stream.campaign_starts_on, time.min))
    first: datetime | None = bookings.filter(created_at__gte=FIRST_BELIEVABLE).aggregate(first=Min("created_at"))[
        "first"
    ]
    return first


def views_of_programme(*, course_id: int | None, since: datetime | None) -> "QuerySet[Event]":
    """Events of people who opened the programme of a course since a moment; none without a course or a moment."""
    if course_id is None or since is None:
        return Event.objects.none()
    return Event.objects.filter(
        event_type="view_program",
        created_at__gte=since,
        # A number or a string: the bot has written both.
        details__course_id__in=[course_id, str(course_id)],
    )


def people_who_viewed(
    *, course_id: int | None, since: datetime | None, bookings: "QuerySet[Booking]"
) -> "QuerySet[TelegramUser]":
    """People who viewed the programme of a course since a moment and are in none of ``bookings``."""
    viewed = views_of_programme(course_id=course_id, since=since)
    # NOT EXISTS is a join, and NOT IN over very many bookings is none.
    return TelegramUser.objects.filter(
        ~Exists(bookings.filter(telegram_user=OuterRef("pk"))), pk__in=viewed.values("telegram_user_id")
    )


def people_to_walk_who_viewed(
    *, course_id: int | None, since: datetime | None, bookings: "QuerySet[Booking]"
) -> "QuerySet[TelegramUser]":
    """The people of ``people_who_viewed`` for a page of them in the order of an index, where there are very many.

    Each person is asked in turn until the page is full; the planner would list all views first.
    """
    views = views_of_programme(course_id=course_id, since=since).filter(telegram_user=OuterRef("pk"))
    booked = bookings.filter(telegram_user=OuterRef("pk"))
    # A row of a subquery is asked for one person at a time; EXISTS may be answered out of a hash of all views.
    return TelegramUser.objects.alias(
        viewed=Subquery(views.order_by().values("pk")[:1]), booked=Subquery(booked.order_by().values("pk")[:1])
    ).filter(viewed__isnull=False, booked=None)


def has_very_many_views(since: datetime | None) -> bool:
    """Say whether any programme was viewed so often since a moment that who did is not found at a request."""
    views = Event.objects.filter(event_type="view_program", created_at__gte=since) if since else Event.objects.none()
    # One index alone, and no further than that.
    return views.order_by()[:MANY_VIEWS].count() >= MANY_VIEWS


def viewed_of_stream(key: StreamKey, since: datetime | None) -> Remembered[int] | None:
    """Count who viewed the programme since a moment and is not in the stream; None until beat has counted very many."""
    course_id, code = key
    name = f"viewed-of-stream:{_word(key)}:{since:%Y%m%dT%H%M%S}" if since else ""
    if not name or (not is_remembered(name) and not has_very_many_views(since)):
        return Remembered(_count_viewed((course_id, code, since)))
    return ask_for(name, (course_id, code, since))


def remember_viewed_of_streams() -> None:
    """Count who has viewed, for the streams with very many views whose pages were opened since."""
    answer_asked(_count_viewed)


def _count_viewed(question: tuple[int | None, str | None, datetime | None]) -> int:
    course_id, code, since = question
    bookings = bookings_of_stream((course_id, code))
    return people_who_viewed(course_id=course_id, since=since, bookings=bookings).count()


def bookings_of_stream(key: StreamKey) -> BookingQuerySet:
    course_id, code = key
    of_course = Q(course__isnull=True) if course_id is None else Q(course_id=course_id)
    return Booking.objects.filter(of_course, course_stream=code)


def people_in(bookings: "QuerySet[Booking]") -> int:
    """Count the people behind ``bookings``, each once."""
    return bookings.order_by().values("telegram_user_id").distinct().count()


def people_of_stream(key: StreamKey, number: int, *, anew: bool = False) -> Remembered[int]:
    """Count the people of a stream that has so many bookings; with very many beat counts them."""
    bookings = bookings_of_stream(key)
    if number < MANY_BOOKINGS:
        return Remembered(people_in(bookings))
    return remembered(f"people-of-stream:{_word(key)}", lambda: people_in(bookings), anew=anew)


def remember_people_of_streams() -> None:
    """Count the people of the streams with very many bookings; the pages of the others count at once."""
    for key, counts in counts_by_stream(BookingCount.objects.all()).items():
        if counts.total >= MANY_BOOKINGS and key[1]:
            people_of_stream(key, counts.total, anew=True)


def _word(key: StreamKey) -> str:
    """A stream as part of a key of the cache, which holds no spaces."""
    return f"{key[0]}:{quote(key[1] or '', safe='')}"


def _school_order(key: StreamKey, described: dict[StreamKey, Stream]) -> tuple[object, ...]:
    """By course; described streams first, the current one at their head, the rest as they start; then by number."""
    course_id, code = key
    stream = described.get(key)
    starts_on = (stream and stream.starts_on) or date.max
    number = re.match(r"\d+", code or "")
    return (
        course_id is None,
        course_id or 0,
        stream is None,
        not (stream and stream.is_current),
        starts_on,
        int(number[0]) if number else float("inf"),
        code is None,
        code or "",
    )
