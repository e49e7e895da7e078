"""People as JSON: their list, one of them with everything, search; and changes of what they booked."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from bookings.api.counts import found_count, student_counts
from bookings.api.lists import CURSOR, STATUS, BookingRow, PersonName, booking_row, iso_day, person_name
from bookings.api.numbers import moment_or_epoch
from bookings.models import Booking, FreeLessonRegistration, HackathonRegistration, Stream
from hsl_dashboard.web.api.answers import (
    ApiError,
    Moment,
    PersonId,
    Refusal,
    RefusalWithSuccess,
    Shape,
    say_when_counted,
)
from hsl_dashboard.web.api.cursors import by_sorting, link_next
from hsl_dashboard.web.api.parameters import Text, Whole, whole_number
from hsl_dashboard.web.keyset import Sorting
from users.models import ERASED_FROM, Event, LatestStatus, LivePersonTotals, PersonCounts, PersonTotals, TelegramUser
from users.people.search import LAST_LETTER, is_one_of, search_condition, search_text
from users.people.statistics import people_count
from users.privacy import masked_emails
from users.tokens.access import ApiAccess, ApiRequest, note_emails_shown

router = Router(tags=["people"])

FOUND = 50  # people that a search gives
LOOKED_AT = 2_000  # people whose name begins as searched, before the newest are taken
EVENTS_SHOWN = 50

INVALID_USER = "Invalid user ID"
UNKNOWN_USER = "User not found"

# Stored statuses by what the list of people keeps of the newest booking.
STATUSES = {
    LatestStatus.NEW: Booking.Status.NEW.value,
    LatestStatus.PENDING: Booking.Status.PENDING.value,
    LatestStatus.CONFIRMED: Booking.Status.CONFIRMED.value,
    LatestStatus.CANCELLED: Booking.Status.CANCELLED.value,
}

VIEW = ("users.view_telegramuser", "bookings.view_booking")
VIEW_ALL = (*VIEW, "users.view_event", "bookings.view_freelessonregistration")
REFUSED = {400: RefusalWithSuccess, 404: RefusalWithSuccess}


class PersonJson(Schema):
    user_id: PersonId
    username: str | None
    first_name: str | None
    last_activity: Moment = Field(description="the beginning of 1970 where nothing has happened yet")
    total_bookings: int
    total_events: int
    total_free_lessons: int
    latest_stream: str | None = Field(description="of the newest booking: its code")
    latest_payment_status: int | None = Field(description=STATUS)


class PeoplePage(Schema):
    success: bool
    users: list[PersonJson]
    total: int
    page: int
    limit: int
    totalPages: int


@router.get(
    "/users/list",
    response={200: PeoplePage, 400: RefusalWithSuccess},
    auth=ApiAccess(*VIEW, shape=Shape.WITH_SUCCESS),
    summary="People, the latest activity first",
)
def users_list(
    request: ApiRequest,
    response: HttpResponse,
    *,
    page: Annotated[int, Whole("page must be at least 1", most=1_000_000)] = Query(1),
    limit: Annotated[int, Whole("limit must be between 1 and 200", most=200)] = Query(50),
    search: Annotated[str, Text()] = Query("", description="any part of a name, @username, t.me link or id"),
    stream: Annotated[str, Text()] = Query("", description="of the newest booking"),
    status: Annotated[int | None, Whole("Invalid payment status", least=-(2**31))] = Query(
        None, description=f"of the newest booking: {STATUS}"
    ),
    cursor: Annotated[str, Text()] = Query("", description=f"{CURSOR}; page is ignored then"),
) -> Any:
    """Everybody whom the school knows."""
    people = _narrowed(search=search, stream=stream, status=status)
    question = (search.strip(), stream, status)
    counted = (
        found_count(question, people.count) if any(part not in ("", None) for part in question) else people_count()
    )
    say_when_counted(response, counted)
    total = counted.number
    rows, following = by_sorting(
        people.select_related("telegram_user"),
        Sorting("last_activity_at", descending=True),
        cursor=cursor,
        limit=limit,
        skip=(page - 1) * limit,
    )
    link_next(request, response, following)
    return {
        "success": True,
        "users": _person_rows(rows),
        "total": total,
        "page": page,
        "limit": limit,
        "totalPages": -(-total // limit),
    }


def _narrowed(*, search: str, stream: str, status: int | None) -> "QuerySet[PersonTotals]":
    people = PersonTotals.objects.filter(pk__lt=ERASED_FROM)
    if search.strip():
        condition, _is_common = search_condition(search_text(search), with_emails=False)
        people = people.filter(condition)
    if stream:
        people = people.filter(latest_stream=stream, bookings__gt=0)
    if status is not None:
        latest = {stored: kept for kept, stored in STATUSES.items()}.get(status)
        known = Q(latest_status=latest) if latest else Q(pk__in=_with_odd_status(status))
        people = people.filter(known, bookings__gt=0)
    return people


def _with_odd_status(status: int) -> list[int]:
    """People whose newest booking stores a number that means nothing; few, as a page of data problems lists them."""
    unknown = PersonTotals.objects.filter(latest_status=LatestStatus.UNKNOWN, bookings__gt=0)
    odd = Booking.objects.filter(confirmed=status).values("telegram_user")
    return [pk for pk, stored in _newest_statuses(unknown.filter(pk__in=odd).values("pk")).items() if stored == status]


def _newest_statuses(people: Any) -> dict[int, int | None]:
    newest = Booking.objects.filter(telegram_user__in=people).newest_first()
    statuses: dict[int, int | None] = {}
    for pk, confirmed in newest.values_list("telegram_user", "confirmed"):
        statuses.setdefault(pk, confirmed)
    return statuses


def _person_rows(people: Sequence[PersonCounts]) -> list[dict[str, Any]]:
    odd = [row.pk for row in people if row.latest_status == LatestStatus.UNKNOWN]
    stored = _newest_statuses(odd) if odd else {}
    return [
        person_name(row.telegram_user)
        | {
            "last_activity": moment_or_epoch(row.last_activity_at),
            "total_bookings": row.bookings,
            "total_events": row.events,
            "total_free_lessons": row.lessons,
            "latest_stream": row.latest_stream or None,
            "latest_payment_status": STATUSES.get(LatestStatus(row.latest_status), stored.get(row.pk)),
        }
        for row in people
    ]


class SearchStatistics(Schema):
    totalUsers: int
    indexSize: int
    streamCacheSize: int
    streamStats: dict[str, int]
    nonCourseUsers: int
    hackathonUsers: int
    initialized: bool
    lastUpdate: Moment | None


@router.get(
    "/users/search",
    response={200: list[PersonName] | SearchStatistics, 400: Refusal},
    auth=ApiAccess(*VIEW, failure="Failed to search users"),
    summary="Search for people",
)
def users_search(
    request: ApiRequest,
    response: HttpResponse,
    *,
    q: Annotated[str, Text()] = Query("", description="how a username or a first name begins"),
    stats: Annotated[str, Text()] = Query("", description="with true: numbers instead"),
) -> Any:
    """At most 50 people, the most recently updated first."""
    if stats == "true":
        return _search_statistics(response)
    typed = q.strip().removeprefix("@").lower()
    return [person_name(person) for person in _beginning_with(typed)] if typed else []


def _beginning_with(typed: str) -> list[TelegramUser]:
    """Names and usernames that begin with a text; the indexes of the page's own search find them."""
    key = typed.replace("ё", "е")
    named = PersonTotals.objects.filter(name_key__gte=key, name_key__lt=key + LAST_LETTER)
    ids = set(named.values_list("pk", flat=True)[:LOOKED_AT])
    condition, is_common = search_condition(search_text(typed), with_emails=False, at_most=LOOKED_AT)
    if not is_common:
        ids |= set(LivePersonTotals.objects.filter(condition).values_list("pk", flat=True))
    people = TelegramUser.objects.filter(is_one_of(sorted(ids)), pk__lt=ERASED_FROM)
    begins = Q(username__istartswith=typed) | Q(first_name__istartswith=typed)
    return list(people.filter(begins).order_by("-updated_at", "pk")[:FOUND])


