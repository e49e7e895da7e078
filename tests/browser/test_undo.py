"""«Вернуть» against everything that runs in earnest: what is undone reaches nobody, what is not goes out in time."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking
from demo.sandbox.client import SandboxClient
from messaging.models import Broadcast
from tests.browser.conftest import SCREENSHOTS
from tests.browser.helpers import assert_accessible, sign_in, use_theme, use_width
from tests.browser.stack import running_stack
from tests.factories import BookingFactory, StreamFactory, TelegramUserFactory

YES = re.compile("Да, отправить сообщение|Всё равно отправить сейчас")
PATIENCE = 40_000  # ms; a worker takes some seconds to start
IN_TIME = 1  # s: from the end of the window to the first message


@pytest.fixture
def running(page: Page, telegram: SandboxClient, tmp_path: Path) -> Iterator[None]:
    with running_stack(telegram, tmp_path, rate=25):
        yield


@pytest.fixture
def zoya(db: None) -> Booking:
    StreamFactory.create()
    BookingFactory.create(confirmed=2)
    return BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Зоя"))


def confirm_in_its_row(page: Page) -> None:
    page.goto("/bookings/?q=Зоя", timeout=PATIENCE)  # the first page of the process
    page.locator("a.status").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Уведомить студента").check()
    dialog.get_by_role("button", name="Подтверждено").click()


def start_to_a_stream(page: Page, words: str) -> None:
    page.goto("/messages/new/")
    page.get_by_label("8-й поток · Вайб кодинг: Подтверждено").check()
    start_a_message(page, words)


def start_to_a_list(page: Page, words: str) -> None:
    page.goto("/bookings/?status=2")
    page.get_by_role("link", name="Написать этим").click()
    expect(page.get_by_text("Бронирования — Статус: Подтверждено").first).to_be_visible()
    start_a_message(page, words)


def start_a_message(page: Page, words: str) -> None:
    page.get_by_role("textbox", name="Текст", exact=True).fill(words)
    # A save that is under way when the page goes on would be a complaint of htmx.
    expect(page.locator("#audience-total")).to_contain_text("Получат 1")
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Проверить и отправить").click()
    page.get_by_role("button", name=YES).click()
    expect(page.locator("#messages")).to_contain_text("Отправка начнётся через 10 секунд.")


@pytest.mark.timeout(180)
def test_what_is_undone_reaches_nobody_and_the_next_one_goes_out_in_time(
    page: Page, running: None, telegram: SandboxClient, zoya: Booking
) -> None:
    sign_in(page)
    confirm_in_its_row(page)
    page.locator("#toasts").get_by_role("button", name="Вернуть").click()
    expect(page.get_by_role("status").filter(has_text="как было")).to_be_in_viewport()  # wherever the page was
    expect(page.locator("#booking-table .badge").first).to_have_text("В ожидании")

    start_to_a_stream(page, "Не уйдёт")
    page.wait_for_load_state()
    page.keyboard.press("z")
    expect(page.locator("#messages")).to_contain_text("снова в черновиках")
    expect(page.locator("#broadcast-progress")).to_contain_text("Отменено")

    start_to_a_list(page, "Уйдёт")
    expect(page.locator("#broadcast-progress")).to_contain_text("Завершено", timeout=PATIENCE)

    [call] = telegram.ledger(accepted=True)
    assert (call.text, call.chat_id) == ("Уйдёт", Booking.objects.get(confirmed=2).telegram_user_id)
    window_ended = Broadcast.objects.get(message_text="Уйдёт").started_at.timestamp()
    assert 0 <= call.at - window_ended < IN_TIME
    assert Booking.objects.get(pk=zoya.pk).confirmed == 1
    assert Broadcast.objects.filter(state=Broadcast.State.CANCELLED).count() == 1


def test_the_button_goes_with_its_window_and_looks_right_everywhere(page: Page, zoya: Booking) -> None:
    sign_in(page)
    page.clock.install()
    for width, theme in (("wide", "light"), ("phone", "dark")):
        Booking.objects.filter(pk=zoya.pk).update(confirmed=1)
        use_theme(page, theme)  # type: ignore[arg-type]
        use_width(page, width)
        confirm_in_its_row(page)
        button = page.locator("#toasts").get_by_role("button", name="Вернуть")
        expect(button).to_be_visible()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"undo-toast-{width}-{theme}.png")
        assert_accessible(page)
        button.focus()
        page.clock.run_for(10_500)

        expect(button).to_have_count(0)
        expect(page.locator("#toasts").get_by_role("button", name="Закрыть")).to_be_focused()


def test_without_javascript_the_next_page_has_the_button(
    browser: Browser, page: Page, live_server: LiveServer, zoya: Booking
) -> None:
    sign_in(page)
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url, locale="ru-RU")
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain = context.new_page()
    plain.goto(f"/bookings/{zoya.pk}/status/?to=2&expected=1&next=/bookings/")
    plain.get_by_role("button", name=re.compile("Подтверд|Да")).first.click()

    plain.get_by_role("button", name="Вернуть").click()

    expect(plain.locator("#messages")).to_contain_text("как было")
    assert Booking.objects.get(pk=zoya.pk).confirmed == 1
    context.close()
