"""The design system in a real browser: every component in both themes and widths, and what its scripts do."""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from pytest_django.fixtures import Settings

from tests.browser.helpers import WIDTHS, assert_accessible, in_each_view, sign_in, use_theme, use_width
from tests.factories import BookingFactory, TelegramUserFactory

Theme = Literal["light", "dark"]
Width = Literal["wide", "phone"]

both_themes = pytest.mark.parametrize("theme", ["light", "dark"])


@pytest.fixture
def gallery(page: Page, settings: Settings) -> Page:
    """A signed-in page that can go to /gallery/."""
    settings.ROOT_URLCONF = "tests.browser.gallery"
    sign_in(page)
    return page


@pytest.fixture
def without_javascript(page: Page) -> Iterator[Page]:
    """The same person in a browser that runs no script."""
    sign_in(page)
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    yield context.new_page()
    context.close()


def has_focus(element: Locator) -> bool:
    return bool(element.evaluate("element => element === document.activeElement"))


# Looks ----------------------------------------------------------------------------------------------------------------


@in_each_view
def test_every_component_is_accessible(gallery: Page, theme: Theme, width: Width) -> None:
    use_theme(gallery, theme)
    use_width(gallery, width)

    gallery.goto("/gallery/")

    assert_accessible(gallery)


@in_each_view
def test_sign_in_is_accessible(page: Page, theme: Theme, width: Width) -> None:
    use_theme(page, theme)
    use_width(page, width)

    page.goto("/accounts/login/")

    assert_accessible(page)


@pytest.mark.parametrize(
    "address",
    [
        "/gallery/",
        "/accounts/sessions/",
        "/accounts/2fa/",
        "/accounts/tokens/",
        "/accounts/notices/",
        "/api/docs",
        "/no-such-page/",
    ],
)
def test_page_reflows_at_320_px(gallery: Page, address: str) -> None:
    gallery.set_viewport_size({"width": 320, "height": 640})

    gallery.goto(address)

    assert_accessible(gallery)


@both_themes
def test_theme_colours_the_page_and_its_controls(page: Page, theme: Theme) -> None:
    use_theme(page, theme)

    page.goto("/accounts/login/")

    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == {"light": "rgb(245, 245, 249)", "dark": "rgb(17, 17, 23)"}[theme]
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme


def test_theme_follows_the_system_until_chosen(page: Page) -> None:
    page.emulate_media(color_scheme="dark")

    page.goto("/accounts/login/")

    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(17, 17, 23)"


@both_themes
def test_django_admin_wears_the_theme(page: Page, theme: Theme) -> None:
    sign_in(page)
    use_theme(page, theme)

    page.goto("/admin/")

    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(245, 245, 249)", "dark": "rgb(17, 17, 23)"}[theme]
    assert_accessible(page)


@in_each_view
def test_E7_E10_lists_and_forms_of_the_django_admin_are_accessible(
    page: Page, troubles: list[str], theme: Theme, width: Width
) -> None:
    booking = BookingFactory.create(
        telegram_user=TelegramUserFactory.create(first_name="а" * 64), discount_percent=25, referral_code="NOYABR25"
    )
    sign_in(page)
    use_theme(page, theme)
    use_width(page, width)

    for address in ("booking/", f"booking/{booking.pk}/change/", f"course/{booking.course_id}/change/"):
        page.goto(f"/admin/bookings/{address}")
        assert troubles == []
        if width == "wide" and address == "booking/":
            hidden = page.locator("#changelist .results").evaluate("box => box.scrollWidth - box.clientWidth")
            assert hidden == 0
        assert_accessible(page)
        troubles.clear()  # axe itself reads the admin's style sheets in a way that our policy forbids


# Switches -------------------------------------------------------------------------------------------------------------


def test_theme_changes_at_once_and_stays(page: Page) -> None:
    page.goto("/accounts/login/")

    page.get_by_role("button", name="Тёмная").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    page.wait_for_load_state("networkidle")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Тёмная")).to_have_attribute("aria-pressed", "true")


