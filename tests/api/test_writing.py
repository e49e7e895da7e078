"""Changes through the API: the old words, the pages' rules, an Idempotency-Key, and what the audit keeps of it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from bookings.models import Booking, BookingChange
from messaging.models import Broadcast
from tests.api.conftest import client_of
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    RecipientFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import ApiAnswer, AuditEntry, TelegramUser
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

NO_ACTIVE = "У пользователя нет активных бронирований"
UPDATED = {"success": True, "message": "Booking updated successfully"}


def patch(api: Client, path: str, body: Any, key: str = "") -> tuple[int, dict[str, Any]]:
    headers = {"Idempotency-Key": key} if key else {}
    response = api.patch(path, body, "application/json", headers=headers)
    return response.status_code, response.json()


def bookings_of(booking: Booking) -> str:
    return f"/api/users/{booking.telegram_user_id}/bookings"


def refused(words: str) -> dict[str, Any]:
    return {"success": False, "error": words}


@pytest.fixture
def booking(db) -> Booking:
    StreamFactory.create(code="7th_stream", name="7-й поток")
    StreamFactory.create()
    return BookingFactory.create(confirmed=1)


def test_a_booking_is_changed_by_the_rules_of_the_pages_and_the_audit_names_the_token(api, staff, booking):
    ReferralCouponFactory.create(code="CODE")
    body = {
        "bookingId": str(booking.pk),
        "updates": {"confirmed": "2", "course_stream": "7th_stream", "discount_percent": 15, "referral_code": "code"},
    }

    assert patch(api, bookings_of(booking), body) == (200, UPDATED)
    booking.refresh_from_db()
    assert (booking.confirmed, booking.course_stream, booking.discount_percent) == (2, "7th_stream", 15)
    assert booking.referral_code == "CODE"
    change = BookingChange.objects.filter(booking=booking, is_new=False).get()
    assert (change.changed_by_id, change.origin) == (staff.pk, "api")
    entry = AuditEntry.objects.filter(what__startswith="bookings", done_by=staff).latest("pk")
    assert entry.request.startswith("token script (hsl_")


@pytest.mark.parametrize("nothing", [None, 0, ""])
def test_without_a_number_the_newest_active_booking_is_changed(api, booking, nothing):
    BookingFactory.create(telegram_user=booking.telegram_user, confirmed=-1)

    assert patch(api, bookings_of(booking), {"bookingId": nothing, "updates": {"confirmed": 2}}) == (200, UPDATED)
    booking.refresh_from_db()
    assert booking.confirmed == 2


def test_null_clears(api, booking):
    Booking.objects.filter(pk=booking.pk).update(discount_percent=20, referral_code="OLD")
    updates = {"discount_percent": None, "referral_code": None, "course_stream": ""}

    assert patch(api, bookings_of(booking), {"updates": updates}) == (200, UPDATED)
    booking.refresh_from_db()
    assert (booking.discount_percent, booking.referral_code, booking.course_stream) == (0, None, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Updates object is required"),
        ({"updates": "x"}, "Updates object is required"),
        ({"updates": {}}, "Нет изменений для сохранения"),
        ({"updates": []}, "Нет изменений для сохранения"),
        ({"updates": {"unknown": 1}}, "Нет изменений для сохранения"),
        ({"updates": {"course_stream": "99th"}}, "Invalid course stream"),
        *(({"updates": {"confirmed": odd}}, "Invalid payment status") for odd in (0, 3, "2x", None, 2.0, True)),
        *(
            ({"updates": {"discount_percent": odd}}, "Discount percent must be between 0 and 100")
            for odd in (-1, 101, "15x", 1.5)
        ),
        ("{broken", "Invalid JSON"),
        ([], "Invalid JSON"),
    ],
)
def test_what_cannot_be_is_refused_in_the_old_words(api, booking, body, words):
    assert patch(api, bookings_of(booking), body) == (400, refused(words))


def test_refusals_come_in_their_order(api, booking):
    assert patch(api, "/api/users/12abc/bookings", {}) == (400, refused("Invalid user ID"))
    Booking.objects.update(confirmed=-1)
    assert patch(api, bookings_of(booking), {}) == (400, refused(NO_ACTIVE))


@pytest.mark.parametrize("number", [999_999_999, 10**12, "x", [1]])
def test_a_booking_that_is_not_there_is_not_there(api, booking, number):
    body = {"bookingId": number, "updates": {"confirmed": 2}}

    assert patch(api, bookings_of(booking), body) == (404, refused("Booking not found"))


def test_a_booking_of_somebody_else_is_not_there(api, booking):
    other = BookingFactory.create()

    assert patch(api, bookings_of(booking), {"bookingId": other.pk, "updates": {"confirmed": 2}})[0] == 404
    other.refresh_from_db()
    assert other.confirmed == 1


def test_a_move_against_the_order_needs_a_reason_and_a_forbidden_one_is_422(api, booking):
    Booking.objects.filter(pk=booking.pk).update(confirmed=-1)
    body = {"bookingId": booking.pk, "updates": {"confirmed": 2}}
    manager = UserFactory.create(permissions=["bookings.view_booking", "bookings.change_booking"])

    assert patch(client_of(manager), bookings_of(booking), body)[0] == 422
    assert patch(api, bookings_of(booking), body) == (422, refused("This change needs a reason"))
    assert patch(api, bookings_of(booking), {**body, "reason": "paid after all"}) == (200, UPDATED)


def test_a_stream_is_changed_in_the_old_words(api, booking):
    path = f"/api/users/{booking.telegram_user_id}/stream"
    moved = {"success": True, "message": "Stream updated successfully", "bookingId": booking.pk}

    assert patch(api, path, {"newStream": "7th_stream"}) == (200, moved)
    assert patch(api, path, {"newStream": "7th_stream"}) == (400, refused("Пользователь уже находится в этом потоке"))
    assert patch(api, path, {}) == (400, refused("New stream is required"))
    assert patch(api, path, {"newStream": "99th"}) == (400, refused("Invalid course stream"))
    assert patch(api, "/api/users/1/stream", {"newStream": "7th_stream"}) == (400, refused(NO_ACTIVE))
    assert patch(api, "/api/users/x/stream", {"newStream": "7th_stream"}) == (400, refused("Invalid user ID"))


def test_the_same_key_gives_the_same_answer_and_another_body_is_409(api, booking):
    path = f"/api/users/{booking.telegram_user_id}/stream"

    first = patch(api, path, {"newStream": "7th_stream"}, "one")
    again = patch(api, path, '{ "newStream":  "7th_stream" }', "one")
    other = patch(api, path, {"newStream": "8th_stream"}, "one")

    assert first == again and first[0] == 200
    assert other == (409, refused("This Idempotency-Key was used for another request"))


def test_a_refusal_is_not_kept(api, booking):
    path = f"/api/users/{booking.telegram_user_id}/stream"

    patch(api, path, {"newStream": "99th"}, "one")

    assert not ApiAnswer.objects.exists()


def test_a_key_belongs_to_its_caller(api, booking):
    path = f"/api/users/{booking.telegram_user_id}/stream"
    other = client_of(UserFactory.create(is_superuser=True))

    assert patch(api, path, {"newStream": "7th_stream"}, "one")[0] == 200
    assert patch(other, path, {"newStream": "8th_stream"}, "one")[0] == 200


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_do_it_once(monkeypatch):
    monkeypatch.setattr("messaging.delivery.tasks.wake_broadcast", lambda pk: None)
    StreamFactory.create(code="7th_stream", name="7-й поток")
    StreamFactory.create()
    booking = BookingFactory.create(confirmed=1)
    api = client_of(UserFactory.create(is_superuser=True))
    path, answers, messages = f"/api/users/{booking.telegram_user_id}/stream", [], []
    letter = {"recipients": [{"user_id": booking.telegram_user_id}], "message": {"text": "Привет!"}}
    headers = {"Idempotency-Key": "letter", "Prefer": "respond-async"}

    def ask() -> None:
        answers.append(patch(api, path, {"newStream": "7th_stream"}, "one"))
        sent = api.post("/api/messages/send", letter, "application/json", headers=headers)
        messages.append((sent.status_code, sent.json()["message_id"]))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert answers == [answers[0]] * 4 and answers[0][0] == 200
    assert messages == [(202, Broadcast.objects.get().pk)] * 4


def test_a_fault_of_ours_says_nothing_of_the_database(api, booking, monkeypatch):
    def broken(**_values):
        raise RuntimeError("relation secret does not exist")

    monkeypatch.setattr("bookings.api.changes.edit_booking", broken)
    status, answer = patch(api, bookings_of(booking), {"updates": {"confirmed": 2}})

    assert (status, answer["success"], answer["error"]) == (500, False, "Failed to update booking")
    assert answer.keys() == {"success", "error", "request_id"}


def test_messages_can_be_read_paused_resumed_and_cancelled(api, monkeypatch):
    monkeypatch.setattr("messaging.delivery.tasks.wake_broadcast", lambda pk: None)
    message = BroadcastFactory.create(state="sending")
    RecipientFactory.create(message=message)
    path = f"/api/messages/{message.pk}"

    detail = api.get(path).json()
    acts = [api.post(f"{path}/{act}").json().get("state") for act in ("pause", "resume", "cancel")]
    over = api.post(f"{path}/pause")

    assert (detail["state"], detail["by_state"]["pending"]) == ("sending", 1)
    assert acts == ["paused", "sending", "cancelled"]
    assert (over.status_code, over.json()) == (
        409, {"error": "The message is in another state", "current": "cancelled"},
    )  # fmt: skip


def test_recipients_come_by_their_number(api):
    message = BroadcastFactory.create(state="finished")
    rows = [RecipientFactory.create(message=message, state="sent", username=name) for name in ("anna", None)]

    assert api.get(f"/api/messages/{message.pk}/recipients").json() == [
        {
            "id": row.pk, "message_id": message.pk, "user_id": str(row.telegram_user_id),
            "username": row.username or "", "delivery_status": "sent",
        }
        for row in rows
    ]  # fmt: skip
    assert api.get("/api/messages/1999999999/recipients").json() == []


def test_what_goes_to_staff_is_no_history(api):
    for kind in ("report", "approval", "answer"):
        BroadcastFactory.create(state="finished", recipient_type=kind)
    own = BroadcastFactory.create(state="finished", recipient_type="individual")

    assert [row["id"] for row in api.get("/api/messages/history").json()] == [own.pk]


def test_a_message_without_a_moment_is_never_the_newest(api):
    now = timezone.now()
    undated = [BroadcastFactory.create(state="finished", sent_at=None).pk for _number in range(2)]
    sent = [BroadcastFactory.create(state="finished", sent_at=now + timedelta(hours=n)).pk for n in range(3)]
    found, cursor = [], ""
    for _piece in range(5):
        response = api.get(f"/api/messages/history?limit=1&cursor={cursor}")
        found += [row["id"] for row in response.json()]
        cursor = response.get("X-Next-Cursor", "")

    assert found == [*reversed(sent), *reversed(undated)] and not cursor
    assert [row["id"] for row in api.get("/api/messages/history?offset=1").json()] == found[1:]


def test_the_newest_are_found_first(api):
    old, new = (TelegramUserFactory.create(first_name="Аглая", username=name) for name in ("aglaya_a", "aglaya_b"))
    TelegramUser.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(days=1))
    fold_marked_people()

    assert [row["user_id"] for row in api.get("/api/users/search?q=@aglaya").json()] == [str(new.pk), str(old.pk)]
    assert [row["user_id"] for row in api.get("/api/users/search?q=%20агл").json()] == [str(new.pk), str(old.pk)]


def test_who_may_not_write_messages_reads_none_to_individuals(viewer):
    BroadcastFactory.create(state="finished", message_text="a secret", recipient_type="individual")

    assert client_of(viewer).get("/api/messages/history").json()[0]["message_text"] == ""


def test_nobody_is_named_who_is_not_in_the_school(api):
    TelegramUserFactory.create(user_id=2**60 + 1)

    assert api.get(f"/api/users/{2**60 + 1}").status_code == 404
    assert api.get("/api/users/non-course").json() == []
