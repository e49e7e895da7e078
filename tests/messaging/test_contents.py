"""Every kind of message through the engine, at once and scheduled, as Telegram hears of it."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from demo.sandbox.client import LedgerEntry
from messaging.audiences.criteria import individuals
from messaging.content.content import Content
from messaging.content.media import StoredFile
from messaging.delivery import lifecycle
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.delivery.services import create_broadcast
from messaging.models import Broadcast
from tests.factories import TelegramUserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine", "woken", "kept_counts")]

# As they are typed, and as they arrive.
LINES = [
    {"text": "Сайт", "target": "https://example.test/", "row": "1"},
    {"text": "Да", "target": "yes", "row": "1"},
    {"text": "Нет", "target": "no", "row": "2"},
]
BUTTONS = [
    [{"text": "Сайт", "url": "https://example.test/"}, {"text": "Да", "callback_data": "yes"}],
    [{"text": "Нет", "callback_data": "no"}],
]
# Telegram, and the sandbox, take only a picture for a photo.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
METHODS = {"text": "sendMessage", "photo": "sendPhoto", "video": "sendVideo", "document": "sendDocument"}


@pytest.fixture(autouse=True)
def stored_file(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "file.bin").write_bytes(PIXEL)


def send(*, people: int = 2, upload: str = "", scheduled: bool = False, **fields: Any) -> None:
    now = timezone.now()
    later = now + timedelta(hours=1)
    audience = individuals(person.pk for person in TelegramUserFactory.create_batch(people))
    content = Content(audience=audience.as_json(), **fields)
    if scheduled:
        content = replace(content, when="at", at=later.isoformat())
    broadcast = create_broadcast(content=content, by=None, at=now, file=StoredFile(upload, upload))
    if scheduled:
        assert lifecycle.start_scheduled(at=later - timedelta(minutes=1)) == []
        assert lifecycle.start_scheduled(at=later) == [broadcast.pk]
    # What is due in an hour is due now.
    broadcast.recipients.update(next_try_at=timezone.now())
    Broadcast.objects.filter(pk=broadcast.pk).update(started_at=timezone.now())
    run_queue(SendQueue(broadcast.pk), seconds=5)
    broadcast.refresh_from_db()
    assert broadcast.state == Broadcast.State.FINISHED


def buttons_of(entry: LedgerEntry) -> list[list[dict[str, str]]]:
    rows: list[list[dict[str, str]]] = json.loads(entry.options["reply_markup"])["inline_keyboard"]
    return rows


@pytest.mark.parametrize("scheduled", [False, True], ids=["at once", "scheduled"])
@pytest.mark.parametrize("kind", METHODS)
def test_each_kind_arrives_with_its_words_buttons_and_without_a_sound(telegram, kind, scheduled):
    upload = "" if kind == "text" else "file.bin"

    send(text="<b>Урок</b> &amp; запись", kind=kind, buttons=LINES, silent=True, upload=upload, scheduled=scheduled)

    entries = telegram.ledger(accepted=True)
    assert [entry.method for entry in entries] == [METHODS[kind]] * 2
    for entry in entries:
        assert entry.text == "<b>Урок</b> &amp; запись"
        assert entry.options["parse_mode"] == "HTML"
        assert entry.options["disable_notification"] == "true"
        assert buttons_of(entry) == BUTTONS
        assert "allow_paid_broadcast" not in entry.options
    assert len({entry.file for entry in entries}) == 1


@pytest.mark.parametrize("kind", ["photo", "video", "document"])
def test_a_file_that_telegram_has_is_sent_by_its_id_with_and_without_words(telegram, kind):
    send(people=1, text="", kind=kind, upload="file.bin")
    file_id = Broadcast.objects.get().media_file_id
    send(text="Подпись", kind=kind, media_file_id=file_id)

    first, *again = telegram.ledger(accepted=True)
    assert (first.text, [entry.text for entry in again]) == ("", ["Подпись"] * 2)
    assert {entry.file for entry in again} == {first.file}


@pytest.mark.parametrize(("wanted", "said"), [(True, None), (False, {"is_disabled": True})])
def test_a_link_has_a_preview_unless_it_must_not(telegram, wanted, said):
    send(people=1, text="https://example.test/", link_preview=wanted)

    [entry] = telegram.ledger(accepted=True)
    assert json.loads(entry.options.get("link_preview_options", "null")) == said
    assert entry.options["disable_notification"] == "false"
    assert "reply_markup" not in entry.options


def test_a_bot_that_pays_says_so_in_each_message(telegram, settings):
    settings.TELEGRAM_PAID_BROADCAST = True

    send(text="Привет")

    assert [entry.options["allow_paid_broadcast"] for entry in telegram.ledger(accepted=True)] == ["true"] * 2
