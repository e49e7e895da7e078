"""Sending through the API: done in time it answers as the previous dashboard did, else 202; a key sends once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.rollups import refresh_numbers
from demo.sandbox.client import SandboxClient
from messaging.delivery import tasks
from messaging.delivery.corrections import CorrectionQueue
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.models import Broadcast, Recipient, SendingRules
from tests.api.conftest import client_of
from tests.factories import BookingFactory, RecipientFactory, StreamFactory, TelegramUserFactory, UserFactory
from users.models import BlockedUser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def telegram(engine: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> SandboxClient:
    """Telegram answers, and the engine works as soon as it is woken."""
    monkeypatch.setattr(tasks, "wake_broadcast", lambda pk: run_queue(SendQueue(pk), seconds=5, at_most=5))
    monkeypatch.setattr(tasks, "wake_correction", lambda pk: run_queue(CorrectionQueue(pk), seconds=5, at_most=5))
    return engine


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker sends, and the route does not wait long for one."""
    monkeypatch.setattr(tasks, "wake_broadcast", lambda pk: None)
    monkeypatch.setattr("messaging.api.waiting.WAIT", 0.3)


@pytest.fixture
def api(transactional_db: None) -> Client:
    return client_of(UserFactory.create(is_superuser=True))


def send(api: Client, *people: Any, headers: dict[str, str] | None = None, **body: Any) -> tuple[int, dict[str, Any]]:
    body = {"recipients": [{"user_id": pk} for pk in people], "message": {"type": "text", "text": "Привет!"}, **body}
    response = api.post("/api/messages/send", body, "application/json", headers=headers or {})
    return response.status_code, response.json()


def test_what_is_done_in_time_answers_in_the_old_shape(api, telegram):
    anna, boris = TelegramUserFactory.create_batch(2)

    status, answer = send(api, anna.pk, str(boris.pk), anna.pk)

    message = Broadcast.objects.get()
    assert (status, answer) == (
        200, {"success": True, "message_id": message.pk, "sent_count": 2, "failed_count": 0},
    )  # fmt: skip
    assert api.get(f"/api/messages/{message.pk}").json()["by_state"]["sent"] == 2


def test_who_failed_is_named_in_the_old_words(api, telegram):
    anna, boris = TelegramUserFactory.create_batch(2)
    telegram.block(boris.pk)

    status, answer = send(api, anna.pk, boris.pk)

    assert (status, answer["sent_count"], answer["failed_count"]) == (200, 1, 1)
    assert answer["errors"] == [{"user_id": boris.pk, "error": "User blocked bot"}]


def test_who_is_unknown_or_blocked_is_skipped_and_named(api, telegram):
    anna, boris = TelegramUserFactory.create_batch(2)
    BlockedUser.objects.create(telegram_user=boris)

    _status, answer = send(api, anna.pk, boris.pk, 77)

    assert answer["sent_count"] == 1
    assert answer["skipped"] == [{"user_id": 77, "reason": "unknown"}, {"user_id": boris.pk, "reason": "blocked"}]


def test_what_takes_longer_is_202_and_so_is_what_nobody_waits_for(api, asleep):
    anna = TelegramUserFactory.create()

    slow = send(api, anna.pk)
    at_once = send(api, anna.pk, headers={"Prefer": "respond-async"})

    assert slow[0] == at_once[0] == 202
    assert {"status": "sending", "sent_count": 0, "failed_count": 0, "pending_count": 1}.items() <= slow[1].items()


def test_a_key_whose_first_request_died_finds_the_message(api, asleep):
    anna = TelegramUserFactory.create()
    key = {"Idempotency-Key": "once"}

    first, again = send(api, anna.pk, headers=key), send(api, anna.pk, headers=key)

    assert first[0] == again[0] == 202 and first[1]["message_id"] == again[1]["message_id"]


