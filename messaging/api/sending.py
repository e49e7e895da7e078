"""Sending and deleting through the engine, in the words of the previous dashboard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.conf import settings
from django.utils import timezone
from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from hsl_dashboard.db import LARGEST_BIGINT, LARGEST_INTEGER, is_storable
from hsl_dashboard.web.api.answers import ApiError, Refusal, RefusalWithSuccess, Shape, call_of, json_answer
from hsl_dashboard.web.api.parameters import Text, whole_number
from messaging.api.bodies import CAPTION_LIMIT, MOST_RECIPIENTS, PREFER, TEXT_LIMIT, SendBody, Sending, Sent
from messaging.api.waiting import wait_until
from messaging.audiences.criteria import individuals
from messaging.broadcasts.services.correcting import delete_for_one
from messaging.broadcasts.statistics import numbers_of
from messaging.compose.services.drafting import needs_approval
from messaging.content.buttons import ADDRESSES
from messaging.content.content import ROW_DIGITS, Content, read_moment
from messaging.content.placeholders import keep_braces
from messaging.delivery.services import BroadcastMoved, MessageRefused, TooLate, create_broadcast
from messaging.models import Broadcast, CorrectedMessage, Correction, Recipient
from users.models import ERASED_FROM, TelegramUser
from users.tokens.access import ApiAccess, ApiRequest, Scope
from users.tokens.idempotency import claim, keep, key_of

router = Router(tags=["messages"])

LONGEST_FILE_ID = 300
FAILURE = "Failed to send messages"
UNKNOWN = "unknown"
KINDS = {"video": Broadcast.Kind.VIDEO, "document": Broadcast.Kind.DOCUMENT, "photo": Broadcast.Kind.PHOTO}
OVER = {Broadcast.State.FINISHED, Broadcast.State.CANCELLED, Broadcast.State.PAUSED, Broadcast.State.HELD}
NOT_DELETABLE = "Message not found or no Telegram message ID available"
SEND = ("messaging.view_broadcast", "messaging.add_broadcast", "messaging.send_broadcast", "users.view_telegramuser")


@dataclass(frozen=True)
class SendWish:
    """What the body asks for, read and checked."""

    content: Content
    people: list[int]
    unknown: list[int]
    scheduled_at: str


@router.post(
    "/messages/send",
    response={200: Sent, 202: Sending, 400: Refusal, 403: Refusal, 409: Refusal},
    auth=ApiAccess(*SEND, scope=Scope.MESSAGES, failure=FAILURE),
    summary="Send or schedule a message",
    openapi_extra=PREFER,
)
def messages_send(request: ApiRequest, body: SendBody) -> Any:
    """Send to these people through the engine. Done within 25 seconds it answers 200; else, or at once with
    ``Prefer: respond-async``, 202 and the number by which ``/api/messages/<id>`` tells the rest."""
    key = key_of(request)
    if not key:
        status, answer = _sent(request, body, token=uuid4())
        return json_answer(answer, status=status)
    row, is_new = claim(request, request.auth, key)
    if row.status is not None:
        return json_answer(row.body, status=row.status)
    try:
        # The same row gives the same broadcast, also where the first request died before it answered. A key that comes
        # again after a day has another row, and sends.
        status, answer = _sent(request, body, token=uuid5(NAMESPACE_URL, f"{request.auth.name}:{key}:{row.pk}"))
    except ApiError:
        if is_new:
            row.delete()  # nothing was done: the key is free for a better request
        raise
    if status == 200:
        keep(row, answer)
    return json_answer(answer, status=status)


def _sent(request: ApiRequest, body: SendBody, *, token: UUID) -> tuple[int, dict[str, Any]]:
    wish = read_wish(body, at=timezone.now())
    return _answer(request, _broadcast_of(request, wish, token), wish)


def _broadcast_of(request: ApiRequest, wish: SendWish, token: UUID) -> Broadcast:
    known = Broadcast.objects.filter(submission_token=token).first()
    if known is not None:
        return known
    if needs_approval(len(wish.people)):
        raise ApiError(403, "A message to so many people needs the approval of another person")
    try:
        return create_broadcast(content=wish.content, by=request.auth.user, at=timezone.now(), token=token)
    except MessageRefused as error:
        problems = [problem.message for problem in error.problems]
        raise ApiError(400, problems[0] if problems else FAILURE, problems=problems) from None


def _answer(request: ApiRequest, broadcast: Broadcast, wish: SendWish) -> tuple[int, dict[str, Any]]:
    if broadcast.planned_at and broadcast.state == Broadcast.State.SCHEDULED:
        return 200, _scheduled(broadcast, wish)
    is_over = wait_until(lambda: _state_of(broadcast) in OVER, request=request)
    numbers = numbers_of([broadcast])[broadcast.pk]
    counts = {"sent_count": numbers.sent, "failed_count": numbers.failed + numbers.uncertain}
    skipped = _skipped(broadcast, wish)
    state = _state_of(broadcast)
    if not is_over or state != Broadcast.State.FINISHED:
        body = {"success": True, "message_id": broadcast.pk, "status": state, **counts}
        return 202, body | {"pending_count": numbers.waiting} | skipped
    errors = _errors(broadcast)
    return 200, {"success": True, "message_id": broadcast.pk, **counts} | (
        {"errors": errors} if errors else {}
    ) | skipped


def _scheduled(broadcast: Broadcast, wish: SendWish) -> dict[str, Any]:
    assert broadcast.planned_at is not None
    local = timezone.localtime(broadcast.planned_at)
    hour = local.hour % 12 or 12
    words = f"{local.month}/{local.day}/{local.year}, {hour}:{local:%M:%S} {'AM' if local.hour < 12 else 'PM'}"
    return {
        "success": True,
        "scheduled": True,
        "message_id": broadcast.pk,
        "scheduled_at": wish.scheduled_at,
        "recipient_count": len(wish.people),
        "message": f"Message scheduled for {words}",
        **({"skipped": _unknown(wish)} if wish.unknown else {}),
    }


def _state_of(broadcast: Broadcast) -> str:
    return Broadcast.objects.values_list("state", flat=True).get(pk=broadcast.pk)


def _unknown(wish: SendWish) -> list[dict[str, Any]]:
    return [{"user_id": pk, "reason": UNKNOWN} for pk in wish.unknown]


def _skipped(broadcast: Broadcast, wish: SendWish) -> dict[str, Any]:
    rows = Recipient.objects.filter(message=broadcast, state=Recipient.State.SKIPPED).order_by("pk")
    found = [{"user_id": pk, "reason": reason} for pk, reason in rows.values_list("telegram_user", "reason")]
    return {"skipped": _unknown(wish) + found} if wish.unknown or found else {}


def _errors(broadcast: Broadcast) -> list[dict[str, Any]]:
    failed = Recipient.objects.filter(
        message=broadcast, state__in=[Recipient.State.FAILED, Recipient.State.UNCERTAIN]
    ).order_by("pk")
    return [{"user_id": row.telegram_user_id, "error": _words_of(row)} for row in failed]


def _words_of(row: Recipient) -> str:
    known = {403: "User blocked bot", 400: "Invalid user or message"}
    return known.get(row.error_code or 0) or row.error_text or str(row.get_reason_display()) or "Unknown error"


def read_wish(body: SendBody, *, at: datetime) -> SendWish:
    """Read the body, in the order in which the previous dashboard refused it."""
    recipients = body.recipients
    if not isinstance(recipients, list) or not recipients:
        raise ApiError(400, "No recipients provided")
    if len(recipients) > MOST_RECIPIENTS:
        raise ApiError(400, f"At most {MOST_RECIPIENTS} recipients in one request")
    content = _content_of(body.message)
    ids = list(dict.fromkeys(_recipient_id(each) for each in recipients))
    known = set(TelegramUser.objects.filter(pk__in=ids, pk__lt=ERASED_FROM).values_list("pk", flat=True))
    people, unknown = [pk for pk in ids if pk in known], [pk for pk in ids if pk not in known]
    if not people:
        raise ApiError(
            400,
            "Some user IDs are not found in database",
            invalid_user_ids=unknown,
            valid_count=0,
            invalid_count=len(unknown),
        )
    if not settings.BOT_TOKEN:
        raise ApiError(500, "Bot token not configured")
    when = _moment_of(body.scheduled_at, at=at)
    timing: dict[str, Any] = {"when": "at", "at": when.isoformat()} if when else {}
    audience = individuals(people).as_json()
    return SendWish(
        content=Content(**content, **timing, audience=audience),
        people=people,
        unknown=unknown,
        scheduled_at=str(body.scheduled_at or ""),
    )


def _recipient_id(recipient: Any) -> int:
    number = whole_number(recipient.get("user_id")) if isinstance(recipient, dict) else None
    if number is None:
        raise ApiError(400, "Invalid user ID")
    return number


def _content_of(message: Any) -> dict[str, Any]:
    words = message.get("text") if isinstance(message, dict) else None
    kind = KINDS.get(str(message.get("type"))) if isinstance(message, dict) else None
    words = "" if words is None and kind else words
    if not isinstance(words, str) or not is_storable(words) or (not words.strip() and not kind):
        raise ApiError(400, "Message text is required")
    length = len(words.encode("utf-16-le")) // 2
    if not kind and length > TEXT_LIMIT:
        raise ApiError(400, f"Message text too long (max {TEXT_LIMIT} characters)")
    file_id = message.get(f"{kind}_file_id") if kind else ""
    if kind and not (isinstance(file_id, str) and file_id.strip() and is_storable(file_id)):
        raise ApiError(400, f"{kind.capitalize()} file_id is required")
    if kind and (length > CAPTION_LIMIT or len(file_id) > LONGEST_FILE_ID):
        raise ApiError(400, f"Caption too long for media (max {CAPTION_LIMIT} characters)")
    return {
        # Braces were no placeholders in the previous dashboard; whoever wants them says so.
        "text": words if message.get("placeholders") is True else keep_braces(words),
        "kind": kind or Broadcast.Kind.TEXT,
        "media_file_id": file_id.strip(),
        "buttons": _buttons_of(message.get("buttons")),
    }


def _buttons_of(buttons: Any) -> list[dict[str, str]]:
    if buttons is None:
        return []
    if not isinstance(buttons, list):
        raise ApiError(400, "Invalid buttons")
    return [_button(button) for button in buttons]


def _button(button: Any) -> dict[str, str]:
    words = button.get("text") if isinstance(button, dict) else None
    target = (button.get("url") or button.get("callback_data")) if isinstance(button, dict) else None
    row = whole_number(button.get("row", 0), least=0, most=10**ROW_DIGITS - 2) if isinstance(button, dict) else None
    if row is None or not all(isinstance(each, str) and is_storable(each) for each in (words, target)):
        raise ApiError(400, "Invalid buttons")
    if button.get("url") and not str(target).lower().startswith(ADDRESSES):
        raise ApiError(400, "Invalid buttons")
    return {"text": str(words), "target": str(target), "row": str(row + 1)}


def _moment_of(typed: Any, *, at: datetime) -> datetime | None:
    if not typed:
        return None
    moment = read_moment(typed) if isinstance(typed, str) else None
    if moment is None:
        raise ApiError(400, "Invalid scheduled_at format. Use ISO timestamp.")
    if moment <= at:
        raise ApiError(400, "scheduled_at must be in the future")
    return moment


class Deleted(Schema):
    success: bool
    message: str


class Deleting(Schema):
    success: bool
    message_id: int
    status: str = Field(description="deleting: ask again")


@router.delete(
    "/messages/delete",
    response={200: Deleted, 202: Deleting, 400: Refusal | RefusalWithSuccess, 409: RefusalWithSuccess},
    auth=ApiAccess(
        "messaging.view_broadcast", "messaging.change_broadcast", "messaging.send_broadcast",
        scope=Scope.MESSAGES, failure="Failed to delete message",
    ),
    summary="Delete one person's copy of a message",
    openapi_extra=PREFER,
)  # fmt: skip
def messages_delete(
    request: ApiRequest,
    messageId: Annotated[str, Text()] = Query("", description="the message"),
    userId: Annotated[str, Text()] = Query("", description="the person"),
) -> Any:
    """Delete the copy in the person's chat, as long as Telegram allows it: 48 hours."""
    if not messageId or not userId:
        raise ApiError(400, "messageId and userId are required")
    message = whole_number(messageId, most=LARGEST_INTEGER)
    person = whole_number(userId, least=-LARGEST_BIGINT)
    if message is None or person is None:
        raise ApiError(400, "messageId and userId must be valid numbers")
    call_of(request).shape = Shape.WITH_SUCCESS
    copies = Recipient.objects.filter(message=message, telegram_user=person).exclude(telegram_message_id=None)
    recipient = copies.select_related("message").order_by("-pk").first()
    if recipient is None:
        raise ApiError(400, NOT_DELETABLE)
    try:
        correction = delete_for_one(recipient=recipient, by=request.auth.user, at=timezone.now())
    except TooLate:
        raise ApiError(400, NOT_DELETABLE) from None
    except BroadcastMoved:
        raise ApiError(409, "The message is being sent or corrected", current=_state_of(recipient.message)) from None
    return _deletion(request, correction, message)


def _deletion(request: ApiRequest, correction: Correction, message: int) -> Any:
    states = CorrectedMessage.State
    copies = CorrectedMessage.objects.filter(correction=correction)

    def is_done() -> bool:
        return not copies.filter(state__in=[states.PENDING, states.SENDING]).exists()

    if not wait_until(is_done, request=request):
        return json_answer({"success": True, "message_id": message, "status": "deleting"}, status=202)
    copy = copies.get()
    if copy.state != states.DONE:
        raise ApiError(400, copy.error_text or "Unknown Telegram error")
    return json_answer({"success": True, "message": "Message deleted successfully"})
