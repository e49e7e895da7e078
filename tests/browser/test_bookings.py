"""Courses, streams and bookings in a real browser: by mouse, by keyboard, without JavaScript, in both themes."""

from typing import Literal

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking
from tests.browser.helpers import assert_accessible, in_each_view, sign_in, use_theme, use_width
from tests.factories import BookingFactory, EventFactory, StreamFactory, TelegramUserFactory, UserFactory
from users.models import User

PENDING, CONFIRMED, CANCELLED = 1, 2, -1
STREAM = "/workshops/stream/8th_stream/"
# Words and ordinals on two lines, and selects whose arrow is repeated.
TORN = """() => {
  const torn = [...document.querySelectorAll("select:not([multiple])")]
    .map((select) => getComputedStyle(select).backgroundRepeat).filter((repeat) => repeat !== "no-repeat");
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (texts.currentNode.parentElement.closest(".bubble")) continue; // Telegram's lines, not ours
    for (const found of texts.currentNode.data.matchAll(/\\d+-[а-я]+|(?<!\\p{L})\\p{L}{2,12}(?!\\p{L})/gu)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, found.index);
      range.setEnd(texts.currentNode, found.index + found[0].length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) torn.push(found[0]);
    }
  }
  return torn;
}"""


@pytest.fixture
def manager(db: None) -> User:
    """A course manager: changes statuses in the usual order."""
    return UserFactory.create(first_name="Олег", permissions=["bookings.view_booking", "bookings.change_booking"])


@pytest.fixture
def zoya(db: None) -> Booking:
    """A booking that waits, among others."""
    StreamFactory.create(capacity=10)
    for status in (PENDING, CONFIRMED, CANCELLED, 0):
        BookingFactory.create(confirmed=status, telegram_user=TelegramUserFactory.create(first_name="Пётр"))
    return BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Зоя", username="zoya"))


def row(page: Page, booking: Booking) -> Locator:
    return page.locator(f"#booking-{booking.pk}")


def choose(page: Page, booking: Booking, status: str) -> None:
    page.wait_for_load_state()  # the scripts are there: without them the same badge leads to a page of its own
    row(page, booking).locator("a.status").click()
    page.get_by_role("button", name=status).click()


