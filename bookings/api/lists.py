"""Lists as JSON: bookings, registrations, the people of a stream, non-students, the hackathon."""

from datetime import date
from typing import Annotated, Any

from django.db.models import Exists, OuterRef, Subquery
from django.http import Http404, HttpResponse, QueryDict
from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from bookings.api.students import as_json, piece_of_stream, whole_stream
from bookings.models import Booking, FreeLessonRegistration, HackathonRegistration, Stream
from bookings.views.streams import choose_stream
from hsl_dashboard.db import loose_scan, run_sql
from hsl_dashboard.web.api.answers import ApiError, Moment, PersonId, Refusal, json_answer, say_when_counted
from hsl_dashboard.web.api.cursors import WHOLE, by_key, link_next, newest_first
from hsl_dashboard.web.api.parameters import Text, Whole
from users.models import ERASED_FROM, TelegramUser
from users.people.search import is_one_of
from users.tokens.access import ApiAccess, ApiRequest, note_emails_shown

router = Router(tags=["lists"])

NO_TEXT, NO_LESSON = "N/A", "Unknown"
STREAM_REQUIRED = "Stream parameter is required"

CURSOR = "of the next piece: it stands in the header Link of the piece before"
LIMIT = "rows of a piece; without it the whole list at once, which takes the longer the longer it is"
STATUS = "−1 cancelled, 0 new, 1 pending, 2 confirmed; any other number has no meaning"
PieceSize = Annotated[int, Whole(f"limit must be between 1 and {WHOLE}", most=WHOLE)]


class BookingRow(Schema):
    id: int
    user_id: PersonId
    username: str | None
    first_name: str | None
    course_id: int | None
    course_stream: str | None = Field(description="the code of a stream, as course-streams has it in courseStreamRaw")
    confirmed: int | None = Field(description=STATUS)
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
    username: str = Field(description="N/A where there is none, and so the next two")
    first_name: str
    email: str
    registered_at: Moment | None
    notification_sent: bool
    lesson_type: str = Field(description="Unknown where there is none")
    lesson_date: str = Field(description="YYYY-MM-DD, or N/A")


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
    confirmed: int | None = Field(description=f"{STATUS}; null for who viewed")
    created_at: Moment | None = Field(description="when they booked, or viewed for the first time")
    last_activity: Moment | None
    events_count: int
    source: str = Field(description="booking, or viewed: looked at the programme and booked nothing")


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
def stream_students(
    request: ApiRequest,
    *,
    stream: Annotated[str, Text()] = Query("", description="its code; required"),
    limit: PieceSize | None = Query(
        None, description=f"{LIMIT}. In pieces bookings come first, then who viewed, by id"
    ),
    cursor: Annotated[str, Text()] = Query("", description=CURSOR),
) -> Any:
    """Its bookings, and who viewed the programme since its campaign began and booked nothing; newest first."""
    if not stream:
        raise ApiError(400, STREAM_REQUIRED)
    try:
        chosen = choose_stream(stream, QueryDict())
    except Http404:
        known = ", ".join(_known_streams())
        raise ApiError(400, f"Invalid stream. Available: {known}") from None
    if limit is None and not cursor:
        return json_answer({"stream": stream, **whole_stream(chosen)})
    students, total, following = piece_of_stream(chosen, cursor=cursor, limit=limit or WHOLE)
    answer = json_answer({"stream": stream, "total": total.number, "students": as_json(students)})
    link_next(request, answer, following)
    say_when_counted(answer, total)
    return answer


def _known_streams() -> list[str]:
    occurring = {code for _name, code in run_sql(loose_scan("code", column="course_stream", table="bookings"))}
    return sorted(occurring | set(Stream.objects.values_list("code", flat=True)))


class PersonName(Schema):
    user_id: PersonId
    username: str | None
    first_name: str | None


NAMES = ("user_id", "username", "first_name")


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
    *,
    stream: Annotated[str, Text()] = Query("", description="the code of a described stream; required"),
    limit: PieceSize = Query(WHOLE, description=LIMIT),
    cursor: Annotated[str, Text()] = Query("", description=CURSOR),
) -> Any:
    """People with a confirmed booking in a described stream, each once; by id, at most 10,000 at a time."""
    if not stream:
        raise ApiError(400, STREAM_REQUIRED)
    described = sorted(set(Stream.objects.values_list("code", flat=True)))
    if stream not in described:
        raise ApiError(400, f"Invalid stream. Must be one of: {', '.join(described)}")
    students = Booking.objects.confirmed().filter(course_stream=stream, telegram_user__lt=ERASED_FROM)
    ids = students.values("telegram_user").distinct()
    found, following = by_key(ids, cursor=cursor, limit=limit, key="telegram_user")
    people = TelegramUser.objects.filter(is_one_of([row["telegram_user"] for row in found])).order_by("pk")
    return _piece(
        request,
        [
            {"user_id": str(person), "username": username, "first_name": first_name, "course_stream": stream}
            for person, username, first_name in people.values_list(*NAMES)
        ],
        following,
    )


def _piece(request: ApiRequest, rows: list[dict[str, Any]], following: str) -> HttpResponse:
    answer = json_answer(rows)
    link_next(request, answer, following)
    return answer


@router.get(
    "/users/non-course",
    response={200: list[PersonName], 400: Refusal},
    auth=ApiAccess("bookings.view_booking", "users.view_telegramuser", failure="Failed to fetch non-course users"),
    summary="Everybody but students",
)
def users_non_course(
    request: ApiRequest,
    limit: PieceSize = Query(WHOLE, description=LIMIT),
    cursor: Annotated[str, Text()] = Query("", description=CURSOR),
) -> Any:
    """People without a confirmed booking; by id, at most 10,000 at a time."""
    # NOT IN over so many rows is no join: PostgreSQL would look through all of them for each person.
    students = Booking.objects.confirmed().filter(telegram_user=OuterRef("pk"))
    people = TelegramUser.objects.filter(~Exists(students), pk__lt=ERASED_FROM)
    rows, following = by_key(people.values(*NAMES), cursor=cursor, limit=limit, key="user_id")
    return _piece(request, [row | {"user_id": str(row["user_id"])} for row in rows], following)


@router.get(
    "/users/hackathon",
    response={200: list[PersonName], 400: Refusal},
    auth=ApiAccess(
        "bookings.view_hackathonregistration", "users.view_telegramuser", failure="Failed to fetch hackathon users"
    ),
    summary="Who registered for the hackathon",
)
def users_hackathon(
    request: ApiRequest,
    limit: PieceSize = Query(WHOLE, description=LIMIT),
    cursor: Annotated[str, Text()] = Query("", description=CURSOR),
) -> Any:
    """People who registered, each once; the registration has no first name. By id, at most 10,000 at a time."""
    registered = HackathonRegistration.objects.exclude(telegram_user=None)
    newest = registered.filter(telegram_user=OuterRef("pk")).order_by("-pk").values("username")[:1]
    people = TelegramUser.objects.filter(pk__in=registered.values("telegram_user"), pk__lt=ERASED_FROM)
    named = people.annotate(registered_as=Subquery(newest)).values("user_id", "registered_as")
    rows, following = by_key(named, cursor=cursor, limit=limit, key="user_id")
    return _piece(
        request,
        [{"user_id": str(row["user_id"]), "username": row["registered_as"], "first_name": None} for row in rows],
        following,
    )
