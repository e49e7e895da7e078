"""History as JSON, one message with its numbers, its recipients, and what can be done with it."""

from typing import Annotated, Any

from django.db.models import Q
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from bookings.models import Stream
from hsl_dashboard.db import LARGEST_INTEGER
from hsl_dashboard.web.api.answers import ApiError, Moment, PersonId, Refusal, json_answer
from hsl_dashboard.web.api.cursors import WHOLE, by_key, link_next, newest_first
from hsl_dashboard.web.api.parameters import Text, Whole, whole_number
from messaging.broadcasts.privacy import may_read
from messaging.broadcasts.services.acts import cancel_broadcast, pause_broadcast, resume_broadcast
from messaging.broadcasts.statistics import Tally
from messaging.delivery.services import BroadcastMoved
from messaging.models import Broadcast, Recipient
from messaging.models.recipient_types import NO_MESSAGES, RecipientType
from users.tokens.access import ApiAccess, ApiRequest, Caller, Scope
from users.tokens.idempotency import answered_once

router = Router(tags=["messages"])

INVALID_ID = "Invalid message ID"
NO_MESSAGE = "Message not found"
VIEW = "messaging.view_broadcast"
ACT = (VIEW, "messaging.send_broadcast")
STATES = (
    "scheduled, sending, paused, held (its time passed while nothing was sending), finished or cancelled;"
    " a message that is finished or cancelled stays so"
)


class HistoryRow(Schema):
    id: int
    message_text: str
    sent_at: Moment | None
    total_recipients: int
    successful_deliveries: int
    recipient_type: str = Field(description="individual or group")
    recipient_group: str | None = Field(description="the code of a stream, for a group of the previous dashboard")


@router.get(
    "/messages/history",
    response={200: list[HistoryRow], 400: Refusal},
    auth=ApiAccess(VIEW, failure="Failed to fetch message history"),
    summary="Messages, newest first",
)
def messages_history(
    request: ApiRequest,
    response: HttpResponse,
    *,
    limit: Annotated[int, Whole("Limit must be between 1 and 100", most=100)] = Query(50),
    offset: Annotated[int, Whole("Offset must be non-negative", least=0)] = Query(0),
    recipient_type: Annotated[str, Text()] = Query("", description="individual or group"),
    recipient_group: Annotated[str, Text()] = Query("", description="the code of a stream"),
    cursor: Annotated[str, Text()] = Query("", description="of the next piece; offset is ignored then"),
) -> Any:
    """Messages that were started or are scheduled; what goes to staff, and answers to students, are left out.

    The text of a message to individuals is empty for who may not write messages."""
    messages = Broadcast.objects.exclude(recipient_type__in=NO_MESSAGES)
    if recipient_type not in {"", RecipientType.INDIVIDUAL, RecipientType.GROUP}:
        raise ApiError(400, 'recipient_type must be either "individual" or "group"')
    if recipient_type == RecipientType.GROUP:
        messages = messages.filter(recipient_type=recipient_type)
    elif recipient_type:
        messages = messages.filter(Q(recipient_type=recipient_type) | Q(recipient_type=None))
    if recipient_group:
        messages = messages.filter(recipient_group=_known_stream(recipient_group))
    # Rows of ours always have the moment; without one they are old, and never the newest.
    newest, following = newest_first(
        messages, column="sent_at", cursor=cursor, limit=limit, skip=offset, undated_first=False
    )
    link_next(request, response, following)
    return [_history_row(message, request.auth) for message in newest]


def _known_stream(code: str) -> str:
    codes = sorted(set(Stream.objects.values_list("code", flat=True)))
    if code not in codes:
        raise ApiError(400, f"recipient_group must be one of: {', '.join(codes)}")
    return code


def _history_row(message: Broadcast, caller: Caller) -> dict[str, Any]:
    return {
        "id": message.pk,
        "message_text": message.message_text if may_read(message, caller.user) else "",
        "sent_at": message.sent_at,
        "total_recipients": message.total_recipients or 0,
        "successful_deliveries": message.successful_deliveries or 0,
        "recipient_type": message.recipient_type or RecipientType.INDIVIDUAL.value,
        "recipient_group": message.recipient_group,
    }


class CauseJson(Schema):
    state: str
    reason: str
    count: int


class MessageDetail(HistoryRow):
    state: str = Field(description=STATES)
    state_reason: str = Field(description="why it is paused or held; empty otherwise")
    starts_at: Moment | None = Field(description="when it is scheduled for")
    started_at: Moment | None
    finished_at: Moment | None
    by_state: dict[str, int] = Field(description=f"how many people are {', '.join(Recipient.State.values)}")
    reasons: list[CauseJson] = Field(description="why people did not get it")


