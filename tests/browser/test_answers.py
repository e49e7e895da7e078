"""A student writes by the bot's INSERT, a member of staff answers in the browser, and Telegram has the answer once."""

import json
import re
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from demo.sandbox.client import SandboxClient
from tests.browser.helpers import sign_in
from tests.browser.stack import running_stack
from tests.factories import TelegramUserFactory
from users.models import TelegramUser

PATIENCE = 40_000  # ms; a worker takes some seconds to start
SOON = 5_000  # ms: from the bot's INSERT to the open list

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


def student_writes(person: TelegramUser, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events (user_id, event_type, details) VALUES (%s, 'student_response', %s)",
            [person.pk, json.dumps({"message_type": "text", "booking_status": 1, "message_text": text})],
        )


def test_a_student_writes_and_gets_one_answer(
    page: Page, live_server: LiveServer, telegram: SandboxClient, tmp_path: Path
) -> None:
    person = TelegramUserFactory.create(first_name="Анна", last_name="Щукина")
    with running_stack(telegram, tmp_path, rate=5):
        sign_in(page)
        page.goto("/inbox/", timeout=PATIENCE)
        page.wait_for_load_state("networkidle")

        student_writes(person, "А можно оплатить частями?")
        page.get_by_role("link", name=re.compile(r"\+1 ")).click(timeout=SOON)
        expect(page.get_by_text("А можно оплатить частями?")).to_be_visible()

        page.get_by_role("link", name="Анна Щукина").click()
        page.wait_for_load_state("networkidle")  # htmx listens to the field by then
        words = page.locator("textarea[name=text]")
        words.fill("Да, {first_name|друг}, <b>можно</b>.")
        expect(page.locator("#answer-preview strong")).to_have_text("можно")
        words.press("Control+Enter")

        expect(page.locator(".thread .ours .badge.success")).to_be_visible(timeout=PATIENCE)
        page.goto("/inbox/?state=answered")
        expect(page.get_by_role("link", name="Анна Щукина")).to_be_visible()

    sent = [entry for entry in telegram.ledger(accepted=True) if entry.chat_id == person.pk]
    assert [entry.text for entry in sent] == ["Да, Анна, <b>можно</b>."]
