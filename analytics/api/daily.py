"""Events, growth and free lessons as JSON, from the derived tables that the pages of numbers read."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from ninja.params.functions import Query

from analytics.api.conversions import lesson_conversions
from analytics.queries import Freshness, events_by_type, numbers_by_day
from analytics.rollups import FIRST_DAY
from hsl_dashboard.web.api.answers import ApiError, Moment, PersonId, Refusal, say_when_counted
from hsl_dashboard.web.api.parameters import Text, Whole
from hsl_dashboard.web.days import Days
from users.people.statistics import people_count, recent_events
from users.privacy import masked_emails
from users.tokens.access import ApiAccess, ApiRequest, note_emails_shown

router = Router(tags=["numbers"])

MOST_TYPES = 10
# Until the first count of all days is over: minutes after the database was taken over.
NOT_COUNTED_YET, COME_AGAIN = "The numbers are being counted for the first time", 60
DAYS = Whole("days must be between 1 and 365", most=365)


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
    auth=ApiAccess("users.view_telegramuser", "bookings.view_booking", "users.view_event"),
    summary="Events",
)
def events(
    request: ApiRequest,
    type: Annotated[str, Text()] = Query("", description="daily, recent, or nothing for the most frequent types"),
    days: Annotated[int, DAYS] = Query(30, description="with daily"),
    limit: Annotated[int, Whole("limit must be between 1 and 200", most=200)] = Query(30, description="with recent"),
) -> Any:
    """The ten most frequent types; or days, newest first; or the newest events, at most two per person."""
    if type == "daily":
        return _daily(days)
    if type == "recent":
        return _recent(request, limit)
    ever = Days(FIRST_DAY, timezone.localdate())
    shares = events_by_type(ever, _counted())
    return [{"eventType": share.event_type, "count": share.number} for share in shares[:MOST_TYPES]]


def _daily(count: int) -> list[dict[str, Any]]:
    days, found = _by_day(count, "new", "booking", "event")
    return [
        {
            "date": day,
            "newUsers": found["new"].get(day, 0),
            "bookings": found["booking"].get(day, 0),
            "events": found["event"].get(day, 0),
        }
        for day in reversed(list(days))
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
def user_growth(request: ApiRequest, response: HttpResponse, days: Annotated[int, DAYS] = Query(30)) -> Any:
    """People at the end of each day, and new ones on it; oldest first, today last."""
    span, found = _by_day(days, "new")
    new, people = found["new"], people_count()
    say_when_counted(response, people)
    total = people.number - sum(new.values())
    rows = []
    for day in span:
        total += new.get(day, 0)
        rows.append({"date": day, "totalUsers": total, "newUsers": new.get(day, 0)})
    return rows


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
def free_lessons_conversion(request: ApiRequest, response: HttpResponse) -> Any:
    """People by the kind of lesson for which they registered, and those who then opened its link; each counts once."""
    _counted()
    conversions = lesson_conversions()
    say_when_counted(response, conversions)
    return [
        {
            "lesson_type": row.lesson_type,
            "registrations": row.registrations,
            "attendances": row.attendances,
            "conversion_rate": row.rate,
        }
        for row in conversions.number
    ]


def _by_day(before: int, *kinds: str) -> tuple[Days, Mapping[str, Mapping[date, int]]]:
    """Today and so many days before it, and the numbers of these kinds on each that has any."""
    days = Days.until(timezone.localdate(), count=before + 1)
    return days, numbers_by_day(days, kinds, _counted())


def _counted() -> Freshness:
    fresh = Freshness.read()
    if fresh.at is None:
        raise ApiError(503, NOT_COUNTED_YET, headers={"Retry-After": str(COME_AGAIN)})
    return fresh