# Keyboard and focus ---------------------------------------------------------------------------------------------------


def test_first_tab_offers_to_skip_the_navigation(gallery: Page) -> None:
    gallery.goto("/gallery/")

    gallery.keyboard.press("Tab")
    assert has_focus(gallery.locator(".skip-link"))
    expect(gallery.locator(".skip-link")).to_be_in_viewport()

    gallery.keyboard.press("Enter")
    assert has_focus(gallery.locator("#content"))


def test_focus_never_hides_under_the_bar_of_a_phone(gallery: Page) -> None:
    use_width(gallery, "phone")
    gallery.goto("/gallery/")
    bar = gallery.locator(".topbar").evaluate("bar => bar.getBoundingClientRect().bottom")
    links = gallery.locator("tbody .name a")

    links.last.focus()
    links.first.focus()

    assert links.first.evaluate("link => link.getBoundingClientRect().top") >= bar


def test_dialog_closes_with_escape_and_gives_the_focus_back(gallery: Page) -> None:
    gallery.goto("/gallery/")
    opener = gallery.get_by_role("button", name="Отменить…").first

    opener.click()
    expect(gallery.get_by_role("dialog", name="Отменить бронирование")).to_be_visible()

    gallery.keyboard.press("Escape")
    expect(gallery.get_by_role("dialog")).to_have_count(0)
    assert has_focus(opener)


def test_explanation_opens_and_closes_with_keys(gallery: Page) -> None:
    gallery.goto("/gallery/")
    mark = gallery.locator(".explain summary")

    mark.press("Enter")
    expect(gallery.get_by_text("по московским дням")).to_be_visible()

    gallery.keyboard.press("Escape")
    expect(gallery.get_by_text("по московским дням")).to_be_hidden()
    assert has_focus(mark)


@pytest.mark.parametrize("side", ["", "start"])
def test_an_explanation_lies_whole_in_the_window_of_a_phone(gallery: Page, side: str) -> None:
    gallery.goto("/gallery/")
    use_width(gallery, "phone")
    gallery.locator(".explain").evaluate(
        """(explain, side) => {  // beside the edge, where there is room on one side only
            explain.className = `explain ${side}`;
            explain.style.marginInlineStart = side ? "15rem" : "0";
        }""",
        side,
    )
    gallery.locator(".explain summary").click()

    box = gallery.get_by_text("по московским дням").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= WIDTHS["phone"][0]


def test_D9_focus_stays_in_a_list_that_is_swapped(gallery: Page) -> None:
    gallery.goto("/gallery/")

    gallery.get_by_role("link", name="Вперёд").click()

    expect(gallery.locator(".pagination [aria-current]")).to_have_text("2")
    assert gallery.evaluate("document.getElementById('booking-table').contains(document.activeElement)")


# Choosing and confirming ----------------------------------------------------------------------------------------------


def test_choosing_all_rows_counts_them(gallery: Page) -> None:
    gallery.goto("/gallery/")
    bar = gallery.get_by_role("group", name="С выбранными")
    expect(bar).to_be_hidden()

    gallery.get_by_label("Выбрать все").check()
    expect(bar).to_contain_text("Выбрано: 5")

    gallery.get_by_label("Выбрать Анна").uncheck()
    expect(bar).to_contain_text("Выбрано: 4")

    bar.get_by_role("button", name="Снять выбор").click()
    expect(bar).to_be_hidden()


def test_what_cannot_be_undone_is_asked_first(gallery: Page) -> None:
    gallery.goto("/gallery/")
    gallery.get_by_label("Выбрать Анна").check()
    cancel = gallery.get_by_role("button", name="Отменить", exact=True)

    cancel.click()
    gallery.get_by_role("dialog").get_by_role("button", name="Отмена").click()
    assert has_focus(cancel)
    expect(gallery.locator("#posted")).to_have_count(0)

    cancel.click()
    gallery.get_by_role("dialog").get_by_role("button", name="Отменить бронирования").click()
    expect(gallery.locator("#posted")).to_have_text("cancelled")


