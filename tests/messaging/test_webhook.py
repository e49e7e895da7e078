"""Telegram calls: who starts, blocks or unblocks the bot, and who presses a button, is recorded once."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from messaging.delivery import lifecycle
from messaging.inbound import updates
from messaging.models import ReceivedUpdate
from tests.factories import RecipientFactory, TelegramUserFactory
from users.models import BlockedUser, Event, TelegramUser

pytestmark = pytest.mark.django_db

ADDRESS = "/api/telegram/webhook"
SECRET = "a-secret-that-only-telegram-knows"
ANNA = {"id": 777, "is_bot": False, "first_name": "Анна", "username": "anna", "language_code": "ru"}
CHAT = {"id": 777, "type": "private"}


@pytest.fixture(autouse=True)
def configured(settings: Any) -> None:
    settings.TELEGRAM_WEBHOOK_SECRET = SECRET


def call(update: object, *, secret: str = SECRET) -> Any:
    return Client(enforce_csrf_checks=True).post(
        ADDRESS,
        update if isinstance(update, str) else json.dumps(update),
        content_type="application/json",
        headers={"X-Telegram-Bot-Api-Secret-Token": secret},
    )


def start(text: str = "/start", number: int = 1) -> dict[str, Any]:
    return {"update_id": number, "message": {"message_id": 5, "from": ANNA, "chat": CHAT, "text": text}}


def member(status: str, number: int = 1) -> dict[str, Any]:
    return {"update_id": number, "my_chat_member": {"from": ANNA, "chat": CHAT, "new_chat_member": {"status": status}}}


def test_without_a_secret_in_the_settings_there_is_no_such_address(settings):
    settings.TELEGRAM_WEBHOOK_SECRET = ""

    assert call(start(), secret="").status_code == 404


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", "пароль"])
def test_whoever_does_not_know_the_secret_is_turned_away(secret):
    assert call(start(), secret=secret.encode().decode("latin-1")).status_code == 403
    assert not Event.objects.exists()


def test_a_start_stores_the_person_and_ends_the_block_that_they_had_made():
    TelegramUserFactory.create(user_id=777, first_name="Старая", last_name="Петрова")
    BlockedUser.objects.create(telegram_user_id=777)

    assert call(start("/start PROMO")).status_code == 200

    person = TelegramUser.objects.get(pk=777)
    assert (person.first_name, person.last_name, person.username) == ("Анна", "Петрова", "anna")
    assert not BlockedUser.objects.exists()
    event = Event.objects.get()
    assert (event.event_type, event.details) == ("start_command", {"payload": "PROMO"})


def test_an_update_that_telegram_repeats_counts_once():
    for _time in range(3):
        assert call(start()).status_code == 200

    assert Event.objects.count() == 1


def test_a_block_and_its_end_are_known_at_once():
    call(member("kicked", 1))
    assert BlockedUser.objects.get().reason == "bot_blocked_by_user"
    # The event itself is no sign of life.
    lifecycle.end_blocks(at=updates.ReceivedUpdate.objects.get().received_at + updates.REMEMBERED)
    assert BlockedUser.objects.exists()

    call(member("member", 2))

    assert not BlockedUser.objects.exists()
    assert list(Event.objects.order_by("pk").values_list("event_type", flat=True)) == ["bot_blocked", "bot_unblocked"]


def test_a_block_that_staff_set_outlives_a_start():
    TelegramUserFactory.create(user_id=777)
    BlockedUser.objects.create(telegram_user_id=777, reason="staff")

    call(start())
    call(member("kicked", 2))
    call(member("member", 3))

    assert BlockedUser.objects.get().reason == "staff"


def test_a_press_names_the_message_it_stands_under_and_is_answered():
    row = RecipientFactory.create(telegram_user__user_id=777, state="sent", telegram_message_id=42)
    press = {"id": "99", "from": ANNA, "data": "yes", "message": {"message_id": 42, "chat": CHAT}}

    response = call({"update_id": 1, "callback_query": press})

    assert response.json() == {"method": "answerCallbackQuery", "callback_query_id": "99"}
    event = Event.objects.get()
    assert event.event_type == "button_pressed"
    assert event.details == {"data": "yes", "message_id": 42, "broadcast_id": row.message_id}


@pytest.mark.parametrize(
    "update",
    [
        start("Привет"),
        start() | {"message": {**start()["message"], "chat": {"id": -5, "type": "group"}}},
        {"update_id": 1, "edited_message": {}},
    ],
    ids=["words", "a group", "another kind"],
)
def test_what_is_not_ours_is_taken_and_left_to_the_bot(update):
    assert call(update).status_code == 200
    assert not Event.objects.exists()


def start_with(**fields: object) -> dict[str, Any]:
    return {"update_id": 1, "message": start()["message"] | fields}


def press_with(**fields: object) -> dict[str, Any]:
    return {"update_id": 1, "callback_query": {"id": "9", "from": ANNA, "data": "yes", **fields}}


NOBODY: list[object] = [None, True, "7", -1, {}, 2**60]
NONSENSE = {
    "half": "{",
    "a list": [],
    "nothing": {},
    "null": "null",
    "bytes": "\xff\xfe\x00",
    "deep": "[" * 100_000,
    "not a number": '{"update_id": NaN}',
    "infinite": '{"update_id": Infinity}',
    "a word for a number": {"update_id": "x"},
    "too many digits": {"update_id": 10**30},
    "no sender": {"update_id": 1, "message": {"text": "/start", "chat": CHAT}},
    "a word for a message": {"update_id": 1, "message": "hello"},
    "a word for a chat": start_with(chat="private"),
    "a list for a text": start_with(text=["/start"]),
    **{f"sender {value!r:.9}": start_with(**{"from": {"id": value}}) for value in NOBODY},
    "a name of parts": start_with(**{"from": ANNA | {"first_name": {"a": 1}}}),
    "a number for a language": start_with(**{"from": ANNA | {"language_code": 5}}),
    "a moved nobody": {"update_id": 1, "my_chat_member": {"from": ANNA, "chat": CHAT, "new_chat_member": None}},
    "pressed under a list": press_with(message=[1]),
    "pressed under too many digits": press_with(message={"message_id": 10**20}),
    "pressed with a number": press_with(data=7),
    "too long": '{"update_id": 1, "x": "' + "a" * 3_000_000 + '"}',
}


@pytest.mark.parametrize("update", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_refused_and_leaves_nothing(update):
    assert call(update).status_code == 400
    assert not Event.objects.exists()
    assert not ReceivedUpdate.objects.exists()


def test_what_postgresql_cannot_store_is_left_out():
    assert call(start_with(text="/start a\x00b", **{"from": ANNA | {"first_name": "А\x00н\ud800а"}})).status_code == 200
    assert call(press_with(data="yes\x00", **{"from": {"id": 777}}) | {"update_id": 2}).status_code == 200

    assert TelegramUser.objects.get(pk=777).first_name == "Ан?а"
    assert list(Event.objects.order_by("pk").values_list("details", flat=True)) == [{"payload": "ab"}, {"data": "yes"}]


@pytest.mark.django_db(transaction=True)
def test_the_sandbox_delivers_to_the_address_as_telegram_does(telegram, live_server):
    parts = urlsplit(telegram.url)
    door = http.client.HTTPConnection(parts.hostname or "", parts.port)
    wish = json.dumps({"url": live_server.url + ADDRESS, "secret_token": SECRET})
    door.request("POST", f"/bot{telegram.token}/setWebhook", wish, {"Content-Type": "application/json"})
    assert json.loads(door.getresponse().read())["ok"] is True
    door.close()

    telegram.write(777, "/start")
    telegram.block(777)

    for _time in range(100):
        if Event.objects.filter(event_type="bot_blocked").exists():
            break
        time.sleep(0.05)
    assert list(Event.objects.order_by("pk").values_list("event_type", flat=True)) == ["start_command", "bot_blocked"]
    assert BlockedUser.objects.filter(pk=777).exists()
