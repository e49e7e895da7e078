"""The jump in a real browser: opened, walked and remembered by keyboard alone."""

import re

from playwright.sync_api import Page, expect

from tests.browser.helpers import assert_accessible, sign_in, use_theme, use_width
from tests.factories import TelegramUserFactory


def test_a_person_is_opened_by_keyboard_and_stands_first_the_next_time(page: Page) -> None:
    sign_in(page)
    TelegramUserFactory.create(first_name="Мария", last_name="Осипова")
    maria = TelegramUserFactory.create(first_name="Мария", last_name="Ковалёва")
    page.goto("/bookings/")

    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("мария")
    expect(dialog.get_by_role("link", name="Ковалёва")).to_be_visible()
    dialog.get_by_role("link", name="Ковалёва").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/users/{maria.pk}/$"))
    page.wait_for_load_state()

    page.keyboard.press("/")
    expect(dialog.get_by_role("heading", name="Недавно открыто")).to_be_visible()
    expect(dialog.locator(".jump-found a").first).to_contain_text("Ковалёва")
    page.keyboard.press("ArrowDown")
    expect(dialog.locator(".jump-found a").first).to_be_focused()
    page.evaluate("htmx.trigger(document.body, 'htmx:afterSettle')")  # another part of the page has arrived
    expect(dialog.locator(".jump-found a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_it_is_a_page_too_and_good_to_read_in_every_view(page: Page) -> None:
    sign_in(page)
    TelegramUserFactory.create(first_name="Мария" * 20, last_name="<b>&amp;")
    for width in ("wide", "phone"):
        for theme in ("light", "dark"):
            use_width(page, width)
            use_theme(page, theme)
            page.goto("/jump/?q=мария")
            expect(page.locator(".jump-found a")).to_have_count(1)
            assert_accessible(page)


def test_single_keys_rest_in_fields_and_can_be_switched_off(page: Page) -> None:
    sign_in(page)
    page.goto("/bookings/")
    page.locator("#id_q").click()
    page.keyboard.type("a/b?")
    expect(page.locator("#id_q")).to_have_value("a/b?")

    page.locator("h1").click()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Клавиатура")).to_be_visible()
    dialog.get_by_role("button", name="Отключить одиночные клавиши").click()
    expect(page.locator("body[data-shortcuts]")).to_have_count(0)
    page.wait_for_load_state()
    page.keyboard.press("/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
