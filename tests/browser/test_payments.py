"""The queue of payments in a real browser: forty by keyboard, the other keys, and all of it without JavaScript."""

from datetime import timedelta
from typing import Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking, Course, Payment, PaymentRules, Stream, WaitingPayment
from bookings.payments.upkeep import fold_payments
from messaging.models import Outbox
from tests.browser.helpers import assert_accessible, in_each_view, sign_in, use_theme, use_width
from tests.factories import BookingFactory, EventFactory, StreamFactory, TelegramUserFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.browser

MANY = 40
MOST_PRESSES = 50
SIZES: tuple[Literal["wide", "phone"], ...] = ("wide", "phone")


class Keyboard:
    """Counts what is pressed, one key after another."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses = page, 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.presses += 1


@pytest.fixture
def manager(db: None) -> User:
    """A course manager, as far as payments go."""
    names = ("view_booking", "change_booking", "decide_payment", "view_payment", "add_payment", "override_status")
    return UserFactory.create(first_name="Олег", permissions=[f"bookings.{name}" for name in names])


def waiting(count: int) -> list[Booking]:
    """So many bookings that wait, the oldest first."""
    StreamFactory.create(capacity=100)
    Course.objects.update(price_usd_cents=10_000)
    PaymentRules.objects.create(pk=1, chat_url="https://t.me/c/1")
    made = [
        BookingFactory.create(
            confirmed=1,
            created_at=timezone.now() - timedelta(hours=count - number),
            telegram_user=TelegramUserFactory.create(first_name=f"Ученик {number + 1:02}"),
        )
        for number in range(count)
    ]
    EventFactory.create(
        telegram_user=made[0].telegram_user,
        event_type="alternative_payment_proof",
        details={"message_text": "Оплатила с карты мужа"},
        created_at=timezone.now() - timedelta(hours=1),
    )
    fold_payments(at=timezone.now())
    return made


def opened(page: Page, name: str) -> None:
    expect(page.locator("#payment-heading")).to_contain_text(name)


def test_forty_are_decided_by_keyboard(page: Page, manager: User) -> None:
    waiting(MANY)
    sign_in(page, manager)
    page.goto("/payments/")
    keyboard = Keyboard(page)

    for number in range(MANY):
        opened(page, f"Ученик {number + 1:02}")
        keyboard.press("a")

    expect(page.get_by_text("Никто не ждёт")).to_be_visible()
    assert keyboard.presses <= MOST_PRESSES
    assert Booking.objects.filter(confirmed=2).count() == MANY
    assert Payment.objects.count() == Outbox.objects.count() == MANY


def test_the_other_keys_move_decline_ask_undo_and_explain(page: Page, manager: User) -> None:
    first, _second, third = waiting(3)
    sign_in(page, manager)
    page.goto("/payments/")
    keyboard = page.keyboard

    opened(page, "Ученик 01")
    expect(page.locator("#payment-open")).to_contain_text("Оплатила с карты мужа")
    expect(page.get_by_role("link", name="Открыть чат")).to_have_attribute("href", "https://t.me/c/1")
    keyboard.press("j")
    opened(page, "Ученик 02")
    keyboard.press("k")
    opened(page, "Ученик 01")
    # Declined with a reason, and taken back.
    keyboard.press("d")
    expect(page.locator("#decline_reason")).to_be_focused()
    keyboard.type("Чек чужой")
    keyboard.press("Enter")
    opened(page, "Ученик 02")
    keyboard.press("z")
    expect(page.locator(".payment-list li")).to_have_count(3)
    first.refresh_from_db()
    assert first.confirmed == 1
    assert not Outbox.objects.exclude(state="cancelled").exists()
    # Asked again, from whichever is open.
    page.goto(f"/payments/?open={third.pk}")
    keyboard.press("r")
    expect(page.locator("#ask_words")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Enter")
    opened(page, "Ученик 01")
    assert WaitingPayment.objects.get(pk=third.pk).answered_at is not None
    keyboard.press("z")
    expect(page.locator(".payment-list li")).to_have_count(3)
    page.wait_for_load_state()  # undoing loads the page anew: its rows are there before its scripts
    keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("В «Оплатах»")
    keyboard.press("a")  # under a dialog the keys rest
    keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert Booking.objects.filter(confirmed=1).count() == WaitingPayment.objects.open().count() == 3


def test_a_key_with_nothing_to_do_says_so(page: Page, manager: User) -> None:
    waiting(1)
    sign_in(page, manager)
    page.goto("/payments/")
    opened(page, "Ученик 01")

    for key, words in (
        ("z", "Возвращать нечего"),
        ("j", "последняя оплата на странице"),
        ("k", "первая оплата на странице"),
    ):
        page.keyboard.press(key)
        expect(page.locator("#toasts")).to_contain_text(words)
    page.goto("/payments/?tab=later")
    page.keyboard.press("a")
    expect(page.locator("#toasts")).to_have_text("Ни одна оплата не открыта.")
    page.goto("/bookings/")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Возвращать нечего")


def test_every_act_is_in_sight_however_much_there_is_to_read(page: Page) -> None:
    first, _second = waiting(2)
    Stream.objects.update(capacity=1)
    BookingFactory.create(confirmed=2)  # no place is left, which asks for more
    BookingFactory.create_batch(5, telegram_user=first.telegram_user, confirmed=-1, course_stream="old")
    sign_in(page)

    for width in SIZES:
        use_width(page, width)
        page.goto(f"/payments/?open={first.pk}")
        for act in page.locator(".payment-acts > .button, .payment-acts summary, .payment-acts form > .button").all():
            expect(act).to_be_in_viewport(ratio=1)
    page.keyboard.press("d")
    expect(page.locator("#decline_reason")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Отклонить оплату")).to_be_in_viewport(ratio=1)


def test_an_open_list_rests_while_its_tab_is_hidden_and_asks_when_somebody_looks(page: Page, manager: User) -> None:
    waiting(1)
    sign_in(page)
    page.clock.install()
    page.goto("/payments/", timeout=40_000)  # the first page of the process
    page.wait_for_load_state("networkidle")
    asked: list[str | None] = []

    def listen(request: Request) -> None:
        if "x-poll" in request.headers:
            asked.append(request.headers.get("x-leaves"))

    page.on("request", listen)
    turn = """(hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""

    with page.expect_response("**/payments/?*"):
        page.evaluate(turn, True)
    page.clock.run_for(120_000)
    assert asked == ["true"]  # that it rests: who has the payment open is still seen by others
    with page.expect_response("**/payments/?*"):
        page.evaluate(turn, False)
    with page.expect_response("**/payments/?*"):
        page.clock.run_for(16_000)

    assert asked == ["true", None, None]


def test_without_javascript_everything_works(
    browser: Browser, live_server: LiveServer, page: Page, manager: User
) -> None:
    first, second, third = waiting(3)
    context = browser.new_context(base_url=live_server.url, locale="ru-RU", java_script_enabled=False)
    plain = context.new_page()
    sign_in(plain, manager)
    plain.goto("/payments/")

    plain.get_by_role("button", name="Взять себе").click()
    expect(plain.get_by_text("за вами")).to_be_visible()
    plain.get_by_role("button", name="Подтвердить").click()
    opened(plain, "Ученик 02")
    plain.get_by_role("button", name="Вернуть").click()
    expect(plain.locator(".payment-list li")).to_have_count(3)
    plain.get_by_role("link", name="Ученик 03").click()
    plain.locator("summary", has_text="Отклонить").click()
    plain.get_by_label("Причина").fill("Не платил")
    plain.get_by_role("button", name="Отклонить оплату").click()
    plain.get_by_role("link", name="Ученик 02").click()
    plain.locator("summary", has_text="Позже").click()
    plain.get_by_role("button", name="Завтра в 10:00").click()
    opened(plain, "Ученик 01")
    context.close()

    for booking in (first, second, third):
        booking.refresh_from_db()
    assert (first.confirmed, second.confirmed, third.confirmed) == (1, 1, -1)
    assert WaitingPayment.objects.get(pk=second.pk).put_off_until is not None


@in_each_view
def test_the_pages_are_accessible(
    page: Page, manager: User, theme: Literal["light", "dark"], width: Literal["wide", "phone"]
) -> None:
    waiting(3)
    sign_in(page)
    use_theme(page, theme)
    use_width(page, width)

    for address in ("/payments/", "/payments/?tab=later", "/payments/rules/"):
        page.goto(address)
        assert_accessible(page)
