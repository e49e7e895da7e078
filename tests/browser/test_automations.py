"""A marketer switches an automation on: her words, whom it would reach today, and the student who gets them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from django.db import connection
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings

from bookings.models import Booking, PaymentRules
from demo.sandbox.client import SandboxClient
from messaging.models import Automation
from messaging.models.automations import KINDS
from tests.browser.helpers import assert_accessible, sign_in, use_theme, use_width
from tests.browser.stack import running_stack
from tests.factories import BookingFactory, StreamFactory, TelegramUserFactory

PAGE = "/messages/automations/"
PATIENCE = 1_000  # ms between two looks
FIRST_PAGE = 40_000  # ms; a new process loads everything


@pytest.fixture
def rules(db: None) -> None:
    """The five rules, as the migrations write them; a test before this one may have emptied their table."""
    for kind in KINDS:
        words = {"template": "Здравствуйте, {first_name|друг}!", "offset": 3}
        Automation.objects.update_or_create(kind=kind.value, defaults={"is_on": False, "switched_on_at": None, **words})


def where_it_is_noon() -> str:
    """A zone in which students are awake, whenever the test runs: nothing is sent at night, nor said to come today."""
    hours = datetime.now(UTC).hour - 12
    return f"Etc/GMT{hours:+d}"


def look_until_it_is_delivered(page: Page, card: Locator) -> None:
    for _look in range(60):
        page.reload()
        if card.locator(".firings").filter(has_text="Доставлено").count():
            return
        page.wait_for_timeout(PATIENCE)


def write_words(page: Page, card: Locator) -> None:
    """Give the rule words of one's own, after a mistake in them that is named with its place."""
    card.get_by_role("link", name="Изменить").click()
    page.get_by_role("textbox", name="Текст").fill("<b>{first_name|друг}")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".errorlist").first).to_contain_text("Строка 1")
    page.get_by_role("textbox", name="Текст").fill("<b>{first_name|друг}</b>, место за вами!")
    page.get_by_label("Минут после подтверждения").fill("0")
    page.get_by_role("button", name="Сохранить").click()
    expect(card.locator("blockquote")).to_have_text("{first_name|друг}, место за вами!")


@pytest.mark.timeout(120)
def test_a_rule_is_written_switched_on_and_fires_once(
    page: Page, rules: None, telegram: SandboxClient, tmp_path: Path, settings: Settings
) -> None:
    settings.TIME_ZONE = where_it_is_noon()
    # Or the rule waits a minute for what the bot may log about its own «Одобрить».
    PaymentRules.objects.create(pk=1, bot_tells=False)
    StreamFactory.create(name="8-й поток")
    anna = TelegramUserFactory.create(first_name="Анна")
    booking = BookingFactory.create(telegram_user=anna, confirmed=Booking.Status.PENDING)
    sign_in(page)
    page.goto(PAGE, timeout=FIRST_PAGE)
    card = page.locator("#automation-booking_confirmed")
    expect(card).to_contain_text("Выключено")

    write_words(page, card)
    page.wait_for_load_state()  # a click before the scripts are there switches without asking
    card.get_by_role("button", name="Включить").click()
    page.locator("dialog[open]").get_by_role("button", name="Включить").click()
    expect(card).to_contain_text("Включено")
    with connection.cursor() as cursor:  # the bot confirms
        cursor.execute("UPDATE bookings SET confirmed = 2 WHERE id = %s", [booking.pk])
    page.reload()
    expect(card.locator("section").first).to_contain_text("1 человек")
    expect(card.locator("section").first).to_contain_text("Анна")
    expect(card).to_contain_text("Сообщений пока не было")

    with running_stack(telegram, tmp_path, rate=25):
        look_until_it_is_delivered(page, card)
    expect(card.locator(".firings li")).to_have_count(1)
    expect(card.locator(".firings")).to_contain_text("Доставлено")
    expect(card.locator("section").first).to_contain_text("Никто")
    [call] = telegram.ledger(accepted=True)
    assert (call.chat_id, call.text) == (anna.pk, "<b>Анна</b>, место за вами!")

    card.get_by_role("button", name="Выключить").click()
    expect(card).to_contain_text("Выключено")
    assert not Automation.objects.switched_on().exists()


def test_of_two_who_edit_the_second_sees_both(page: Page, rules: None) -> None:
    sign_in(page)
    page.goto(f"{PAGE}payment_reminder/")
    Automation.objects.filter(kind="payment_reminder").update(template="Слова начальника")

    page.get_by_role("textbox", name="Текст").fill("Мои слова")
    page.get_by_role("button", name="Сохранить").click()

    expect(page.get_by_role("alert")).to_contain_text("Слова начальника")
    expect(page.get_by_role("textbox", name="Текст")).to_have_value("Мои слова")
    assert_accessible(page)
    page.get_by_role("button", name="Сохранить моё").click()
    expect(page.locator("#automation-payment_reminder blockquote")).to_have_text("Мои слова")


def test_the_pages_are_accessible(page: Page, rules: None) -> None:
    sign_in(page)
    looks: list[tuple[Literal["light", "dark"], Literal["wide", "phone"]]] = [("light", "wide"), ("dark", "phone")]
    for theme, width in looks:
        use_theme(page, theme)
        use_width(page, width)
        for address in (PAGE, f"{PAGE}course_start/"):
            page.goto(address)
            assert_accessible(page)
