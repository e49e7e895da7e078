"""Lists as JSON: bookings, registrations, the people of a stream, non-students, the hackathon."""

from datetime import date
from typing import Annotated, Any

from django.db import connection
from django.db.models import Min, OuterRef, Subquery
from django.http import Http404, HttpResponse, QueryDict
from ninja import Router, Schema
from ninja.params.functions import Query

from bookings.models import Booking, FreeLessonRegistration, HackathonRegistration, Stream
from bookings.statistics import FIRST_BELIEVABLE, views_of_programme
from bookings.views.streams import ChosenStream, choose_stream
from hsl_dashboard.db import loose_scan
from hsl_dashboard.web.api.answers import ApiError, Moment, PersonId, Refusal
from hsl_dashboard.web.api.cursors import WHOLE, by_key, link_next, newest_first
from hsl_dashboard.web.api.parameters import Text, Whole
from users.models import ERASED_FROM, PersonTotals, TelegramUser
from users.tokens.access import ApiAccess, ApiRequest, note_emails_shown

router = Router(tags=["lists"])

NO_TEXT, NO_LESSON = "N/A", "Unknown"
STREAM_REQUIRED = "Stream parameter is required"

CURSOR = "of the next piece: it stands in the header Link of the piece before"


class BookingRow(Schema):
    id: int
    user_id: PersonId
    username: str | None
    first_name: str | None
    course_id: int | None
    course_stream: str | None
    confirmed: int | None
    created_at: Moment | None
    referral_code: str | None
    discount_percent: int | None


def booking_row(booking: Booking) -> dict[str, Any]:
    return {
        "id": booking.pk,
        "user_id": booking.telegram_user_id,
        "username": booking.username,
        "first_name": booking.first_name,
        "course_id": booking.course_id,
        "course_stream": booking.course_stream,
        "confirmed": booking.confirmed,
        "created_at": booking.created_at,
        "referral_code": booking.referral_code,
        "discount_percent": booking.discount_percent,
    }


@router.get(
    "/bookings",
    response={200: list[BookingRow], 400: Refusal},
    auth=ApiAccess("bookings.view_booking", failure="Failed to fetch bookings"),
    summary="Bookings, newest first",
)
def bookings(
    request: ApiRequest,
    response: HttpResponse,
    limit: Annotated[int, Whole("limit must be a positive integer <= 200", most=200)] = Query(20),
    cursor: Annotated[str, Text()] = Query("", description=CURSOR),
) -> Any:
    """Bookings as the bot wrote them; those without a moment come first."""
    rows, following = newest_first(Booking.objects.all(), column="created_at", cursor=cursor, limit=limit)
    link_next(request, response, following)
    return [booking_row(booking) for booking in rows]


class LessonRow(Schema):
    id: int
    user_id: PersonId
    username: str
    first_name: str
    email: str
    registered_at: Moment | None
    notification_sent: bool
    lesson_type: str
    lesson_date: str


@router.get(
    "/free-lessons",
    response={200: list[LessonRow], 400: Refusal},
    auth=ApiAccess("bookings.view_freelessonregistration"),
    summary="Registrations for free lessons, newest first",
)
def free_lessons(
    request: ApiRequest,
    response: HttpResponse,
    limit: Annotated[int, Whole("limit must be between 1 and 500", most=500)] = Query(50),
    cursor: Annotated[str, Text()] = Query("", description=CURSOR),
) -> Any:
    """Registrations; e-mails are masked unless the token may see them."""
    found = FreeLessonRegistration.objects.all()
    rows, following = newest_first(found, column="registered_at", cursor=cursor, limit=limit)
    link_next(request, response, following)
    note_emails_shown(request.auth, request, people=len({row.telegram_user_id for row in rows}))
    return [
        {
            "id": row.pk,
            "user_id": row.telegram_user_id,
            "username": row.username or NO_TEXT,
            "first_name": row.first_name or NO_TEXT,
            "email": request.auth.email(row.email) or NO_TEXT,
            "registered_at": row.registered_at,
            "notification_sent": bool(row.notification_sent),
            "lesson_type": row.lesson_type or NO_LESSON,
            "lesson_date": iso_day(row.lesson_date) or NO_TEXT,
        }
        for row in rows
    ]


def iso_day(day: date | None) -> str | None:
    return day.isoformat() if day else None


class Student(Schema):
    user_id: PersonId
    username: str | None
    first_name: str | None
    confirmed: int | None
    created_at: Moment | None
    last_activity: Moment | None
    events_count: int
    source: str


class StreamStudents(Schema):
    stream: str
    total: int
    students: list[Student]


@router.get(
    "/stream-students",
    response={200: StreamStudents, 400: Refusal},
    auth=ApiAccess("bookings.view_booking", "users.view_telegramuser", failure="Failed to fetch stream students"),
    summary="The people of a stream",
)
def stream_students(request: ApiRequest, stream: Annotated[str, Text()] = Query("", description="its code")) -> Any:
    """Its bookings, and who viewed the programme since its campaign began and booked nothing; newest first."""
    if not stream:
        raise ApiError(400, STREAM_REQUIRED)
    try:
        chosen = choose_stream(stream, QueryDict())
    except Http404:
        known = ", ".join(_known_streams())
        raise ApiError(400, f"Invalid stream. Available: {known}") from None
    booked, viewed = _booked(chosen), _viewed(chosen)
    students = sorted(
        booked + viewed,
        key=lambda row: (row["created_at"] is None, row["created_at"] or FIRST_BELIEVABLE),
        reverse=True,
    )
    total = chosen.bookings.count() if len(booked) == WHOLE else len(students)
    return {"stream": stream, "total": total, "students": students}


