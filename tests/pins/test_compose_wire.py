"""Composing from end to end: the posted form, what is stored, what is put on the wire to Telegram."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from demo.sandbox.client import LedgerEntry, SandboxClient
from hsl_dashboard.celery import app as celery
from tests.factories import UserFactory
from tests.pins.golden import assert_as_pinned
from tests.signing_in import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

# Telegram, and the sandbox, take only a picture for a photo.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ANNA, BORIS, NAMELESS, VERA, GLEB, DARIA = range(5_100_000_001, 5_100_000_007)
STREAM = "1:8th_stream"

STORED = [
    "message_text", "kind", "media_file_id", "media_upload", "buttons", "link_preview", "silent", "audience",
    "recipient_type", "recipient_group", "state", "total_recipients", "successful_deliveries", "starts_at",
]  # fmt: skip
BUTTONS = [("Сайт", "https://hsl.test/?a=1&b=2", "1"), ("Да", "yes", "1"), ("Нет", "no", "2")]
KEYBOARD = {
    f"buttons-{number}-{name}": typed
    for number, line in enumerate(BUTTONS)
    for name, typed in zip(("text", "target", "row"), line, strict=True)
}
CASES: dict[str, dict[str, Any]] = {
    "plain": {"text": "Привет!\r\nВторая строка & <i>курсив</i>"},
    "placeholders": {
        "text": "{first_name|друг} ({username|нет}): {stream|?}, {starts_on|скоро} <b>{course|?}</b> {{name}}"
    },
    "placeholder without a word instead": {"text": "Здравствуйте, {first_name}!"},
    "buttons": {"text": "Выбирайте", **KEYBOARD},
    "silent, without preview": {"text": "https://hsl.test", "silent": "on", "link_preview": None},
    "photo": {"text": "Подпись <b>{first_name|друг}</b>", "kind": "photo", "upload": "team.png", **KEYBOARD},
    "document": {"text": "", "kind": "document", "upload": "план.pdf"},
    "several criteria": {
        "cell": [f"{STREAM}:2", f"{STREAM}:1"],
        "group": ["hackathon"],
        "person": [str(DARIA)],
        "leave_person": [str(BORIS)],
        "leave_stream": ["1:7th_stream"],
        "quiet_hours": "24",
    },
    "everybody but a stream": {"cell": [], "group": ["everyone"], "leave_stream": [STREAM]},
    "an earlier question is kept": {"kept_include": ['{"kind": "referral_code", "code": "anna"}'], "cell": []},
    "scheduled": {"when": "at", "text": "Позже"},
}


def post_draft(client: Client, content: dict[str, Any]) -> Any:
    """Send the form of a new message with «Check and send»; give the draft's row. The one place that knows the way."""
    form = {
        "text": "Привет, {first_name|друг}!", "kind": "text", "link_preview": "on", "when": "now",
        "cell": [f"{STREAM}:2"], "version": "0", "saved_from": "page-1",
        "buttons-TOTAL_FORMS": "3", "buttons-INITIAL_FORMS": "0",
    } | content  # fmt: skip
    if name := form.pop("upload", ""):
        form["media_upload"] = SimpleUploadedFile(name, PIXEL)
    response = client.post("/messages/new/check/", {name: value for name, value in form.items() if value is not None})
    assert response.status_code == 303, response.context["faults"]
    return apps.get_model("messaging", "Draft")._default_manager.latest("pk")


def confirm_draft(client: Client, draft: Any) -> Any:
    """Send the last page as it is shown; give the broadcast's row."""
    address = f"/messages/new/{draft.pk}/confirm/"
    shown = dict(re.findall(r'name="(version|recipients)" value="(\d+)"', client.get(address).content.decode()))
    assert client.post(address, shown).status_code == 302
    draft.refresh_from_db()
    return draft.broadcast


