"""The JSON route for administrators who look into what the bot writes."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router, Schema
from ninja.params.functions import Query

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.api.answers import Moment, PersonId, Refusal
from hsl_dashboard.web.api.cursors import link_next, newest_first
from hsl_dashboard.web.api.parameters import Text, Whole
from users.models import Event
from users.privacy import masked_emails
from users.tokens.access import DEBUGGING, ApiAccess, ApiRequest

router = Router(tags=["debugging"])


class DebugEvent(Schema):
    id: int
    user_id: PersonId
    event_type: str
    created_at: Moment | None
    details: Any


@router.get(
    "/debug-events",
    response={200: list[DebugEvent], 400: Refusal},
    auth=ApiAccess("users.view_event", DEBUGGING),
    summary="Events as the bot wrote them",
)
def debug_events(
    request: ApiRequest,
    *,
    response: HttpResponse,
    limit: Annotated[int, Whole("limit must be between 1 and 200", most=200)] = Query(50),
    user_id: Annotated[int | None, Whole("Invalid user ID", least=-LARGEST_BIGINT, most=LARGEST_BIGINT)] = Query(None),
    event_type: Annotated[str, Text()] = Query(""),
    cursor: Annotated[str, Text()] = Query("", description="of the next piece"),
) -> Any:
    """The newest events; e-mails in their details are masked for everybody."""
    events = Event.objects.all()
    if user_id is not None:
        events = events.filter(telegram_user=user_id)
    if event_type:
        events = events.filter(event_type=event_type)
    rows, following = newest_first(events, column="created_at", cursor=cursor, limit=limit)
    link_next(request, response, following)
    return [
        {
            "id": event.pk,
            "user_id": event.telegram_user_id,
            "event_type": event.event_type,
            "created_at": event.created_at,
            "details": masked_emails(event.details),
        }
        for event in rows
    ]
