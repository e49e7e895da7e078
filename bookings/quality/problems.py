"""Data problems and where to fix them: a count and a list for each kind of problem."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import CharField, Count, DateTimeField, F, QuerySet, Value
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from bookings.labels import Labels
from bookings.lists.filters import NONE
from bookings.models import Booking, FreeLessonRegistration, ReferralCoupon
from bookings.statistics import MANY_BOOKINGS, CourseStatistics, course_statistics, total_of
from hsl_dashboard.calendar import CALENDAR_BEGINS, CALENDAR_ENDS
from hsl_dashboard.db import count_together
from hsl_dashboard.web.paging import OpenPage, OpenPaginator
from hsl_dashboard.web.remembered import Remembered, remembered
from users.models import ERASED_FROM, BlockedUser, Event, PersonTotals, TelegramUser
from users.person.context import person_address

Courses = list[CourseStatistics]

PAGE_SIZE = 25  # rows: each may hold several bookings with their own buttons
CHANGE_BOOKING = "bookings.change_booking"


@dataclass(frozen=True)
class Repair:
    """A link that leads to the fix, for those who may make it; in a dialog over the list where there is one."""

    label: Any
    address: str
    permission: str = ""
    in_dialog: bool = False


@dataclass(frozen=True)
class Choice:
    """One of several bookings of which one should stay."""

    booking: Booking
    stream: str


@dataclass(frozen=True)
class Trouble:
    """One row of the list: the person, what is wrong, and the links that fix it."""

    what: str = ""
    person: TelegramUser | None = None
    person_address: str = ""
    bookings: list[Booking] = field(default_factory=list)
    at: datetime | None = None
    repairs: list[Repair] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its rows as a query or a list, and how a page of them is shown."""

    name: str
    label: Any
    definition: Any
    rows: Callable[[Courses], Any]
    show: Callable[[Iterable[Any], Labels], list[Trouble]]
    permission: str = "bookings.view_booking"
    # Needs every active booking: where there are very many, beat counts it.
    reads_bookings: bool = False


@dataclass(frozen=True)
class Finding:
    """A kind and how many of it there are; ``counted_at`` where that is remembered."""

    kind: Kind
    count: int
    rows: Any
    labels: Labels
    counted_at: datetime | None = None

    def page(self, number: str | None) -> tuple[OpenPage, list[Trouble]]:
        page = OpenPaginator(self.rows, PAGE_SIZE, known=self.count).get_page(number)
        return page, self.kind.show(page, self.labels)


def find_problems(
    *,
    may: Callable[[str], bool],
    at: datetime,
    labels: Labels | None = None,
    courses: Courses | None = None,
    anew: bool = False,
) -> list[Finding]:
    """Count every kind of problem that a member of staff may see (one query, and three for what is not given).

    In a large school some counts are remembered: ``anew`` counts these too.
    """
    labels = labels or Labels.read()
    courses = course_statistics(labels) if courses is None else courses
    kinds = [kind for kind in (*KINDS, _future(at)) if may(kind.permission)]
    found = [kind.rows(courses) for kind in kinds]
    counts = total_of(course.counts for course in courses)
    has_many = counts.total - counts.cancelled >= MANY_BOOKINGS
    dear = {
        kind.name: remembered(f"data-problems:{kind.name}", rows.order_by().count, anew=anew)
        for kind, rows in zip(kinds, found, strict=True)
        if has_many and kind.reads_bookings
    }
    now = [
        rows for kind, rows in zip(kinds, found, strict=True) if kind.name not in dear and not isinstance(rows, list)
    ]
    counted = iter(count_together(now))
    findings = []
    for kind, rows in zip(kinds, found, strict=True):
        known = dear.get(kind.name) or Remembered(len(rows) if isinstance(rows, list) else next(counted))
        findings.append(Finding(kind, known.number, rows, labels, known.at))
    return findings


# Doubles --------------------------------------------------------------------------------------------------------------


def doubles(_courses: Courses) -> "QuerySet[Any, Any]":
    """Find people with more than one active booking of a course (an index-only scan)."""
    return (
        Booking.objects.active()
        .filter(course__isnull=False)
        .order_by("telegram_user_id", "course_id")
        .values("telegram_user_id", "course_id")
        .annotate(number=Count("*"), ids=ArrayAgg("pk"))
        .filter(number__gt=1)
    )