@pytest.fixture
def school() -> None:
    """Six people: three confirmed, one of them nameless; one who waits; one of another stream; one who only looked."""

    def get(app: str, model: str) -> Any:
        return apps.get_model(app, model)._default_manager

    course, _made = get("bookings", "Course").update_or_create(
        pk=1, defaults={"name": "Вайб кодинг", "button_text": "Вайб кодинг"}
    )
    for code, name in (("8th_stream", "8-й поток"), ("7th_stream", "7-й поток")):
        get("bookings", "Stream").update_or_create(course=course, code=code, defaults={"name": name})
    names = {ANNA: "Анна", BORIS: "Борис", NAMELESS: None, VERA: "Вера <3", GLEB: "Глеб", DARIA: "Дарья"}
    for pk, first_name in names.items():
        get("users", "TelegramUser").create(
            pk=pk, first_name=first_name, username=f"person{pk % 10}", last_name="Петрова"
        )
    booked = [(ANNA, "8th", 2), (BORIS, "8th", 2), (NAMELESS, "8th", 2), (VERA, "8th", 1), (GLEB, "7th", 2)]
    for person, code, status in booked:
        get("bookings", "Booking").create(
            telegram_user_id=person, course=course, course_stream=f"{code}_stream", confirmed=status,
            referral_code="ANNA" if person == VERA else None, created_at=datetime(2026, 11, 2, tzinfo=UTC),
        )  # fmt: skip
    get("bookings", "Booking").create(telegram_user_id=VERA, course=course, course_stream="7th_stream", confirmed=-1)
    get("bookings", "HackathonRegistration").create(telegram_user_id=GLEB)
    get("users", "BlockedUser").create(telegram_user_id=NAMELESS)


@pytest.fixture
def client(school: None) -> Client:
    return signed_in(UserFactory.create(username="anna", is_staff=True, is_superuser=True))


@pytest.fixture(autouse=True)
def at_once(engine: SandboxClient, settings: Any, tmp_path: Path) -> Iterator[None]:
    """A task runs where it is queued: a message is out when its request is over."""
    celery.set_current()
    celery.conf.update(task_always_eager=True, task_eager_propagates=True)
    settings.MEDIA_ROOT = tmp_path
    yield
    celery.conf.update(task_always_eager=False, task_eager_propagates=False)


def _in_a_month() -> str:
    return f"{timezone.localdate() + timedelta(days=30)}T18:55"


def _let_its_time_come(broadcast: Any, moment: str) -> None:
    """Let beat look after what is due a moment after the time that the message is for, or its start can be undone."""
    rows = type(broadcast)._default_manager.filter(pk=broadcast.pk)
    rows.update(**{moment: timezone.now() - timedelta(seconds=1)})
    celery.loader.import_default_modules()
    celery.tasks[django_settings.CELERY_BEAT_SCHEDULE["messaging.tick"]["task"]].apply(throw=True)


def _stored(draft: Any, broadcast: Any) -> dict[str, Any]:
    broadcast.refresh_from_db()
    row = {name: getattr(broadcast, name) for name in STORED}
    # What is not the same twice: the file's number at Telegram, and the name under which it lies.
    row["media_file_id"] = bool(row["media_file_id"])
    row["media_upload"] = re.sub(r"[0-9a-f]{32}", "…", str(row["media_upload"]))
    row["starts_at"] = row["starts_at"] and row["starts_at"].isoformat()
    assert broadcast.scheduled_at is None and broadcast.sent_at  # what the previous dashboard looks at
    people = broadcast.recipients.order_by("telegram_user_id")
    return {
        "draft": {name: value for name, value in draft.content.items() if name not in {"preview_for", "original"}},
        "broadcast": row,
        "recipients": [list(one) for one in people.values_list("telegram_user_id", "state", "reason")],
    }


def _wire(telegram: SandboxClient) -> list[dict[str, Any]]:
    sends = [entry for entry in telegram.ledger() if entry.chat_id]
    return [_asked(entry) for entry in sorted(sends, key=lambda entry: entry.chat_id)]


def _asked(entry: LedgerEntry) -> dict[str, Any]:
    asked = {name: getattr(entry, name) for name in ("chat_id", "method", "text", "options", "outcome")}
    return asked | {"file": bool(entry.file)}


@pytest.mark.parametrize("case", CASES)
def test_what_is_posted_is_stored_and_put_on_the_wire(case: str, client: Client, telegram: SandboxClient) -> None:
    content = CASES[case]
    if case == "scheduled":
        content = content | {"at": _in_a_month()}

    draft = post_draft(client, content)
    broadcast = confirm_draft(client, draft)

    if case != "scheduled":
        _let_its_time_come(broadcast, "started_at")
        broadcast.refresh_from_db()
    measured = _stored(draft, broadcast)
    if case == "scheduled":
        assert broadcast.starts_at.isoformat() == f"{draft.content['at'][:10]}T15:55:00+00:00"
        measured["draft"]["at"] = measured["broadcast"]["starts_at"] = "in a month, 18:55 in Moscow"
        assert _wire(telegram) == []
        _let_its_time_come(broadcast, "starts_at")
    assert_as_pinned("compose_wire", {case: measured | {"wire": _wire(telegram)}}, partly=True)