@router.get(
    "/messages/{message_id}",
    response={200: MessageDetail, 400: Refusal, 404: Refusal},
    auth=ApiAccess(VIEW),
    summary="One message and what became of it",
)
def message_detail(request: ApiRequest, message_id: str) -> Any:
    """Its state, its recipients by state, and why people did not get it."""
    message = _message(message_id)
    tally = Tally.read(message, at=timezone.now())
    return _history_row(message, request.auth) | {
        "state": message.state,
        "state_reason": message.state_reason,
        "starts_at": message.planned_at,
        "started_at": message.started_at,
        "finished_at": message.finished_at,
        "by_state": {state: number for state, number in vars(tally.numbers).items() if isinstance(number, int)},
        "reasons": [
            {"state": cause.state, "reason": cause.reason, "count": cause.count} for cause in tally.causes(retryable={})
        ],
    }


def read_message_id(typed: str) -> int:
    number = whole_number(typed, least=1, most=LARGEST_INTEGER)
    if number is None:
        raise ApiError(400, INVALID_ID)
    return number


def _message(typed: str) -> Broadcast:
    message = Broadcast.objects.filter(pk=read_message_id(typed)).first()
    if message is None:
        raise ApiError(404, NO_MESSAGE)
    return message


class RecipientRow(Schema):
    id: int
    message_id: int
    user_id: PersonId
    username: str
    delivery_status: str = Field(description="pending, sent, failed or deleted")


@router.get(
    "/messages/{message_id}/recipients",
    response={200: list[RecipientRow], 400: Refusal},
    auth=ApiAccess(VIEW, "users.view_telegramuser", failure="Failed to fetch message recipients"),
    summary="The recipients of a message",
)
def message_recipients(
    request: ApiRequest,
    message_id: str,
    *,
    limit: Annotated[int, Whole(f"limit must be between 1 and {WHOLE}", most=WHOLE)] = Query(
        WHOLE, description="rows of a piece; without it the whole list at once, which takes the longer the longer it is"
    ),
    cursor: Annotated[str, Text()] = Query("", description="of the next piece"),
) -> Any:
    """By id, at most 10,000 at a time; an unknown message has none."""
    recipients = Recipient.objects.filter(message=read_message_id(message_id))
    named = recipients.values("id", "message_id", "telegram_user_id", "username", "delivery_status")
    rows, following = by_key(named, cursor=cursor, limit=limit, key="id")
    recipient_rows = [
        {
            "id": row["id"],
            "message_id": row["message_id"],
            "user_id": str(row["telegram_user_id"]),
            "username": row["username"] or "",
            "delivery_status": row["delivery_status"] or "pending",
        }
        for row in rows
    ]
    answer = json_answer(recipient_rows)
    link_next(request, answer, following)
    return answer


class ActJson(Schema):
    success: bool
    message_id: int
    state: str


ACTS = {200: ActJson, 400: Refusal, 404: Refusal, 409: Refusal}


@router.post("/messages/{message_id}/pause", response=ACTS, auth=ApiAccess(*ACT, scope=Scope.MESSAGES), summary="Pause")
def message_pause(request: ApiRequest, message_id: str) -> Any:
    """Stop sending within two seconds."""
    return _act(
        request, message_id, lambda message: pause_broadcast(broadcast=message, by=request.auth.user, at=timezone.now())
    )


@router.post(
    "/messages/{message_id}/resume", response=ACTS, auth=ApiAccess(*ACT, scope=Scope.MESSAGES), summary="Resume"
)
def message_resume(request: ApiRequest, message_id: str) -> Any:
    """Go on exactly where it stopped."""
    return _act(request, message_id, lambda message: resume_broadcast(broadcast=message, by=request.auth.user))


@router.post(
    "/messages/{message_id}/cancel", response=ACTS, auth=ApiAccess(*ACT, scope=Scope.MESSAGES), summary="Cancel"
)
def message_cancel(request: ApiRequest, message_id: str) -> Any:
    """Stop for good; who has it keeps it."""
    return _act(
        request,
        message_id,
        lambda message: cancel_broadcast(broadcast=message, by=request.auth.user, at=timezone.now()),
    )


def _act(request: ApiRequest, typed: str, act: Any) -> HttpResponse:
    def work() -> dict[str, Any]:
        message = _message(typed)
        try:
            act(message)
        except BroadcastMoved as error:
            raise ApiError(409, "The message is in another state", current=error.state) from None
        message.refresh_from_db(fields=["state"])
        return {"success": True, "message_id": message.pk, "state": message.state}

    return answered_once(request, request.auth, work)