def _known_streams() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(loose_scan("code", column="course_stream", table="bookings"))
        occurring = {code for _name, code in cursor.fetchall()}
    return sorted(occurring | set(Stream.objects.values_list("code", flat=True)))


def _booked(chosen: ChosenStream) -> list[dict[str, Any]]:
    bookings = list(chosen.bookings.newest_first()[:WHOLE])
    totals = _totals({booking.telegram_user_id for booking in bookings})
    return [
        _student(totals, booking.telegram_user_id, booking.username, booking.first_name)
        | {"confirmed": booking.confirmed, "created_at": booking.created_at, "source": "booking"}
        for booking in bookings
    ]


def _viewed(chosen: ChosenStream) -> list[dict[str, Any]]:
    since = chosen.campaign_start
    people = list(chosen.people_who_viewed(since).order_by("pk")[:WHOLE])
    ids = [person.pk for person in people]
    views = views_of_programme(course_id=chosen.course_id, since=since).filter(telegram_user__in=ids).order_by()
    first = dict(views.values_list("telegram_user").annotate(first=Min("created_at")))
    totals = _totals(set(ids))
    return [
        _student(totals, person.pk, person.username, person.first_name)
        | {"confirmed": None, "created_at": first.get(person.pk), "source": "viewed"}
        for person in people
    ]


def _totals(people: set[int]) -> dict[int, PersonTotals]:
    return PersonTotals.objects.in_bulk(people)


def _student(totals: dict[int, PersonTotals], pk: int, username: str | None, first_name: str | None) -> dict[str, Any]:
    counted = totals.get(pk)
    return {
        "user_id": pk,
        "username": username,
        "first_name": first_name,
        "last_activity": counted.last_activity_at if counted else None,
        "events_count": counted.events if counted else 0,
    }


class PersonName(Schema):
    user_id: PersonId
    username: str | None
    first_name: str | None


class PersonInStream(PersonName):
    course_stream: str


def person_name(person: TelegramUser) -> dict[str, Any]:
    return {"user_id": person.pk, "username": person.username, "first_name": person.first_name}


@router.get(
    "/users/by-stream",
    response={200: list[PersonInStream], 400: Refusal},
    auth=ApiAccess("bookings.view_booking", "users.view_telegramuser", failure="Failed to fetch users by stream"),
    summary="Students of a stream",
)
def users_by_stream(
    request: ApiRequest,
    response: HttpResponse,
    stream: Annotated[str, Text()] = Query("", description="the code of a described stream"),
    cursor: Annotated[str, Text()] = Query("", description=CURSOR),
) -> Any:
    """People with a confirmed booking in a described stream, each once."""
    if not stream:
        raise ApiError(400, STREAM_REQUIRED)
    described = sorted(set(Stream.objects.values_list("code", flat=True)))
    if stream not in described:
        raise ApiError(400, f"Invalid stream. Must be one of: {', '.join(described)}")
    students = Booking.objects.confirmed().filter(course_stream=stream)
    people = TelegramUser.objects.filter(pk__in=students.values("telegram_user"), pk__lt=ERASED_FROM)
    rows, following = by_key(people, cursor=cursor)
    link_next(request, response, following)
    return [person_name(person) | {"course_stream": stream} for person in rows]


@router.get(
    "/users/non-course",
    response={200: list[PersonName], 400: Refusal},
    auth=ApiAccess("bookings.view_booking", "users.view_telegramuser", failure="Failed to fetch non-course users"),
    summary="Everybody but students",
)
def users_non_course(
    request: ApiRequest, response: HttpResponse, cursor: Annotated[str, Text()] = Query("", description=CURSOR)
) -> Any:
    """People without a confirmed booking; 10,000 at a time."""
    people = TelegramUser.objects.filter(pk__lt=ERASED_FROM).exclude(
        pk__in=Booking.objects.confirmed().values("telegram_user")
    )
    rows, following = by_key(people, cursor=cursor)
    link_next(request, response, following)
    return [person_name(person) for person in rows]


@router.get(
    "/users/hackathon",
    response={200: list[PersonName], 400: Refusal},
    auth=ApiAccess(
        "bookings.view_hackathonregistration", "users.view_telegramuser", failure="Failed to fetch hackathon users"
    ),
    summary="Who registered for the hackathon",
)
def users_hackathon(
    request: ApiRequest, response: HttpResponse, cursor: Annotated[str, Text()] = Query("", description=CURSOR)
) -> Any:
    """People who registered, each once; the registration has no first name."""
    registered = HackathonRegistration.objects.exclude(telegram_user=None)
    newest = registered.filter(telegram_user=OuterRef("pk")).order_by("-pk").values("username")[:1]
    people = TelegramUser.objects.filter(pk__in=registered.values("telegram_user"), pk__lt=ERASED_FROM)
    rows, following = by_key(people.annotate(registered_as=Subquery(newest)), cursor=cursor)
    link_next(request, response, following)
    return [
        {"user_id": person.pk, "username": person.registered_as, "first_name": None}  # type: ignore[attr-defined]
        for person in rows
    ]