def _search_statistics(response: HttpResponse) -> dict[str, Any]:
    codes = sorted(set(Stream.objects.values_list("code", flat=True)))
    people, students = people_count(), student_counts()
    say_when_counted(response, people, students)
    streams = {code: students.number.by_code.get(code, 0) for code in codes}
    hackathon = HackathonRegistration.objects.exclude(telegram_user=None).values("telegram_user")
    return {
        "totalUsers": people.number,
        "indexSize": people.number,
        "streamCacheSize": sum(streams.values()),
        "streamStats": streams,
        "nonCourseUsers": people.number - students.number.people,
        "hackathonUsers": hackathon.distinct().count(),
        "initialized": True,
        "lastUpdate": timezone.now().replace(second=0, microsecond=0),
    }


class EventRow(Schema):
    id: int
    event_type: str
    created_at: Moment | None
    details: Any


class PersonLesson(Schema):
    id: int
    user_id: PersonId
    email: str | None
    registered_at: Moment | None
    notification_sent: bool
    lesson_type: str | None
    lesson_date: str | None


class PersonWithAll(Schema):
    success: bool
    user: PersonJson
    bookings: list[BookingRow]
    events: list[EventRow]
    freeLessons: list[PersonLesson]


@router.get(
    "/users/{user_id}",
    response={200: PersonWithAll, **REFUSED},
    auth=ApiAccess(*VIEW_ALL, shape=Shape.WITH_SUCCESS),
    summary="One person with bookings, events and lessons",
)
def user_detail(request: ApiRequest, user_id: str) -> Any:
    """Everything newest first; the 50 newest events."""
    pk = read_user_id(user_id)
    row = LivePersonTotals.objects.filter(pk=pk, pk__lt=ERASED_FROM).select_related("telegram_user").first()
    if row is None:
        raise ApiError(404, UNKNOWN_USER)
    lessons = list(FreeLessonRegistration.objects.filter(telegram_user=pk).order_by("-registered_at", "-pk"))
    note_emails_shown(request.auth, request, people=1 if lessons else 0)
    return {
        "success": True,
        "user": _person_rows([row])[0],
        "bookings": [booking_row(booking) for booking in Booking.objects.filter(telegram_user=pk).newest_first()],
        "events": [
            {
                "id": event.pk,
                "event_type": event.event_type,
                "created_at": event.created_at,
                "details": event.details if request.auth.sees_emails else masked_emails(event.details),
            }
            for event in Event.objects.filter(telegram_user=pk).newest_first()[:EVENTS_SHOWN]
        ],
        "freeLessons": [
            {
                "id": lesson.pk,
                "user_id": pk,
                "email": request.auth.email(lesson.email),
                "registered_at": lesson.registered_at,
                "notification_sent": bool(lesson.notification_sent),
                "lesson_type": lesson.lesson_type,
                "lesson_date": iso_day(lesson.lesson_date),
            }
            for lesson in lessons
        ],
    }


class PersonBookings(Schema):
    success: bool
    bookings: list[BookingRow]


@router.get(
    "/users/{user_id}/bookings",
    response={200: PersonBookings, 400: RefusalWithSuccess},
    auth=ApiAccess("bookings.view_booking", shape=Shape.WITH_SUCCESS),
    summary="The bookings of a person",
)
def user_bookings(request: ApiRequest, user_id: str) -> Any:
    """Newest first; somebody unknown has none."""
    rows = Booking.objects.filter(telegram_user=read_user_id(user_id)).newest_first()
    return {"success": True, "bookings": [booking_row(booking) for booking in rows]}


def read_user_id(typed: str) -> int:
    number = whole_number(typed)
    if number is None:
        raise ApiError(400, INVALID_USER)
    return number
