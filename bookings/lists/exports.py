"""Bookings and the people of a stream as sheets."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.labels import NOTHING, Labels
from bookings.lists.rows import Activity, activity_of, people_rows_of
from bookings.models import Booking
from hsl_dashboard.calendar import unknown
from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE, Sheet
from users.models import TelegramUser

T = TypeVar("T")


def booking_sheet(bookings: "QuerySet[Booking]", labels: Labels) -> Sheet:
    """The list of bookings, each with its person as they are now."""
    headings = [_("No."), *person_headings(), _("Course"), _("Stream"), *_booking_headings()]
    rows = (
        [
            booking.pk,
            *person_cells(booking.telegram_user),
            label_cell(labels.course(booking.course_id)),
            label_cell(labels.stream(booking.course_id, booking.course_stream)),
            *_booking_cells(booking),
        ]
        for booking in bookings.iterator(chunk_size=ROWS_AT_ONCE)
    )
    return Sheet(_("Bookings"), headings, rows)


def student_sheet(bookings: "QuerySet[Booking]") -> Sheet:
    """The people of a stream: a line for each booking, with what the person did last."""
    headings = [_("No."), *person_headings(), *_booking_headings(), *_activity_headings()]
    rows = (
        [
            booking.pk,
            *person_cells(booking.telegram_user),
            *_booking_cells(booking),
            *_activity_cells(activity.get(booking.telegram_user_id, Activity())),
        ]
        for some in _pieces(bookings.iterator(chunk_size=ROWS_AT_ONCE))
        for activity in [activity_of(booking.telegram_user for booking in some)]
        for booking in some
    )
    return Sheet(_("Students"), headings, rows)


def viewer_sheet(people: "QuerySet[TelegramUser]", *, since: datetime | None, course_id: int | None) -> Sheet:
    """The people who viewed the programme and did not book."""
    headings = [*person_headings(), _("First viewed, Moscow"), *_activity_headings()]
    rows = (
        [*person_cells(row.person), row.viewed_at, *_activity_cells(row.activity)]
        for some in _pieces(people.iterator(chunk_size=ROWS_AT_ONCE))
        for row in people_rows_of(some, viewed_since=since, course_id=course_id)
    )
    return Sheet(_("Students"), headings, rows)


def person_headings() -> list[str]:
    """Head the columns of a person, in every sheet."""
    return ["ID", _("First name"), _("Last name"), "Username"]


def person_cells(person: TelegramUser) -> list[Any]:
    """Fill these columns."""
    return [person.pk, person.first_name or "", person.last_name or "", person.username or ""]


def _booking_headings() -> list[str]:
    return [_("Status"), _("Discount, %"), _("Referral code"), _("Registration, Moscow")]


def _booking_cells(booking: Booking) -> list[Any]:
    return [
        booking.status_label,
        booking.discount_percent or 0,
        booking.referral_code or "",
        booking.created_at or unknown(),
    ]


def _activity_headings() -> list[str]:
    return [_("Last activity, Moscow"), _("Events")]


def _activity_cells(activity: Activity) -> list[Any]:
    return [activity.last_at, activity.events]


def label_cell(label: str) -> str:
    """Leave a cell empty where a page shows a dash."""
    return "" if label == NOTHING else label


def _pieces(rows: Iterable[T]) -> Iterator[list[T]]:
    """Cut a stream into lists, so that what belongs to the rows is read once for many."""
    left = iter(rows)
    while piece := list(islice(left, ROWS_AT_ONCE)):
        yield piece
