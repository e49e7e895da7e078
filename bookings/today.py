"""What bookings, streams and lessons add to the page of today: what waits, and the figures by day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.labels import Labels
from bookings.lessons.lesson_dates import lesson_address
from bookings.models import Booking, BookingCount, FreeLessonRegistration, Stream
from bookings.models.bookings import BookingCountQuerySet
from bookings.money.kept import confirmed_by_day, confirmed_by_stream
from bookings.quality.problems import find_problems
from bookings.statistics import DEFINITIONS
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.days import Days, day_begins, school_day
from hsl_dashboard.web.today import TodayFigure, TodayFigures, TodayLine, TodayLines
from users.models import User

SEE = "bookings.view_booking"
SEE_LESSONS = "bookings.view_freelessonregistration"
FULL_FROM = 90  # percent of a stream's places
STARTS_WITHIN = 7  # days
Status = Booking.Status
# New are those since this member of staff last pressed «Просмотрено», or since midnight. How many wait for payment is a
# kept count: a large school has some hundred thousand of them.
NEW_AND_PENDING = """
    SELECT looked.at,
        (SELECT count(*) FROM bookings WHERE created_at > looked.at AND created_at <= %(at)s),
        (SELECT min(created_at) FROM bookings WHERE created_at > looked.at AND created_at <= %(at)s),
        (SELECT COALESCE(sum(number), 0)::bigint FROM bookings_bookingcount
         WHERE part = 'stream' AND status = %(pending)s),
        (SELECT min(created_at) FROM bookings WHERE confirmed = %(pending)s)
    FROM (
        SELECT COALESCE((SELECT at FROM users_todayvisit WHERE user_id = %(user)s), %(midnight)s) AS at
    ) AS looked
