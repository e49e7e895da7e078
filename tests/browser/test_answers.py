"""Staff confirm a payment, answer a student and jump to their page by keyboard; Telegram has each message once."""

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking, Course, Payment
from demo.sandbox.client import SandboxClient
from hsl_dashboard.db import run_sql
from messaging.content.content import Content
from messaging.models import MessageTemplate, TemplateVersion
from tests.browser.helpers import sign_in
from tests.browser.stack import running_stack
from tests.factories import StreamFactory, TelegramUserFactory
from users.models import TelegramUser

PATIENCE = 40_000  # ms; a worker takes some seconds to start
SOON = 5_000  # ms: from the bot's INSERT to the open list

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


def student_writes(person: TelegramUser, text: str) -> None:
    run_sql(
        "INSERT INTO events (user_id, event_type, details) VALUES (%s, 'student_response', %s)",
        [person.pk, json.dumps({"message_type": "text", "booking_status": 1, "message_text": text})],
    )


def student_pays(person: TelegramUser) -> None:
    run_sql(
        "INSERT INTO bookings (user_id, course_id, confirmed, course_stream) VALUES (%s, 1, 1, '8th_stream')",
        [person.pk],
    )
    run_sql("INSERT INTO events (user_id, event_type) VALUES (%s, 'payment_proof_uploaded')", [person.pk])


def test_a_student_pays_writes_and_gets_one_message_about_each(
    page: Page, live_server: LiveServer, telegram: SandboxClient, tmp_path: Path
) -> None:
    person = TelegramUserFactory.create(first_name="Анна", last_name="Щукина")
    StreamFactory.create()
    Course.objects.update(price_usd_cents=10_000)
    canned = Content(text="Да, {first_name|друг}, <b>можно</b>.").message_only()
    TemplateVersion.objects.create(template=MessageTemplate.objects.create(name="Частями"), number=1, content=canned)
    with running_stack(telegram, tmp_path, rate=5):
        sign_in(page)
        confirm_the_payment_that_comes(page, person)
        answer_the_text_that_comes(page, person)
        jump_to(page, person)
        # The confirmation waited for the end of the window in which it could be taken back.
        deadline = time.monotonic() + PATIENCE / 1000
        while len(sent := texts_to(person, telegram)) < 2 and time.monotonic() < deadline:
            page.wait_for_timeout(200)

    answer, confirmation = sorted(sent)  # whichever went first: a slow machine answers when the window has ended
    assert answer == "Да, Анна, <b>можно</b>."
    assert "подтверждено" in confirmation
    assert Payment.objects.get().booking == Booking.objects.confirmed().get()


def confirm_the_payment_that_comes(page: Page, person: TelegramUser) -> None:
    page.goto("/payments/", timeout=PATIENCE)
    page.wait_for_load_state("networkidle")
    student_pays(person)
    expect(page.locator("#payment-heading")).to_contain_text("Анна", timeout=PATIENCE)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("a")
    expect(page.get_by_text("Никто не ждёт")).to_be_visible()


def answer_the_text_that_comes(page: Page, person: TelegramUser) -> None:
    page.goto("/inbox/")
    page.wait_for_load_state("networkidle")
    student_writes(person, "А можно оплатить частями?")
    page.get_by_role("link", name=re.compile(r"\+1 ")).click(timeout=SOON)
    expect(page.get_by_text("А можно оплатить частями?")).to_be_visible()

    page.get_by_role("link", name="Анна Щукина").click()
    page.wait_for_load_state("networkidle")  # htmx listens to the field by then
    words = page.locator("textarea[name=text]")
    words.press("/")  # the templates
    expect(page.locator("#canned-search")).to_be_focused()
    page.keyboard.type("частями")
    page.keyboard.press("Enter")
    expect(words).to_have_value("Да, {first_name|друг}, <b>можно</b>.")
    expect(page.locator("#answer-preview strong")).to_have_text("можно")
    page.get_by_role("button", name="Взять себе").click()
    expect(page.get_by_role("button", name="Взять себе")).to_have_count(0)
    expect(words).to_have_value("Да, {first_name|друг}, <b>можно</b>.")  # what was typed is still there
    page.wait_for_load_state("networkidle")
    words.press("Control+Enter")

    expect(page.locator(".thread .ours .badge.success").first).to_be_visible(timeout=PATIENCE)
    expect(words).to_have_value("")
    page.goto("/inbox/?state=answered")
    expect(page.get_by_role("link", name="Анна Щукина")).to_be_visible()


def jump_to(page: Page, person: TelegramUser) -> None:
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    jump = page.get_by_role("dialog")
    expect(jump.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("щукина анна")
    expect(jump.locator(".jump-found a").first).to_contain_text("Анна Щукина")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/users/{person.pk}/$"))


def texts_to(person: TelegramUser, telegram: SandboxClient) -> list[str]:
    return [entry.text for entry in telegram.ledger(accepted=True) if entry.chat_id == person.pk]
