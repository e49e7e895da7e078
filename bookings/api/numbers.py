"""Numbers as JSON: totals, courses and streams, leads."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from bookings.api.counts import counts_by_code, counts_of_all, counts_of_course, registration_count
from bookings.labels import Labels
from bookings.models import FreeLessonRegistration
from bookings.statistics import StatusCounts
from hsl_dashboard.web.api.answers import CountAsText, Moment, PersonId, Refusal, say_when_counted
from users.people.statistics import leads_who_registered, people_count
from users.tokens.access import ApiAccess, ApiRequest, note_emails_shown

router = Router(tags=["numbers"])

COURSE = 1  # the only course of the previous dashboard
LEADS = 100

VIEW_NUMBERS = ("users.view_telegramuser", "bookings.view_booking")


class Stats(Schema):
    totalUsers: int
    activeBookings: int
    confirmedPayments: int
    freeLessonRegistrations: int


@router.get("/stats", response={200: Stats, 400: Refusal}, auth=ApiAccess(*VIEW_NUMBERS), summary="Totals")
def stats(request: ApiRequest, response: HttpResponse) -> Any:
    """People, bookings that are not cancelled, confirmed bookings, registrations for free lessons."""
    counts, people, registrations = counts_of_all(), people_count(), registration_count()
    say_when_counted(response, people, registrations)
    return {
        "totalUsers": people.number,
        "activeBookings": counts.total - counts.cancelled,
        "confirmedPayments": counts.confirmed,
        "freeLessonRegistrations": registrations.number,
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
    courseStream: str = Field(description="its name")
    courseStreamRaw: str = Field(description="its code, which other routes take")


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
    counts = counts_of_course(COURSE)
    return [_counted(counts, Labels.read())] if counts.total else []


@router.get(
    "/course-streams",
    response=list[StreamCounts],
    auth=ApiAccess("bookings.view_booking"),
    summary="The streams of the first course",
)
def course_streams(request: ApiRequest) -> Any:
    """The same for each stream of the first course, by its code."""
    labels = Labels.read()
    counts = counts_by_code(COURSE)
    return [
        _counted(
            counts[code],
            labels,
            courseStream=labels.stream(COURSE, code) if code else "",
            courseStreamRaw=code,
        )
        for code in sorted(counts)
    ]


class LeadJson(Schema):
    user_id: PersonId
    username: str | None
    first_name: str | None
    email: str
    total_events: CountAsText = Field(description="a number, as text")
    active_days: CountAsText = Field(description="a number, as text")
    last_activity: Moment | None
    lead_score: str = Field(description="hot, warm, cool or cold")


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
    leads = leads_who_registered(LEADS)
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


def moment_or_epoch(moment: datetime | None) -> datetime:
    """The previous dashboard wrote the beginning of 1970 where nothing had happened yet."""
    return moment or datetime.fromtimestamp(0, tz=timezone.get_default_timezone())