"""


def booking_lines(user: User, at: datetime) -> list[TodayLine]:
    """What came in since this member of staff last looked, and what is not paid yet (one query)."""
    [(since, new, oldest_new, pending, oldest_pending)] = run_sql(
        NEW_AND_PENDING,
        {"user": user.pk, "midnight": day_begins(school_day(at)), "at": at, "pending": Status.PENDING.value},
    )
    return [
        TodayLine(
            "bookings-new",
            _("New bookings since you last looked"),
            new,
            _bookings(made_after=since.isoformat(), made_before=at.isoformat()),
            oldest=oldest_new,
            done_address=reverse("analytics:today_viewed"),
        ),
        TodayLine(
            "bookings-pending",
            _("Bookings that wait for payment"),
            pending,
            _bookings(status=Status.PENDING.value),
            oldest=oldest_pending,
        ),
    ]


@dataclass(frozen=True)
class _StreamNow:
    """A described stream with its bookings of today."""

    stream: Stream
    confirmed: int
    unpaid: int

    @property
    def left(self) -> int | None:
        return None if self.stream.capacity is None else self.stream.capacity - self.confirmed

    def is_nearly_full(self) -> bool:
        return bool(self.stream.capacity) and 100 * self.confirmed >= FULL_FROM * (self.stream.capacity or 0)

    def starts_soon(self, today: date) -> bool:
        starts = self.stream.starts_on
        return starts is not None and today <= starts <= today + timedelta(days=STARTS_WITHIN)


def stream_lines(_user: User, at: datetime) -> list[TodayLine]:
    """Streams that are nearly full or start soon, with their bookings that are not paid (one query)."""
    today = school_day(at)
    lines = []
    for now in _streams_to_come(today):
        if not (now.is_nearly_full() or now.starts_soon(today)):
            continue
        stream = now.stream
        words = []
        if now.starts_soon(today) and stream.starts_on:
            words.append(_("starts on %(day)s") % {"day": date_format(stream.starts_on, "j E")})
        if now.left is not None:
            left = max(now.left, 0)
            words.append(ngettext("%(count)d place left", "%(count)d places left", left) % {"count": left})
        lines.append(
            TodayLine(
                f"stream-{stream.pk}",
                _("%(stream)s: bookings not paid yet") % {"stream": stream.name},
                now.unpaid,
                _bookings(course=stream.course_id, stream=stream.code, status=[Status.NEW.value, Status.PENDING.value]),
                note=", ".join(words),
                urgent=now.is_nearly_full(),
            )
        )
    return lines


def lesson_lines(_user: User, at: datetime) -> list[TodayLine]:
    """Registrations for today's and tomorrow's lessons, and how many have had their reminder (one query)."""
    today = school_day(at)
    found = (
        FreeLessonRegistration.objects.filter(lesson_date__in=[today, today + timedelta(days=1)])
        .exclude(lesson_type=None)
        .order_by("lesson_date", "lesson_type")
        .values_list("lesson_date", "lesson_type")
        .annotate(count=Count("*"), reminded=Count("pk", filter=Q(notification_sent=True)))
    )
    return [
        TodayLine(
            f"lesson-{kind}-{day}",
            (_("%(lesson)s today") if day == today else _("%(lesson)s tomorrow")) % {"lesson": kind},
            count,
            lesson_address(kind, day),
            note=_("%(reminded)d of %(count)d reminded") % {"reminded": reminded, "count": count},
        )
        for day, kind, count, reminded in found
    ]


def quality_lines(user: User, at: datetime) -> list[TodayLine]:
    """Every kind of data problem that there is."""
    page = reverse("bookings:data_quality")
    return [
        TodayLine(f"quality-{finding.kind.name}", finding.kind.label, finding.count, f"{page}?kind={finding.kind.name}")
        for finding in find_problems(may=user.has_perm, at=at)
    ]


# Streams --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StreamCard:
    """A stream that people can still book: how full it is and how fast it fills."""

    label: str
    course: str
    address: str
    starts_on: date | None
    confirmed: int
    unpaid: int
    capacity: int | None
    pace: int  # confirmed in the last seven days
    left: int | None


def stream_cards(at: datetime) -> list[StreamCard]:
    """Cards of the streams that have not started, or are current (three queries)."""
    labels = Labels.read()
    week = Days.until(school_day(at) - timedelta(days=1), count=7)
    pace = confirmed_by_stream(week)
    return [
        StreamCard(
            label=now.stream.name,
            course=labels.course(now.stream.course_id),
            address=f"{reverse('bookings:stream_detail', args=[now.stream.code])}?course={now.stream.course_id}",
            starts_on=now.stream.starts_on,
            confirmed=now.confirmed,
            unpaid=now.unpaid,
            capacity=now.stream.capacity,
            pace=pace.get((now.stream.course_id, now.stream.code), 0),
            left=now.left,
        )
        for now in _streams_to_come(school_day(at))
    ]


def _streams_to_come(today: date) -> list[_StreamNow]:
    """Give the streams that people can still book with their kept counts (one query)."""
    counts = BookingCount.objects.of_streams().filter(course_id=OuterRef("course_id"), key=OuterRef("code"))
    streams = Stream.objects.filter(Q(is_current=True) | Q(starts_on__gte=today)).in_order()
    counted: QuerySet[Any] = streams.annotate(
        confirmed=_sum_of(counts.filter(status=Status.CONFIRMED)),
        unpaid=_sum_of(counts.filter(status__in=[Status.NEW, Status.PENDING])),
    )
    return [_StreamNow(stream, confirmed=stream.confirmed, unpaid=stream.unpaid) for stream in counted]


def _sum_of(counts: BookingCountQuerySet) -> Coalesce:
    return Coalesce(Subquery(counts.order_by().values("part").values_list(Sum("number"))), 0)


# Figures --------------------------------------------------------------------------------------------------------------


def confirmed_address(days: Days) -> str:
    return _bookings(confirmed_since=days.first.isoformat(), confirmed_until=days.last.isoformat())


def _confirmed_figures() -> list[TodayFigure]:
    return [
        TodayFigure(
            "confirmed",
            gettext_lazy("Confirmed payments"),
            DEFINITIONS["confirmed"],
            confirmed_by_day,
            confirmed_address,
        )
    ]


def _bookings(**query: str | int | list[int] | None) -> str:
    said = {name: value for name, value in query.items() if value is not None}
    return f"{reverse('bookings:booking_list')}?{urlencode(said, doseq=True)}"


LINES = (
    TodayLines("bookings", SEE, 10, booking_lines),
    TodayLines("streams", SEE, 30, stream_lines),
    TodayLines("lessons", SEE_LESSONS, 40, lesson_lines),
    TodayLines("quality", SEE, 80, quality_lines, slow=True),
)
FIGURES = TodayFigures("confirmed", SEE, 30, _confirmed_figures)