def test_staff_filter_open_a_stream_confirm_and_go_back(page: Page, manager: User, zoya: Booking) -> None:
    sign_in(page, manager)

    page.goto("/bookings/")
    page.get_by_label("Поиск").press_sequentially("зоя")
    expect(page.locator("#booking-table tbody tr")).to_have_count(1)
    assert page.url.endswith("?q=%D0%B7%D0%BE%D1%8F")
    row(page, zoya).get_by_role("link", name="8-й поток").click()

    chips = page.locator(".chips")
    expect(chips.get_by_role("link", name="Подтверждено 1")).to_be_visible()
    choose(page, zoya, "Подтверждено")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Подтвердить бронирование?")
    dialog.get_by_role("button", name="Подтвердить").click()

    expect(dialog).to_be_hidden()
    expect(row(page, zoya).locator(".badge")).to_have_text("Подтверждено")
    expect(row(page, zoya).locator(".status")).to_be_focused()
    expect(chips.get_by_role("link", name="Подтверждено 2")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("«В ожидании» → «Подтверждено»")
    assert Booking.objects.get(pk=zoya.pk).confirmed == CONFIRMED

    row(page, zoya).get_by_role("link", name="02.11.2026").click()
    expect(page.locator(".timeline > li").first).to_contain_text("Олег")
    page.go_back()
    page.go_back()

    expect(page.locator("#booking-table tbody tr")).to_have_count(1)
    expect(page.get_by_label("Поиск")).to_have_value("зоя")
    expect(row(page, zoya).locator(".badge")).to_have_text("Подтверждено")


def test_the_words_show_before_a_student_is_told(page: Page, zoya: Booking, troubles: list[str]) -> None:
    sign_in(page)
    page.goto(STREAM)

    page.wait_for_load_state()
    row(page, zoya).locator("a.status").click()
    dialog = page.get_by_role("dialog")
    words = dialog.locator(".bubble").filter(has_text="место на курсе")
    expect(words).to_be_hidden()
    dialog.get_by_label("Уведомить студента").check()
    expect(words).to_be_visible()
    dialog.get_by_role("button", name="Подтверждено").click()
    expect(page.locator("#toasts")).to_contain_text("Сообщение студенту поставлено в очередь")

    page.goto(f"/bookings/{zoya.pk}/")
    page.get_by_role("link", name="Изменить").click()
    form = page.locator(".booking-card.editing")
    form.get_by_label("Скидка").fill("15")
    form.get_by_label("Уведомить студента").check()
    expect(form.locator(".bubble")).to_contain_text("обновили")
    expect(form.get_by_label("Скидка")).to_have_value("15")
    form.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#booking")).to_contain_text("−15")
    expect(page.locator("#booking .timeline")).to_contain_text("Скидка")
    assert troubles == []


def test_the_days_of_a_stream_come_when_they_are_opened(page: Page, zoya: Booking, troubles: list[str]) -> None:
    sign_in(page)
    page.goto(STREAM)

    expect(page.locator(".chips .count#viewed-count")).to_have_text("0")
    page.get_by_text("Бронирования по дням рядом с прошлым потоком").click()

    expect(page.locator("#stream-days tbody tr").first).to_be_visible()
    assert troubles == []


def test_what_a_list_asks_by_itself_is_told_from_what_somebody_asks(page: Page, manager: User, zoya: Booking) -> None:
    """The first keeps no session alive (users/staff/sessions.py)."""
    sign_in(page, manager)

    with page.expect_request("**/bookings/news/**") as asked:
        page.goto("/bookings/")
    with page.expect_request("**/bookings/?q=*") as searched:
        page.get_by_label("Поиск").press_sequentially("зоя")

    assert (asked.value.headers.get("x-poll"), searched.value.headers.get("x-poll")) == ("true", None)


def test_D9_filters_live_in_the_address_and_taking_one_away_keeps_the_focus(page: Page, zoya: Booking) -> None:
    sign_in(page)
    page.goto("/bookings/")

    page.get_by_text("Отменено", exact=True).first.click()
    expect(page.locator("#booking-table tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Дата").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Дата")
    page.get_by_text("Новая заявка", exact=True).first.click()
    expect(page.locator("#booking-table tbody tr")).to_have_count(2)
    assert page.url.endswith("?status=0&status=-1&sort=created")
    page.reload()
    expect(page.locator("#booking-table tbody tr")).to_have_count(2)

    page.go_back()
    expect(page.locator("#booking-table tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Статус: Отменено").click()
    expect(page.locator("#booking-table tbody tr")).to_have_count(5)
    expect(page.locator("#booking-filter input:checked")).to_have_count(0)
    expect(page.locator("#booking-table > header")).to_be_focused()


def test_the_newest_keystroke_wins(page: Page, zoya: Booking, troubles: list[str]) -> None:
    sign_in(page)
    page.goto("/bookings/")
    held: list[Route] = []

    def hold_the_first_answer(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/bookings/?**", hold_the_first_answer)
    search = page.get_by_label("Поиск")
    with page.expect_request("**/bookings/?**"):
        search.press_sequentially("пёт")
    search.fill("зоя")
    expect(page.locator("#booking-table tbody tr")).to_have_count(1)
    held[0].continue_()

    expect(page.locator("#booking-table tbody tr")).to_have_count(1)
    expect(row(page, zoya)).to_be_visible()
    expect(search).to_be_focused()
    troubles.clear()  # htmx logs the request that it gave up


def test_the_page_of_courses_counts_anew_beside_the_row(page: Page, zoya: Booking) -> None:
    sign_in(page)
    page.goto("/workshops/")
    confirmed = page.locator(".metric", has_text="Подтверждено").locator(".value")
    expect(confirmed).to_have_text("1")

    choose(page, zoya, "Подтверждено")  # an administrator may take it back, so nobody asks

    expect(confirmed).to_have_text("2")
    expect(page.locator("#workshop-chips")).to_contain_text("Подтверждено 2")
    expect(row(page, zoya).locator(".badge")).to_have_text("Подтверждено")


def test_an_override_asks_for_a_reason_which_the_history_keeps(page: Page, zoya: Booking) -> None:
    Booking.objects.filter(pk=zoya.pk).update(confirmed=CANCELLED)
    sign_in(page)
    page.goto(f"/bookings/{zoya.pk}/")

    page.locator("#booking a.status").click()
    page.get_by_role("button", name="Подтверждено с причиной").click()
    page.get_by_label("Причина").fill("Оплата нашлась")
    page.get_by_role("dialog").get_by_role("button", name="Подтвердить").click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".timeline > li").first).to_contain_text("Оплата нашлась")


def test_D10_a_conflict_is_told_before_anything_is_asked(page: Page, zoya: Booking) -> None:
    sign_in(page)
    page.goto(STREAM)
    Booking.objects.filter(pk=zoya.pk).update(confirmed=CANCELLED)

    row(page, zoya).locator("a.status").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Статус уже изменился")
    dialog.get_by_role("link", name="Оставить как есть").click()

    expect(row(page, zoya).locator(".badge")).to_have_text("Отменено")


def test_the_keyboard_alone_cancels_a_booking(page: Page, manager: User, zoya: Booking) -> None:
    sign_in(page, manager)
    page.goto(f"/bookings/{zoya.pk}/")

    page.locator("#booking a.status").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Подтверждено")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#booking a.status")).to_be_focused()

    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Подтверждено")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Отменить бронирование?")
    assert Booking.objects.get(pk=zoya.pk).confirmed == PENDING
    dialog.get_by_role("button", name="Отменить бронирование").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#booking .badge").first).to_have_text("Отменено")


