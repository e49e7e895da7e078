"""The page after a takeover, in a real browser: readable at any width and in both themes, and leading on."""

import os
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from messaging.models import Broadcast
from tests.browser.conftest import SCREENSHOTS
from tests.browser.helpers import assert_accessible, sign_in, use_theme, use_width
from tests.factories import BookingFactory, BroadcastFactory, UserFactory


@pytest.fixture
def taken_over(db: None) -> None:
    BookingFactory.create_batch(3, course_stream="unheard_of")
    BookingFactory.create(confirmed=9)
    BroadcastFactory.create_batch(2, state=Broadcast.State.HELD, message_text="Завтра урок " + "в семь вечера " * 20)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_to_decide_is_found_and_leads_on(page: Page, taken_over: None, theme: Literal["light", "dark"]) -> None:
    sign_in(page, UserFactory.create(is_superuser=True))
    use_theme(page, theme)
    page.goto("/data-quality/")
    page.get_by_role("link", name="После подключения базы").click()

    expect(page.get_by_role("heading", name="Задержанные сообщения")).to_be_visible()
    for width in ("wide", "phone"):
        use_width(page, width)
        assert_accessible(page)
        if os.environ.get("SHOTS"):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"takeover-{width}-{theme}.png", full_page=True)
    page.get_by_role("link", name="Неизвестные статусы").click()
    expect(page.get_by_role("heading", name="Неизвестные статусы")).to_be_visible()
