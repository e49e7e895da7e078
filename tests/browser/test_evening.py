"""A marketer's whole evening, in both languages: from two streams and a picture to a copy of what was sent."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking
from demo.sandbox.client import SandboxClient
from messaging.models import Broadcast, Recipient, SendingRules, TelegramLink
from tests.browser.helpers import sign_in, use_language
from tests.browser.stack import running_stack
from tests.factories import BookingFactory, CourseFactory, StreamFactory, TelegramUserFactory, UserFactory

PATIENCE = 40_000  # ms; a worker takes some seconds to start
CONFIRMED = Booking.Status.CONFIRMED
State = Broadcast.State


@pytest.fixture
def running(page: Page, telegram: SandboxClient, tmp_path: Path) -> Iterator[None]:
    with running_stack(telegram, tmp_path, rate=3):
        yield


@pytest.fixture
def course(db: None) -> int:
    """Two streams of eight and seven people; one of them has moved to the fifth stream."""
    course = CourseFactory.create()
    for code, people in (("6th_stream", 8), ("7th_stream", 7)):
        StreamFactory.create(course=course, code=code, name=code)
        for _ in range(people):
            BookingFactory.create(course=course, course_stream=code, confirmed=CONFIRMED)
    StreamFactory.create(course=course, code="5th_stream", name="5th_stream")
    mover = Booking.objects.filter(course_stream="6th_stream").first()
    assert mover is not None
    BookingFactory.create(
        course=course, course_stream="5th_stream", confirmed=CONFIRMED, telegram_user=mover.telegram_user
    )
    return int(course.pk)


Evening = tuple[SandboxClient, int]


@pytest.fixture
def evening(running: None, telegram: SandboxClient, course: int) -> Evening:
    return telegram, course


def picture() -> bytes:
    data = BytesIO()
    Image.new("RGB", (320, 200), "#2a7").save(data, "PNG")
    return data.getvalue()


def saved(page: Page) -> None:
    """Wait until what was typed is saved: going on would cut the request short."""
    page.wait_for_timeout(1_000)
    page.wait_for_load_state("networkidle")


def write_message(page: Page, course: int) -> None:
    """Two streams, one left out; a button whose address has no scheme; a picture with a Russian name; tomorrow."""
    page.goto("/messages/new/", timeout=PATIENCE)  # the first page of the process
    for code in ("6th_stream", "7th_stream"):
        page.locator(f'[name="cell"][value="{course}:{code}:{CONFIRMED}"]').check()
    page.locator("#exclusions summary").click()
    page.locator(f'[name="leave_stream"][value="{course}:5th_stream"]').check()
    page.locator("#text").fill("Завтра начинаем, {first_name|друг}!")
    page.locator("#name").fill("Старт")
    page.locator('[name="buttons-0-text"]').fill("Войти")
    page.locator('[name="buttons-0-target"]').fill("meet.example.com/abc")
    expect(page.locator("#button-check")).to_contain_text("https://meet.example.com/abc")
    page.locator('[name="buttons-0-target"]').fill("https://meet.example.com/abc")
    expect(page.locator("#button-check")).not_to_contain_text("https://")
    page.locator('label:has([name="kind"][value="photo"])').click()
    page.locator("#media-upload").set_input_files(
        {"name": "Команда № 1.png", "mimeType": "image/png", "buffer": picture()}
    )
    saved(page)
    page.locator('[formaction$="file/upload/"]').click()
    expect(page.locator("#bubble img.picture")).to_have_attribute("alt", "Команда № 1.png")
    expect(page.locator("#audience-total strong")).to_have_text("14")
    page.locator('label:has([name="when"][value="at"])').click()
    page.locator("#at").fill((timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT12:30"))
    saved(page)
    page.locator('.compose-bar [formaction$="check/"]').click()


def ask_and_approve(page: Page, colleague: Page) -> None:
    """The last page in one sentence; a second person finds it by the badge and approves."""
    expect(page.locator(".sentence")).to_contain_text("14")
    expect(page.locator(".sentence")).to_contain_text("meet.example.com")
    page.locator('button[name="ask"]').click()
    expect(page.locator(".confirm-card")).to_contain_text("vera")
    colleague.goto("/messages/")
    expect(colleague.locator('.nav a[href="/messages/"] .count')).to_contain_text("1")
    colleague.locator("#waiting-drafts a.button").click()
    colleague.locator(".confirm-card .button.primary").click()
    expect(colleague.locator(".planned")).to_contain_text("12:30")
    expect(colleague.locator("#broadcast-expected")).to_contain_text("14")


def change_and_send(page: Page, broadcast: Broadcast) -> None:
    """Another word, and at once; asking to cancel pauses, and thinking better of it goes on."""
    page.goto(f"/messages/{broadcast.pk}/")
    page.locator("#act-edit").click()
    page.locator("#id_text").fill("Сегодня начинаем, {first_name|друг}!")
    page.locator(".question-card .button.primary").click()
    page.locator("#act-start").click()
    page.locator(".question-card .button.primary").click()
    done = page.locator(".broadcast-done strong")
    expect(done).to_have_text(re.compile(r"^[2-9]\b"), timeout=PATIENCE)
    page.locator("#act-cancel").click()
    expect(page.locator("#question-facts")).to_be_visible()
    broadcast.refresh_from_db()
    assert broadcast.state == State.PAUSED
    page.locator('[form="resume"]').click()
    expect(done).to_have_text(re.compile(r"^14\b"), timeout=PATIENCE)
    expect(page.locator("#broadcast-cards .badge")).to_be_visible(timeout=PATIENCE)


def mend_and_copy(page: Page, broadcast: Broadcast) -> None:
    """A mistake is mended for everybody who has it, and a copy begins with what it says now."""
    page.goto(f"/messages/{broadcast.pk}/")
    page.locator(f'#broadcast-cards a[href="/messages/{broadcast.pk}/edit/"]').click()
    page.locator("#id_text").fill("Сегодня в 19:00, {first_name|друг}!")
    page.locator(".question-card .button.primary").click()
    expect(page.locator("#broadcast-cards .broadcast-bubble")).to_contain_text("Сегодня в 19:00")
    expect(page.locator(".correction .badge.success")).to_be_visible(timeout=PATIENCE)
    page.reload()
    page.locator("#broadcast-versions summary").click()
    expect(page.locator("#broadcast-versions li").first).to_contain_text("14")
    page.locator("#act-clone").click()
    expect(page.locator("#text")).to_have_value("Сегодня в 19:00, {first_name|друг}!")
    expect(page.locator("#bubble img.picture")).to_be_visible()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", ["ru", pytest.param("en", marks=pytest.mark.long)])
def test_an_evening_from_two_streams_to_a_copy(
    page: Page, browser: Browser, live_server: LiveServer, evening: Evening, language: Literal["ru", "en"]
) -> None:
    telegram, course = evening
    SendingRules.objects.create(pk=1, approval_above=5)
    author = sign_in(page)
    use_language(page, language)
    colleague = browser.new_context(base_url=live_server.url, locale="ru-RU").new_page()
    approver = sign_in(colleague, UserFactory.create(username="vera", is_superuser=True))
    use_language(colleague, language)
    account = TelegramUserFactory.create(first_name="Вера")
    TelegramLink.objects.create(user=approver, telegram_user=account, linked_at=timezone.now())

    write_message(page, course)
    ask_and_approve(page, colleague)
    broadcast = Broadcast.objects.get(name="Старт")
    assert (broadcast.created_by, broadcast.approved_by) == (author, approver)
    change_and_send(page, broadcast)
    mend_and_copy(page, broadcast)

    # The witness has what our table has: each of the fourteen once, and the notice to the approver.
    assert telegram.duplicates() == []
    accepted = [entry.chat_id for entry in telegram.ledger(accepted=True) if entry.method.startswith("send")]
    assert sorted(accepted) == sorted(Recipient.objects.sent().values_list("telegram_user_id", flat=True))
    assert account.pk in accepted
    broadcast.media_upload.delete(save=False)
    colleague.context.close()