def test_a_message_is_scheduled_in_the_old_words_with_its_buttons(api):
    anna = TelegramUserFactory.create()
    at = (timezone.now() + timedelta(days=1)).isoformat()
    buttons = [
        {"text": "Сайт", "url": "https://example.org"},
        {"text": "Курс", "callback_data": "select_course_1", "row": 1},
    ]

    status, answer = send(
        api, anna.pk, scheduled_at=at,
        message={"type": "video", "text": "Привет, {имя}!", "video_file_id": "ABC", "buttons": buttons},
    )  # fmt: skip

    message = Broadcast.objects.get()
    assert status == 200 and (answer["scheduled"], answer["scheduled_at"], answer["recipient_count"]) == (True, at, 1)
    assert re.fullmatch(r"Message scheduled for \d{1,2}/\d{1,2}/\d{4}, \d{1,2}:\d\d:\d\d [AP]M", answer["message"])
    assert (message.state, message.kind, message.message_text) == ("scheduled", "video", "Привет, {{имя}}!")
    assert [len(row) for row in message.buttons] == [1, 1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"recipients": []}, "No recipients provided"),
        ({"recipients": None}, "No recipients provided"),
        ({"message": None}, "Message text is required"),
        ({"message": {"text": "  "}}, "Message text is required"),
        ({"message": {"text": "x" * 4097}}, "Message text too long (max 4096 characters)"),
        ({"message": {"text": "😀" * 2049}}, "Message text too long (max 4096 characters)"),
        ({"message": {"type": "video", "text": "x"}}, "Video file_id is required"),
        ({"message": {"type": "document"}}, "Document file_id is required"),
        (
            {"message": {"type": "video", "video_file_id": "A", "text": "x" * 1025}},
            "Caption too long for media (max 1024 characters)",
        ),
        ({"scheduled_at": "tomorrow"}, "Invalid scheduled_at format. Use ISO timestamp."),
        ({"scheduled_at": "2020-01-01T00:00:00Z"}, "scheduled_at must be in the future"),
        ({"recipients": [{"user_id": "x"}]}, "Invalid user ID"),
        ({"message": {"text": "x", "buttons": [{"text": "y"}]}}, "Invalid buttons"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_the_old_words(api, body, words):
    anna = TelegramUserFactory.create()

    assert send(api, anna.pk, **body) == (400, {"error": words})
    assert not Broadcast.objects.exists()


def test_a_message_to_nobody_known_is_refused_with_their_numbers(api):
    assert send(api, 77, 78) == (
        400,
        {
            "error": "Some user IDs are not found in database",
            "invalid_user_ids": [77, 78],
            "valid_count": 0,
            "invalid_count": 2,
        },
    )


def test_what_telegram_would_refuse_is_refused_before(api):
    status, answer = send(api, TelegramUserFactory.create().pk, message={"text": "<b>open"})

    assert status == 400 and answer["problems"] and not Broadcast.objects.exists()


def test_without_a_token_of_the_bot_it_says_so(api, settings):
    settings.BOT_TOKEN = ""
    status, answer = send(api, TelegramUserFactory.create().pk)

    assert (status, answer["error"]) == (500, "Bot token not configured")


def test_what_needs_approval_cannot_pass_by_the_api(api):
    SendingRules.objects.update_or_create(pk=1, defaults={"approval_above": 1})
    people = TelegramUserFactory.create_batch(2)

    assert send(api, *(person.pk for person in people))[0] == 403
    assert not Broadcast.objects.exists()


def delete(api: Client, **query: Any) -> tuple[int, dict[str, Any]]:
    response = api.delete("/api/messages/delete", query_params=query)
    return response.status_code, response.json()


def test_a_copy_is_deleted_and_no_other(api, telegram):
    anna, boris = TelegramUserFactory.create_batch(2)
    _status, sent = send(api, anna.pk, boris.pk)
    query = {"messageId": sent["message_id"], "userId": anna.pk}

    done, again = delete(api, **query), delete(api, **query)

    assert done == (200, {"success": True, "message": "Message deleted successfully"})
    assert api.get("/api/messages/history").json()[0]["successful_deliveries"] == 2
    states = dict(Recipient.objects.values_list("telegram_user", "state"))
    assert states == {anna.pk: "deleted", boris.pk: "sent"}
    assert again == (
        400, {"success": False, "error": "Message not found or no Telegram message ID available"},
    )  # fmt: skip


def test_what_cannot_be_deleted_is_refused_in_the_old_words(api):
    row = RecipientFactory.create(state="sent")
    missing = {"success": False, "error": "Message not found or no Telegram message ID available"}

    assert delete(api) == (400, {"error": "messageId and userId are required"})
    assert delete(api, messageId="x", userId=1) == (400, {"error": "messageId and userId must be valid numbers"})
    assert delete(api, messageId=1, userId=1) == (400, missing)
    assert delete(api, messageId=row.message_id, userId=row.telegram_user_id) == (400, missing)


READS = (
    "stats", "courses", "course-streams", "events", "events?type=daily", "events?type=recent", "bookings",
    "free-lessons", "user-growth", "user-activity", "stream-students?stream=8th_stream", "users/list",
    "users/search?q=А", "users/search?stats=true", "users/by-stream?stream=8th_stream", "users/non-course",
    "users/hackathon", "messages/history", "free-lessons-conversion",
)  # fmt: skip


def test_a_script_of_the_previous_dashboard_runs_with_a_token(api, telegram):
    StreamFactory.create(code="7th_stream", name="7-й поток")
    StreamFactory.create()
    booking = BookingFactory.create(confirmed=1)
    anna, boris = booking.telegram_user, TelegramUserFactory.create()
    refresh_numbers(timezone.now())

    for path in READS:
        assert api.get(f"/api/{path}").status_code == 200, path
    person = api.get(f"/api/users/{anna.pk}").json()
    booked = api.get(f"/api/users/{anna.pk}/bookings").json()
    changed = api.patch(
        f"/api/users/{person['user']['user_id']}/bookings",
        {"bookingId": person["bookings"][0]["id"], "updates": {"confirmed": 2, "discount_percent": 10}},
        "application/json",
    )
    moved = api.patch(f"/api/users/{anna.pk}/stream", {"newStream": "7th_stream"}, "application/json")
    _status, sent = send(api, anna.pk, boris.pk)
    _status, planned = send(api, anna.pk, scheduled_at=(timezone.now() + timedelta(hours=1)).isoformat())
    recipients = api.get(f"/api/messages/{sent['message_id']}/recipients").json()
    deleted = delete(api, messageId=sent["message_id"], userId=recipients[0]["user_id"])

    assert booked["bookings"] == person["bookings"] != []
    assert (changed.json()["success"], moved.json()["bookingId"]) == (True, booking.pk)
    assert (sent["sent_count"], planned["scheduled"], deleted[0]) == (2, True, 200)
    assert [row["id"] for row in api.get("/api/messages/history?limit=1").json()] == [planned["message_id"]]