def _show_doubles(rows: Iterable[Any], labels: Labels) -> list[Trouble]:
    rows = list(rows)
    bookings = Booking.objects.with_person().in_bulk([pk for row in rows for pk in row["ids"]])
    troubles = []
    for row in rows:
        active = [bookings[pk] for pk in sorted(row["ids"]) if pk in bookings]
        if active:
            person = active[0].telegram_user
            course = labels.course(row["course_id"])
            choices = [Choice(booking, labels.stream(booking.course_id, booking.course_stream)) for booking in active]
            troubles.append(Trouble(course, person, person_address(person.pk), choices=choices))
    return troubles


# Bookings -------------------------------------------------------------------------------------------------------------


def _show_bookings(bookings: Iterable[Booking], labels: Labels) -> list[Trouble]:
    return [
        Trouble(
            " · ".join((labels.course(booking.course_id), labels.stream(booking.course_id, booking.course_stream))),
            booking.telegram_user,
            person_address(booking.telegram_user_id),
            [booking],
            booking.created_at,
            [
                _open_booking(booking.pk),
                Repair(
                    _("Change…"),
                    reverse("bookings:booking_edit", args=[booking.telegram_user_id, booking.pk]),
                    CHANGE_BOOKING,
                    in_dialog=True,
                ),
            ],
        )
        for booking in bookings
    ]


def unknown_streams(courses: Courses) -> list[tuple[int | None, str, int]]:
    """List the stream codes without a description: course, code, number of bookings."""
    return [
        (stream.course_id, stream.code, stream.counts.total)
        for course in courses
        for stream in course.streams
        if stream.code and stream.stream is None and stream.counts.total
    ]


def _show_streams(rows: Iterable[tuple[int | None, str, int]], labels: Labels) -> list[Trouble]:
    add = reverse("bookings:stream_new")
    back = f"{reverse('bookings:data_quality')}?kind=streams"
    bookings = reverse("bookings:booking_list")
    troubles = []
    for course_id, code, count in rows:
        course = labels.course(course_id) if course_id else _("No course")
        asked = urlencode({"course": course_id or NONE, "stream": code})
        repairs = [Repair(_("Show its bookings"), f"{bookings}?{asked}")]
        if course_id:  # a stream belongs to a course: without one it is the bookings that want mending
            asked = urlencode({"course": str(course_id), "code": code, "next": back})
            repairs.insert(0, Repair(_("Describe the stream"), f"{add}?{asked}", "bookings.add_stream"))
        troubles.append(Trouble(f"{course}: {code} ({count})", repairs=repairs))
    return troubles


# Coupons and people ---------------------------------------------------------------------------------------------------


def _show_coupons(coupons: Iterable[ReferralCoupon], _labels: Labels) -> list[Trouble]:
    bookings = reverse("bookings:booking_list")
    return [
        Trouble(
            _("%(code)s: used %(used)s of %(limit)s")
            % {"code": coupon.code, "used": coupon.current_activations, "limit": coupon.max_activations},
            at=coupon.created_at,
            repairs=[
                Repair(
                    _("Raise the limit"),
                    reverse("bookings:coupon_limit", args=[coupon.pk]),
                    "bookings.change_referralcoupon",
                    in_dialog=True,
                ),
                Repair(_("Show its bookings"), f"{bookings}?{urlencode({'referral': coupon.code})}"),
            ],
        )
        for coupon in coupons
    ]


def nameless_people(_courses: Courses) -> "QuerySet[PersonTotals]":
    """Find people without a name and @username: their sorting key is empty."""
    return (
        PersonTotals.objects.filter(name_key="", telegram_user_id__lt=ERASED_FROM)
        .select_related("telegram_user")
        .order_by("-telegram_user_id")
    )


def _show_people(rows: Iterable[PersonTotals], _labels: Labels) -> list[Trouble]:
    return [
        Trouble(
            _("%(bookings)s bookings, %(events)s events") % {"bookings": row.bookings, "events": row.events},
            row.telegram_user,
            person_address(row.telegram_user_id),
            at=row.first_seen_at,
            repairs=[_open_person(row.telegram_user)],
        )
        for row in rows
    ]


# Future ---------------------------------------------------------------------------------------------------------------


def _future(at: datetime) -> Kind:
    """Rows dated after ``at``; one index of each table is read from its end."""
    parts = (
        ("booking", Booking.objects, "created_at"),
        ("event", Event.objects, "created_at"),
        ("lesson", FreeLessonRegistration.objects, "registered_at"),
        ("person", PersonTotals.objects, "first_seen_at"),
    )

    def rows(_courses: Courses) -> Any:
        queries = [
            manager.filter(**{f"{column}__gt": at, f"{column}__lt": CALENDAR_ENDS})
            .order_by()
            .annotate(kind=Value(kind, CharField()), number=F("pk"), on=Coalesce(column, column))
            .values_list("kind", "number", "telegram_user_id", "on")
            for kind, manager, column in parts
        ]
        return queries[0].union(*queries[1:], all=True).order_by("-on", "kind", "number")

    return Kind("future", _("Dates in the future"), _("Rows with a date in the future."), rows, _show_dated)