def test_without_javascript_everything_can_be_done_too(
    browser: Browser, page: Page, live_server: LiveServer, manager: User, zoya: Booking
) -> None:
    sign_in(page, manager)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="ru-RU")
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain = context.new_page()

    plain.goto("/bookings/")
    plain.get_by_label("Поиск").fill("@zoya")
    plain.get_by_role("button", name="Применить").click()
    expect(plain.locator("#booking-table tbody tr")).to_have_count(1)
    choose(plain, zoya, "Подтверждено")
    expect(plain.locator("h2")).to_have_text("Подтвердить бронирование?")
    plain.get_by_role("button", name="Подтвердить").click()

    expect(plain.locator(".messages")).to_contain_text("«В ожидании» → «Подтверждено»")
    expect(plain.get_by_label("Поиск")).to_have_value("@zoya")
    expect(row(plain, zoya).locator(".badge")).to_have_text("Подтверждено")
    context.close()


@in_each_view
def test_D11_every_page_is_accessible_and_nothing_is_torn(
    page: Page, zoya: Booking, theme: Literal["light", "dark"], width: Literal["wide", "phone"]
) -> None:
    stream = StreamFactory.create()
    BookingFactory.create(telegram_user=zoya.telegram_user, course_stream=None)
    hostile = TelegramUserFactory.create(first_name="<script>alert(1)</script>" + "А" * 64, username="x" * 32)
    BookingFactory.create(telegram_user=hostile, confirmed=77, course_stream="ОЧЕНЬ_ДЛИННЫЙ_КОД_" + "X" * 30)
    EventFactory.create(event_type="view_program", details={"course_id": zoya.course_id})
    sign_in(page)
    use_theme(page, theme)
    use_width(page, width)

    for address in (
        "/workshops/",
        "/bookings/?status=1&status=none",
        "/bookings/?q=nobody",
        "/bookings/?status=5",
        STREAM,
        f"{STREAM}?status=viewed",
        f"/bookings/{zoya.pk}/",
        reverse("bookings:booking_status", args=[zoya.pk]),
        f"{reverse('bookings:booking_status', args=[zoya.pk])}?to=-1",
        reverse("bookings:booking_notify", args=[zoya.pk]),
        reverse("bookings:booking_keep", args=[zoya.pk]),
        "/data-quality/?kind=doubles",
        reverse("bookings:stream_edit", args=[stream.pk]),
        reverse("bookings:stream_days", args=[stream.pk]),
        reverse("bookings:stream_new"),
        reverse("bookings:course_new"),
        reverse("bookings:course_edit", args=[stream.course_id]),
    ):
        page.goto(address)
        assert_accessible(page)
        assert page.evaluate(TORN) == []


def test_the_longest_name_is_read_whole_in_a_wide_window(page: Page, db: None) -> None:
    person = TelegramUserFactory.create(first_name="Святослав " * 6, username="svyatoslav_the_longest_of_all")
    BookingFactory.create(telegram_user=person)
    sign_in(page)

    for address in ("/bookings/", "/users/"):
        page.goto(address)
        cut = page.locator(".who, tbody th").first.evaluate("cell => cell.scrollWidth - cell.clientWidth")
        assert cut <= 0
