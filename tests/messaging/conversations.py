"""What the bot writes into the database when a student writes to it, for the tests of conversations."""

import json
from datetime import datetime
from uuid import uuid4

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from messaging.inbox.folding import fold_texts
from messaging.inbox.services import Answer
from messaging.models import Conversation
from users.models import TelegramUser

ANSWERS = ["messaging.answer_students", "messaging.view_conversation", "users.view_telegramuser"]


def bot_writes(
    person: TelegramUser, text: str, *, event_type: str = "student_response", at: datetime | str | None = None
) -> int:
    """What the bot's INSERT does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events (user_id, event_type, details, created_at) VALUES (%s, %s, %s, %s) RETURNING id",
            [person.pk, event_type, json.dumps({"message_type": "text", "message_text": text}), at or timezone.now()],
        )
        number: int = cursor.fetchone()[0]
        return number


def conversation_of(person: TelegramUser) -> Conversation:
    fold_texts()
    return Conversation.objects.get(pk=person.pk)


def page(person: TelegramUser, name: str = "detail") -> str:
    return reverse(f"messaging:conversation_{name}", args=[person.pk])


def answer(text: str = "Здравствуйте!") -> Answer:
    return Answer(text=text, token=uuid4(), seen=None)
