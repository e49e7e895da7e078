"""Writing to a stream against everything that runs in earnest: web, worker, beat and Telegram's sandbox."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Browser, Page, Request, Route, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking
from demo.sandbox.client import SandboxClient
from messaging.models import Broadcast, Draft, Recipient
from tests.browser.helpers import assert_accessible, in_each_view, sign_in, sign_in_beside, use_theme, use_width
from tests.browser.stack import running_stack
from tests.factories import BookingFactory, StreamFactory, TelegramUserFactory, UserFactory

# By day, and in the quiet hours.
YES = re.compile("Да, отправить сообщение|Всё равно отправить сейчас")

CONFIRMED = Booking.Status.CONFIRMED
State = Broadcast.State


@pytest.fixture
def running(page: Page, telegram: SandboxClient, tmp_path: Path) -> Iterator[None]:
    with running_stack(telegram, tmp_path, rate=25):
        yield


@pytest.fixture
def stream(db: None) -> list[int]:
    """Three confirmed people, one without a name."""
    StreamFactory.create()
    people = [TelegramUserFactory.create(first_name=name) for name in ("Анна", "Борис", None)]
    for person in people:
        BookingFactory.create(confirmed=CONFIRMED, telegram_user=person)
    return [person.pk for person in people]


def until(page: Page, true: Callable[[], bool], *, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        page.wait_for_timeout(200)  # ms; a plain sleep would hold the page's own requests


def tick_stream(page: Page) -> None:
    page.get_by_label("8-й поток · Вайб кодинг: Подтверждено").check()


def test_a_page_that_goes_on_saves_nothing_behind_it(page: Page, stream: list[int]) -> None:
    def slowly(route: Route) -> None:
        time.sleep(1)  # s: longer than the page waits for the next letter
        route.continue_()

    sign_in(page)
    page.goto("/messages/new/")
    tick_stream(page)
    expect(page.locator("#audience-total")).to_contain_text("Получат 3")
    page.route("**/confirm/", slowly)
    page.get_by_role("textbox", name="Текст", exact=True).fill("Привет! Завтра начинаем.")
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.method == "POST" else None)
    page.get_by_role("button", name="Проверить и отправить").click()

    expect(page.locator(".big-number")).to_contain_text("3 человека получат сообщение")
    assert [request.resource_type for request in posts] == ["document"]


@pytest.mark.timeout(120)
def test_a_stream_is_written_to_and_every_phone_shows_it(
    page: Page, running: None, telegram: SandboxClient, stream: list[int]
) -> None:
    anna, _boris, nameless = stream
    sign_in(page)
    page.goto("/messages/new/")
    tick_stream(page)
    page.get_by_role("textbox", name="Текст", exact=True).fill("Привет, {first_name|друг}! Завтра начинаем.")
    page.get_by_label("Текст кнопки").first.fill("Программа")
    page.get_by_label("Адрес или действие бота").first.fill("https://hsl.test/go")

    expect(page.locator("#audience-total")).to_contain_text("Получат 3")
    expect(page.locator("#bubble .key")).to_contain_text("Программа")
    page.get_by_label("Показать для").select_option(str(anna))
    expect(page.locator("#bubble")).to_contain_text("Привет, Анна! Завтра начинаем.")
    page.get_by_label("Показать для").select_option(str(nameless))
    expect(page.locator("#bubble")).to_contain_text("Привет, друг!")
    page.get_by_role("button", name="Проверить и отправить").click()

    expect(page.locator(".big-number")).to_contain_text("3 человека получат сообщение")
    page.get_by_role("button", name=YES).click()
    expect(page.locator("body")).to_contain_text("Отправка начнётся через 10 секунд.")

    until(page, lambda: Broadcast.objects.filter(state=State.FINISHED).exists())
    assert Recipient.objects.sent().count() == 3
    words = {entry.chat_id: entry.text for entry in telegram.ledger(accepted=True)}
    assert words[anna] == "Привет, Анна! Завтра начинаем."
    assert words[nameless] == "Привет, друг! Завтра начинаем."
    page.goto(f"{telegram.url}/chat/{anna}")
    expect(page.locator("#messages")).to_contain_text("Привет, Анна!")
    expect(page.locator("#messages")).to_contain_text("Программа")


@pytest.mark.timeout(120)
def test_what_is_scheduled_starts_by_itself_and_what_is_cancelled_does_not(
    page: Page, running: None, telegram: SandboxClient, stream: list[int]
) -> None:
    sign_in(page)
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT18:55")
    for words in ("Уйдёт", "Не уйдёт"):
        page.goto("/messages/new/")
        tick_stream(page)
        page.get_by_role("textbox", name="Текст", exact=True).fill(words)
        page.get_by_text("Запланировать отправку").click()
        page.get_by_label("Дата и время по Москве").fill(tomorrow)
        expect(page.locator("#time-check")).to_contain_text("18:55 по Москве")
        page.get_by_role("button", name="Проверить и отправить").click()
        page.get_by_role("button", name="Да, запланировать сообщение").click()
        expect(page.locator("body")).to_contain_text("Сообщение запланировано.")
    goes, stays = Broadcast.objects.order_by("pk")
    assert goes.state == stays.state == State.SCHEDULED

    page.goto("/messages/")
    page.locator("article", has_text="Не уйдёт").get_by_role("link", name="Отменить").click()
    page.get_by_role("button", name="Отменить сообщение").click()
    expect(page.locator("body")).to_contain_text("Отменено: больше никому не пишем.")
    stays.refresh_from_db()
    assert stays.state == State.CANCELLED
    Broadcast.objects.update(starts_at=timezone.now())

    until(page, lambda: Broadcast.objects.filter(pk=goes.pk, state=State.FINISHED).exists())
    assert {entry.text for entry in telegram.ledger(accepted=True)} == {"Уйдёт"}


def test_everything_but_the_live_preview_works_without_javascript(
    browser: Browser, page: Page, live_server: LiveServer, stream: list[int]
) -> None:
    user = sign_in(page)
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url, locale="ru-RU")
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    TelegramUserFactory.create(first_name="Зоя", username="zoya")
    plain.goto("/messages/new/")
    tick_stream(plain)
    plain.get_by_role("textbox", name="Текст", exact=True).fill("Привет, {first_name|друг}!")
    plain.get_by_label("Текст кнопки").fill("Программа")
    plain.get_by_label("Адрес или действие бота").fill("https://hsl.test")
    plain.get_by_placeholder("Введите @username").fill("@zoya")
    plain.get_by_role("button", name="Найти").click()
    plain.get_by_role("button", name="Добавить: Зоя").click()
    expect(plain.locator("#people-chosen")).to_contain_text("Зоя")
    plain.get_by_role("button", name="Добавить кнопку").click()
    plain.get_by_label("Текст кнопки").last.fill("Вопрос")
    plain.get_by_label("Адрес или действие бота").last.fill("ask")
    plain.get_by_role("button", name="Предпросмотр").last.click()

    expect(plain.locator("#bubble .key")).to_have_text(["Программа", "Вопрос"])
    expect(plain.locator("#audience-total")).to_contain_text("Получат 4")
    plain.get_by_role("button", name="Проверить и отправить").click()
    plain.get_by_role("button", name=YES).click()

    expect(plain.locator("body")).to_contain_text("Отправка начнётся через 10 секунд.")
    broadcast = Broadcast.objects.get()
    assert broadcast.created_by == user
    assert [[one["text"] for one in row] for row in broadcast.buttons] == [["Программа"], ["Вопрос"]]
    context.close()


def test_two_colleagues_in_one_draft_are_told_of_each_other(page: Page, browser: Browser, stream: list[int]) -> None:
    sign_in(page, UserFactory.create(username="maria", is_staff=True, is_superuser=True))
    page.goto("/messages/new/")
    page.get_by_role("textbox", name="Текст", exact=True).fill("Первая")
    expect(page.locator("#draft-state")).to_contain_text("Черновик сохранён")
    page.get_by_role("textbox", name="Текст", exact=True).press_sequentially(" версия")
    until(page, lambda: Draft.objects.get().content["text"] == "Первая версия")
    draft = Draft.objects.get()
    assert page.url.endswith(f"/messages/new/{draft.pk}/")
    assert "Первая" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")

    colleague = UserFactory.create(username="oleg")
    content = draft.content | {"text": "Версия Олега"}
    Draft.objects.update(content=content, version=draft.version + 1, saved_from="another", updated_by=colleague)
    page.get_by_role("textbox", name="Текст", exact=True).press_sequentially("!")

    expect(page.locator("#draft-state [role=alert]")).to_contain_text("Черновик уже изменён: oleg")
    assert Draft.objects.get().content["text"] == "Версия Олега"
    page.get_by_role("button", name="Сохранить мою версию").click()
    until(page, lambda: Draft.objects.get().content["text"] == "Первая версия!")


def test_a_copy_of_a_message_is_sent_from_the_form(page: Page, stream: list[int]) -> None:
    sign_in(page)
    page.goto("/messages/new/")
    tick_stream(page)
    page.get_by_role("textbox", name="Текст", exact=True).fill("Завтра начинаем.")
    page.get_by_label("Текст кнопки").first.fill("Программа")
    page.get_by_label("Адрес или действие бота").first.fill("https://hsl.test/go")
    page.get_by_role("button", name="Проверить и отправить").click()
    page.get_by_role("button", name=YES).click()
    page.get_by_role("button", name="Сделать копию").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Новое сообщение")
    expect(page.get_by_role("textbox", name="Текст", exact=True)).to_have_value("Завтра начинаем.")
    expect(page.get_by_label("Адрес или действие бота").first).to_have_value("https://hsl.test/go")
    expect(page.locator("#audience-total")).to_contain_text("Получат 3")
    page.get_by_role("button", name="Проверить и отправить").click()
    page.get_by_role("button", name=YES).click()
    first, copy = Broadcast.objects.order_by("pk")
    assert copy.original == first


def test_what_is_written_outlives_the_session(page: Page, stream: list[int]) -> None:
    user = sign_in(page)
    page.goto("/messages/new/")
    field = page.get_by_role("textbox", name="Текст", exact=True)
    field.fill("До")
    expect(page.locator("#draft-state")).to_contain_text("Черновик сохранён")
    Session.objects.all().delete()
    field.fill("До и после")

    expect(page.locator("[data-signed-out]")).to_contain_text("Написанное осталось здесь")
    page.get_by_role("button", name="Проверить и отправить").click()  # it would leave with everything
    expect(field).to_have_value("До и после")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Войти").click()
    door = opened.value
    sign_in_beside(page, door, user)

    expect(page.locator("[data-signed-out]")).to_have_count(0)
    until(page, lambda: Draft.objects.get().content["text"] == "До и после")


def test_a_token_that_is_too_old_is_replaced_and_nothing_is_lost(
    browser: Browser, page: Page, live_server: LiveServer, stream: list[int]
) -> None:
    sign_in(page)
    # A context of its own: htmx writes the refusal into the console, which `page` forbids.
    context = browser.new_context(base_url=live_server.url, locale="ru-RU")
    context.add_cookies(page.context.cookies())
    tab = context.new_page()
    tab.goto("/messages/new/")
    field = tab.get_by_role("textbox", name="Текст", exact=True)
    field.fill("До")
    expect(tab.locator("#draft-state")).to_contain_text("Черновик сохранён")
    context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    field.fill("До и после")

    until(tab, lambda: Draft.objects.get().content["text"] == "До и после")
    expect(tab.locator("[data-signed-out]")).to_have_count(0)
    context.close()


def test_formatting_by_key_wraps_what_is_chosen_on_any_layout(page: Page, db: None) -> None:
    sign_in(page)
    page.goto("/messages/new/")
    field = page.get_by_role("textbox", name="Текст", exact=True)
    field.fill("важно")
    field.select_text()
    field.press("Control+b")
    expect(field).to_have_value("<b>важно</b>")
    expect(page.locator("#bubble strong")).to_have_text("важно")

    field.press("End")
    page.get_by_role("button", name="Имя", exact=True).click()

    expect(field).to_have_value("<b>важно</b>{first_name|друг}")

    page.get_by_role("textbox", name="Название для сотрудников").press("Enter")  # it only keeps what is written
    page.locator("#library summary").click()
    page.get_by_label("Название шаблона").fill("Ключи")
    page.get_by_label("Название шаблона").press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Шаблон «Ключи» сохранён")


@in_each_view
def test_the_pages_can_be_used_by_everybody(
    page: Page, stream: list[int], theme: Literal["light", "dark"], width: Literal["wide", "phone"]
) -> None:
    sign_in(page)
    use_theme(page, theme)
    use_width(page, width)
    BookingFactory.create_batch(100, confirmed=CONFIRMED)
    page.goto("/messages/new/")
    tick_stream(page)
    page.get_by_role("textbox", name="Текст", exact=True).fill("<b>Привет</b> <tg-spoiler>да</tg-spoiler>")
    expect(page.locator("#bubble strong")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("button", name="Проверить и отправить").click()
    page.get_by_label("Введите число получателей: 103").fill("100")
    assert_accessible(page)
    page.get_by_role("button", name=YES).click()

    expect(page.get_by_role("alert")).to_contain_text("Введите число получателей: 103")
    assert not Broadcast.objects.exists()
