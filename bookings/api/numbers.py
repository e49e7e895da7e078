"""Numbers as JSON: totals, courses and streams, growth, events, free lessons."""

from datetime import date, datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router, Schema
from ninja.params.functions import Query

from bookings.api.counts import bookings_per_day, counts_by_code, counts_of_all, lesson_conversions
from bookings.labels import Labels
from bookings.models import FreeLessonRegistration
from bookings.statistics import StatusCounts, total_of
from hsl_dashboard.web.api.answers import CountAsText, Moment, PersonId, Refusal
from hsl_dashboard.web.api.parameters import Text, Whole
from users.privacy import masked_emails
from users.statistics import (
    days_until,
    events_by_type,
    events_per_day,
    leads_who_registered,
    new_people_per_day,
    people_count,
    recent_events,
)
from users.tokens.access import ApiAccess, ApiRequest, note_emails_shown

router = Router(tags=["numbers"])

COURSE = 1  # the only course of the previous dashboard
LEADS = 100

Days = Annotated[int, Whole("days must be between 1 and 365", most=365)]
VIEW_NUMBERS = ("users.view_telegramuser", "bookings.view_booking")


class Stats(Schema):
    totalUsers: int
    activeBookings: int
    confirmedPayments: int
    freeLessonRegistrations: int


@router.get("/stats", response={200: Stats, 400: Refusal}, auth=ApiAccess(*VIEW_NUMBERS), summary="Totals")
def stats(request: ApiRequest) -> Any:
    """People, bookings that are not cancelled, confirmed bookings, registrations for free lessons."""
    counts = counts_of_all()
    return {
        "totalUsers": people_count(),
        "activeBookings": counts.total - counts.cancelled,
        "confirmedPayments": counts.confirmed,
        "freeLessonRegistrations": FreeLessonRegistration.objects.count(),
    }


class CourseCounts(Schema):
    courseId: int
    courseName: str
    total: int
    confirmed: int
    pending: int
    cancelled: int
    new: int


class StreamCounts(CourseCounts):
    courseStream: str
    courseStreamRaw: str


def _counted(counts: StatusCounts, labels: Labels, **more: Any) -> dict[str, Any]:
    return {
        "courseId": COURSE,
        "courseName": labels.course(COURSE),
        "total": counts.total,
        "confirmed": counts.confirmed,
        "pending": counts.pending,
        "cancelled": counts.cancelled,
        "new": counts.new,
        **more,
    }


@router.get(
    "/courses",
    response=list[CourseCounts],
    auth=ApiAccess("bookings.view_booking"),
    summary="Bookings of the first course",
)
def courses(request: ApiRequest) -> Any:
    """Bookings of the first course by status; unknown statuses are in the total only. Empty without bookings."""
    counts = counts_by_code(COURSE)
    return [_counted(total_of(counts.values()), Labels.read())] if counts else []


@router.get(
    "/course-streams",
    response=list[StreamCounts],
    auth=ApiAccess("bookings.view_booking"),
    summary="The streams of the first course",
)
def course_streams(request: ApiRequest) -> Any:
    """The same for each stream of the first course, by its code."""
    labels = Labels.read()
    counts = {code: number for code, number in counts_by_code(COURSE).items() if code is not None}
    return [
        _counted(
            counts[code],
            labels,
            courseStream=labels.stream(COURSE, code) if code else "",
            courseStreamRaw=code,
        )
        for code in sorted(counts)
    ]


class EventCount(Schema):
    eventType: str
    count: int


class Day(Schema):
    date: date
    newUsers: int
    bookings: int
    events: int


class RecentEvent(Schema):
    id: int
    user_id: PersonId
    username: str | None
    first_name: str | None
    event_type: str
    created_at: Moment | None
    details: Any


@router.get(
    "/events",
    response={200: list[EventCount] | list[Day] | list[RecentEvent], 400: Refusal},
    auth=ApiAccess(*VIEW_NUMBERS, "users.view_event"),
    summary="Events",
)
def events(
    request: ApiRequest,
    type: Annotated[str, Text()] = Query("", description="daily, recent, or nothing for the most frequent types"),
    days: Days = Query(30, description="with daily"),
    limit: Annotated[int, Whole("limit must be between 1 and 200", most=200)] = Query(30, description="with recent"),
) -> Any:
    """The ten most frequent types; or days, newest first; or the newest events, at most two per person."""
    if type == "daily":
        return _daily(days)
    if type == "recent":
        return _recent(request, limit)
    return [{"eventType": row.event_type, "count": row.count} for row in events_by_type(10)]