def test_a_choice_that_cannot_be_undone_is_asked_first(gallery: Page) -> None:
    gallery.goto("/gallery/")
    status = gallery.get_by_label("Статус строки")

    status.select_option("-1")
    gallery.get_by_role("dialog").get_by_role("button", name="Отмена").click()
    expect(status).to_have_value("1")
    expect(gallery.locator("#piece")).to_have_text("…")

    status.select_option("-1")
    gallery.get_by_role("dialog").get_by_role("button", name="Да").click()
    expect(gallery.locator("#piece")).to_have_text("-1")


def test_a_harmless_choice_is_not_asked(gallery: Page) -> None:
    gallery.goto("/gallery/")

    gallery.get_by_label("Статус строки").select_option("2")

    expect(gallery.locator("#piece")).to_have_text("2")


def test_dialog_that_an_answer_brings_opens_and_gives_the_focus_back(gallery: Page) -> None:
    gallery.goto("/gallery/")
    opener = gallery.get_by_role("button", name="История…")

    opener.click()
    expect(gallery.get_by_role("dialog", name="История")).to_be_visible()

    gallery.keyboard.press("Escape")
    expect(gallery.get_by_role("dialog")).to_have_count(0)
    assert has_focus(opener)


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda route: route.fulfill(status=500), "На сервере что-то пошло не так"),
        (lambda route: route.fulfill(status=429), "Слишком много запросов"),
        (lambda route: route.abort(), "Нет связи с сервером"),
    ],
    ids=["server", "busy", "network"],
)
def test_failed_request_is_told_and_can_be_tried_again(
    gallery: Page, troubles: list[str], answer: Callable[[Route], None], words: str
) -> None:
    gallery.goto("/gallery/")
    gallery.route("**/gallery/piece/", answer, times=1)

    gallery.get_by_role("button", name="Загрузить").click()
    expect(gallery.get_by_role("alert").filter(has_text=words)).to_be_visible()
    expect(gallery.locator("#piece")).to_have_text("…")

    gallery.get_by_role("button", name="Повторить").click()
    expect(gallery.locator("#piece")).to_have_text("Готово")
    troubles.clear()


def test_refusal_is_told_in_words(gallery: Page, troubles: list[str]) -> None:
    gallery.goto("/gallery/")
    gallery.route("**/gallery/piece/", lambda route: route.fulfill(status=403))

    gallery.get_by_role("button", name="Загрузить").click()

    expect(gallery.get_by_role("alert").filter(has_text="У вас нет прав")).to_be_visible()
    troubles.clear()


def test_ended_session_leads_to_sign_in_and_back(gallery: Page) -> None:
    gallery.goto("/gallery/?page=2")
    gallery.context.clear_cookies(name="sessionid")

    gallery.get_by_role("button", name="Курсы").click()

    gallery.wait_for_url("**/accounts/login/?next=%2Fgallery%2F%3Fpage%3D2")
    expect(gallery.get_by_role("heading", name="Вход для сотрудников")).to_be_visible()


# Without JavaScript ---------------------------------------------------------------------------------------------------


def test_switches_work_without_javascript(without_javascript: Page, live_server: object) -> None:
    page = without_javascript
    page.goto(f"{live_server}/accounts/sessions/")

    page.get_by_role("button", name="Тёмная").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    page.get_by_role("button", name="EN").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url == f"{live_server}/accounts/sessions/"


def test_phone_menu_works_without_javascript(without_javascript: Page, live_server: object) -> None:
    page = without_javascript
    use_width(page, "phone")
    page.goto(f"{live_server}/accounts/sessions/")
    expect(page.get_by_role("link", name="Курсы")).to_be_hidden()

    page.get_by_text("Меню").click()
    page.get_by_role("link", name="Курсы").click()

    assert page.url == f"{live_server}/workshops/"