def far_dates(_courses: Courses) -> Any:
    """Find rows with a date that no calendar has; two ends of an index for each column."""
    parts = (
        ("booking", Booking.objects, "created_at"),
        ("event", Event.objects, "created_at"),
        ("lesson", FreeLessonRegistration.objects, "registered_at"),
        ("lesson_date", FreeLessonRegistration.objects, "lesson_date"),
        ("person", TelegramUser.objects, "first_seen_at"),
        ("block", BlockedUser.objects, "blocked_at"),
    )
    queries = []
    for kind, manager, column in parts:
        is_day = column == "lesson_date"
        number, person = (F("pk"), F("pk")) if kind in {"person", "block"} else (F("pk"), F("telegram_user_id"))
        for end in (("gte", CALENDAR_ENDS), ("lt", CALENDAR_BEGINS)):
            limit = end[1].date() if is_day else end[1]
            queries.append(
                manager.filter(**{f"{column}__{end[0]}": limit})
                .order_by()
                .annotate(kind=Value(kind, CharField()), number=number, who=person, on=Cast(column, DateTimeField()))
                .values_list("kind", "number", "who", "on")
            )
    return queries[0].union(*queries[1:], all=True).order_by("-on", "kind", "number")


def _show_dated(rows: Iterable[tuple[str, int, int, datetime]], _labels: Labels) -> list[Trouble]:
    rows = list(rows)
    people = TelegramUser.objects.in_bulk([user_id for _kind, _number, user_id, _on in rows])
    words = {
        "booking": _("Booking № %(number)s"),
        "event": _("Event № %(number)s"),
        "lesson": _("Free lesson registration № %(number)s"),
        "lesson_date": _("Lesson date of registration № %(number)s"),
        "person": _("First seen"),
        "block": _("Date of the block"),
    }
    troubles = []
    for kind, number, user_id, on in rows:
        person = people.get(user_id)
        repair = _open_booking(number) if kind == "booking" else _open_person(person)
        what = str(words[kind] % {"number": number})
        troubles.append(Trouble(what, person, person_address(person.pk) if person else "", at=on, repairs=[repair]))
    return troubles


def _open_booking(number: int) -> Repair:
    return Repair(f"№\u00a0{number}", reverse("bookings:booking_detail", args=[number]))


def _open_person(person: TelegramUser | None) -> Repair:
    address = person_address(person.pk) if person else reverse("bookings:booking_list")
    return Repair(_("Open the person's page"), address)


KINDS = (
    Kind(
        "doubles",
        _("Two active bookings"),
        _("People with more than one active booking of the same course. Cancel the extra one."),
        doubles,
        _show_doubles,
        reads_bookings=True,
    ),
    Kind(
        "no-stream",
        _("Confirmed without a stream"),
        _("Paid but not in any list of students: open the booking and choose its stream."),
        lambda _courses: Booking.objects.confirmed().without_stream().with_person().newest_first(),
        _show_bookings,
    ),
    Kind(
        "streams",
        _("Unknown streams"),
        _("Codes that the bot uses but nobody has described; the number of bookings is in brackets."),
        unknown_streams,
        _show_streams,
    ),
    Kind(
        "statuses",
        _("Unknown statuses"),
        _("Bookings with an empty or unrecognised status. Set the right one."),
        lambda _courses: Booking.objects.of_unknown_status().with_person().newest_first(),
        _show_bookings,
    ),
    Kind(
        "coupons",
        _("Coupons over their limit"),
        _("Used more often than allowed. Raise the limit or check who used it."),
        lambda _courses: ReferralCoupon.objects.filter(current_activations__gt=F("max_activations")).order_by("code"),
        _show_coupons,
        "bookings.view_referralcoupon",
    ),
    Kind(
        "nameless",
        _("People without a name"),
        _("No name and no @username. The bot fills them in when the person next writes to it."),
        nameless_people,
        _show_people,
        "users.view_telegramuser",
    ),
    Kind(
        "far",
        _("Dates outside the calendar"),
        _("A date that no calendar has, such as “infinity” or the year 20000. The bot's developer can correct it."),
        far_dates,
        _show_dated,
        "users.view_telegramuser",
    ),
)


def kinds() -> list[tuple[str, str]]:
    """List every kind by name, with the permission to see it."""
    return [*((kind.name, kind.permission) for kind in KINDS), ("future", "bookings.view_booking")]