def _daily(count: int) -> list[dict[str, Any]]:
    days = days_until(timezone.localdate(), count + 1)
    people, bookings, happened = new_people_per_day(days), bookings_per_day(days), events_per_day(days)
    return [
        {
            "date": day,
            "newUsers": people.get(day, 0),
            "bookings": bookings.get(day, 0),
            "events": happened.get(day, 0),
        }
        for day in reversed(days)
    ]


def _recent(request: ApiRequest, limit: int) -> list[dict[str, Any]]:
    found = recent_events(limit)
    note_emails_shown(request.auth, request, people=len({event.telegram_user_id for event in found}))
    return [
        {
            "id": event.pk,
            "user_id": event.telegram_user_id,
            "username": event.telegram_user.username,
            "first_name": event.telegram_user.first_name,
            "event_type": event.event_type,
            "created_at": event.created_at,
            "details": event.details if request.auth.sees_emails else masked_emails(event.details),
        }
        for event in found
    ]


class Growth(Schema):
    date: date
    totalUsers: int
    newUsers: int


@router.get(
    "/user-growth",
    response={200: list[Growth], 400: Refusal},
    auth=ApiAccess("users.view_telegramuser"),
    summary="Growth, day by day",
)
def user_growth(request: ApiRequest, days: Days = Query(30)) -> Any:
    """People at the end of each day, and new ones on it; oldest first, today last."""
    span = days_until(timezone.localdate(), days + 1)
    new = new_people_per_day(span)
    total = people_count() - sum(new.values())
    rows = []
    for day in span:
        total += new.get(day, 0)
        rows.append({"date": day, "totalUsers": total, "newUsers": new.get(day, 0)})
    return rows


class LeadJson(Schema):
    user_id: PersonId
    username: str | None
    first_name: str | None
    email: str
    total_events: CountAsText
    active_days: CountAsText
    last_activity: Moment | None
    lead_score: str


@router.get(
    "/user-activity",
    response=list[LeadJson],
    auth=ApiAccess(
        "users.view_telegramuser",
        "bookings.view_freelessonregistration",
        failure="Failed to fetch user activity data",
    ),
    summary="The warmest leads",
)
def user_activity(request: ApiRequest) -> Any:
    """At most 100 leads who registered for a free lesson, with what they did in seven days, today included."""
    leads = leads_who_registered(LEADS, at=timezone.now())
    registrations = FreeLessonRegistration.objects.filter(telegram_user__in=[lead.person.pk for lead in leads])
    emails = dict(registrations.order_by("registered_at", "pk").values_list("telegram_user", "email"))
    note_emails_shown(request.auth, request, people=len(emails))
    return [
        {
            "user_id": lead.person.pk,
            "username": lead.person.telegram_user.username,
            "first_name": lead.person.telegram_user.first_name,
            "email": request.auth.email(emails.get(lead.person.pk, "")),
            "total_events": lead.events,
            "active_days": lead.days,
            "last_activity": lead.last_at,
            "lead_score": lead.temperature,
        }
        for lead in leads
    ]


class Conversion(Schema):
    lesson_type: str
    registrations: int
    attendances: int
    conversion_rate: float


@router.get(
    "/free-lessons-conversion",
    response=list[Conversion],
    auth=ApiAccess("bookings.view_freelessonregistration", "users.view_event"),
    summary="Free lessons: who came",
)
def free_lessons_conversion(request: ApiRequest) -> Any:
    """People who registered for each kind of lesson, and those of them who opened its link."""
    return [
        {
            "lesson_type": row.lesson_type,
            "registrations": row.registrations,
            "attendances": row.attendances,
            "conversion_rate": row.rate,
        }
        for row in lesson_conversions()
    ]


def moment_or_epoch(moment: datetime | None) -> datetime:
    """The previous dashboard wrote the beginning of 1970 where nothing had happened yet."""
    return moment or datetime.fromtimestamp(0, tz=timezone.get_default_timezone())
