"""What sending through the API takes and answers, as its description says it."""

from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

from hsl_dashboard.web.api.parameters import described

MOST_RECIPIENTS = 10_000
TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024  # UTF-16 units, tags counted, as they always were here

# How a caller says that it does not want to wait.
PREFER = {
    "parameters": [
        {
            "name": "Prefer",
            "in": "header",
            "description": "with respond-async: answer 202 at once instead of waiting up to 25 seconds",
            "schema": {"type": "string", "examples": ["respond-async"]},
        }
    ]
}


class SendBody(Schema):
    model_config = {"json_schema_extra": {"required": ["recipients", "message"]}}

    recipients: Annotated[
        Any,
        described(
            type=["array", "null"],
            description=f"1 to {MOST_RECIPIENTS:,} people, each once; who is unknown is skipped and named",
            items={"type": "object", "properties": {"user_id": {"type": ["integer", "string"]}}},
            examples=[[{"user_id": 5111222333}]],
        ),
    ] = None
    message: Annotated[
        Any,
        described(
            type=["object", "null"],
            properties={
                "type": {"type": "string", "description": "text, video, document or photo; anything else is text"},
                "text": {
                    "type": "string",
                    "description": f"HTML as Telegram reads it, at most {TEXT_LIMIT:,} characters; the caption of a"
                    f" file, at most {CAPTION_LIMIT:,}, which may be left out",
                },
                "video_file_id": {"type": "string", "description": "Telegram's file_id, with the type video"},
                "document_file_id": {"type": "string", "description": "the same, with document"},
                "photo_file_id": {"type": "string", "description": "the same, with photo"},
                "placeholders": {"type": "boolean", "description": "with true, {first_name} and others are filled in"},
                "buttons": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string"},
                            "url": {"type": "string", "description": "where it leads; or callback_data"},
                            "callback_data": {"type": "string", "description": "what the bot is told"},
                            "row": {"type": "integer", "description": "buttons of one number stand in one row"},
                        },
                    },
                    "description": "under the message",
                },
            },
            examples=[{"type": "text", "text": "Привет!"}],
        ),
    ] = None
    scheduled_at: Annotated[
        Any,
        described(
            type=["string", "null"],
            description="ISO 8601, in the school's time zone where it names none; without it the message goes now",
        ),
    ] = None


class SendError(Schema):
    user_id: int
    error: str


class Skipped(Schema):
    user_id: int
    reason: str = Field(description="unknown, blocked, excluded, no_value or another reason of the page")


class Sent(Schema):
    success: bool
    message_id: int
    sent_count: int | None = None
    failed_count: int | None = None
    errors: list[SendError] | None = Field(None, description="where somebody failed")
    skipped: list[Skipped] | None = Field(None, description="where somebody was skipped")
    scheduled: bool | None = Field(None, description="this and what follows: of a scheduled message, instead of counts")
    scheduled_at: str | None = None
    recipient_count: int | None = None
    message: str | None = None


class Sending(Schema):
    success: bool
    message_id: int
    status: str = Field(description="sending, paused or held: GET /api/messages/<id> tells the rest")
    sent_count: int
    failed_count: int
    pending_count: int
    skipped: list[Skipped] | None = None
