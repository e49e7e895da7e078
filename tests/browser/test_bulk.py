"""Changing many at once, data quality, erasing and the roles, in a real browser."""

import os

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking, BulkChange
from tests.browser.conftest import SCREENSHOTS
from tests.browser.helpers import assert_accessible, sign_in, use_theme, use_width
from tests.factories import PASSWORD, BookingFactory, StreamFactory, TelegramUserFactory, UserFactory
from users.models import TelegramUser, User
from users.staff.roles import COURSES, VIEWER, keep_roles


@pytest.fixture
def school(db: None) -> list[Booking]:
    StreamFactory.create()
    StreamFactory.create(code="9th_stream", name="9-й поток")
    names = ("Анна", "Борис", "Вера", "Глеб")
    bookings = [BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name=name)) for name in names]
    Booking.objects.filter(pk=bookings[3].pk).update(confirmed=Booking.Status.CANCELLED)
    BookingFactory.create(telegram_user=bookings[0].telegram_user)
    return bookings


def member(role: str) -> User:
    user = UserFactory.create(first_name="Ольга")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    for label in ("users", "bookings", "messaging"):
        keep_roles(apps.get_app_config(label))
    return user


def shoot(page: Page, name: str) -> None:
    """Keep pictures of a page in both widths and themes, when SHOTS is set; always ask axe."""
    for width in ("wide", "phone"):
        for theme in ("light", "dark"):
            use_width(page, width)
            use_theme(page, theme)
            page.reload()
            assert_accessible(page)
            if os.environ.get("SHOTS"):
                SCREENSHOTS.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png", full_page=True)
    use_width(page, "wide")


def test_rows_are_ticked_looked_at_and_confirmed(page: Page, school: list[Booking]) -> None:
    sign_in(page, member(COURSES))
    page.goto("/bookings/")
    bar = page.get_by_role("group", name="Выбранные строки")
    expect(bar).to_be_hidden()

    page.get_by_label("Выбрать все строки на странице").check()
    expect(bar).to_contain_text("выбранные (5)")
    page.get_by_label("Вера", exact=True).uncheck()
    expect(bar).to_contain_text("выбранные (4)")
    expect(bar).to_be_in_viewport()
    bar.get_by_label("Что изменить").select_option(label="9-й поток")
    bar.get_by_role("button", name="Проверить выбранные").click()

    expect(page.get_by_role("heading", name="Что изменится")).to_be_visible()
    assert not Booking.objects.filter(course_stream="9th_stream").exists()
    shoot(page, "bulk-preview")
    page.get_by_label("Причина").fill("переносим")
    page.get_by_role("button", name="Изменить 4").click()

    expect(page.get_by_role("heading", name="Результат")).to_be_visible()
    assert Booking.objects.filter(course_stream="9th_stream").count() == 4
    page.reload()
    page.get_by_role("link", name="Назад к списку").first.click()
    page.wait_for_url("**/bookings/")


def test_D8_a_click_with_shift_chooses_all_between(page: Page, school: list[Booking]) -> None:
    sign_in(page, member(COURSES))
    page.goto("/bookings/")
    boxes = page.locator('tbody input[name="booking"]')

    boxes.nth(0).click()
    boxes.nth(3).click(modifiers=["Shift"])

    expect(page.get_by_role("group", name="Выбранные строки")).to_contain_text("выбранные (4)")
    boxes.nth(1).click(modifiers=["Shift"])
    expect(page.get_by_role("group", name="Выбранные строки")).to_contain_text("выбранные (1)")


def test_D8_the_choice_is_kept_while_pages_are_turned(page: Page, school: list[Booking]) -> None:
    BookingFactory.create_batch(60)
    sign_in(page, member(COURSES))
    page.goto("/bookings/?sort=created")
    bar = page.get_by_role("group", name="Выбранные строки")
    boxes = page.locator('tbody input[name="booking"]')
    boxes.nth(0).check()
    boxes.nth(1).check()

    page.get_by_role("link", name="Вперёд").click()
    page.wait_for_url("**page=2**")
    expect(bar).to_contain_text("выбранные (2)")
    expect(bar).to_contain_text("на других страницах: 2")
    boxes.nth(0).check()
    page.reload()
    expect(bar).to_contain_text("выбранные (3)")
    page.get_by_role("link", name="Назад", exact=True).click()
    page.wait_for_url("**page=1**")
    expect(boxes.nth(0)).to_be_checked()
    boxes.nth(1).uncheck()
    expect(bar).to_contain_text("выбранные (2)")

    bar.get_by_label("Что изменить").select_option(label="9-й поток")
    bar.get_by_role("button", name="Проверить выбранные").click()
    expect(page.get_by_role("heading", name="Что изменится")).to_be_visible()
    assert BulkChange.objects.get().rows.count() == 2
    page.goto("/bookings/?sort=created")
    expect(bar).to_be_hidden()


def test_D8_another_filter_begins_with_nothing_chosen(page: Page, school: list[Booking]) -> None:
    sign_in(page, member(COURSES))
    page.goto("/bookings/")
    bar = page.get_by_role("group", name="Выбранные строки")
    page.locator('tbody input[name="booking"]').nth(0).check()

    page.goto("/bookings/?discount=no")
    page.goto("/bookings/")

    expect(page.locator("tbody tr").first).to_be_visible()
    expect(bar).to_be_hidden()


def test_D8_headings_and_the_bar_stay_in_sight_at_the_thumb_too(page: Page, school: list[Booking]) -> None:
    BookingFactory.create_batch(40)
    sign_in(page, member(COURSES))
    page.goto("/bookings/")

    page.locator('tbody input[name="booking"]').first.check()
    expect(page.get_by_role("group", name="Выбранные строки")).to_be_in_viewport()
    page.locator("tbody tr").nth(30).scroll_into_view_if_needed()

    expect(page.locator("thead th").nth(1)).to_be_in_viewport()
    heights = page.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.getBoundingClientRect().height)")
    assert all(36 <= height <= 40 for height in heights)

    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("tbody tr").nth(20).scroll_into_view_if_needed()
    bar = page.get_by_role("group", name="Выбранные строки")
    expect(bar).to_be_in_viewport(ratio=1)
    place = bar.bounding_box()
    assert place and place["height"] < 844 / 5
    assert place["y"] + place["height"] > 844 - 30
    buttons = bar.locator("button:visible, select:visible").all()
    assert len(buttons) >= 4
    assert [button.inner_text() for button in buttons if (button.bounding_box() or {"height": 0})["height"] < 36] == []


def test_refused_moves_are_named_before_anything_happens(page: Page, school: list[Booking]) -> None:
    Booking.objects.filter(pk=school[1].pk).update(confirmed=Booking.Status.CONFIRMED)
    sign_in(page, member(COURSES))
    page.goto("/bookings/bulk/")
    shoot(page, "bulk-pasted")

    page.get_by_label("Кого изменить").fill(f"@{school[1].telegram_user.username}, {school[2].telegram_user_id} @ghost")
    page.get_by_label("Что изменить").select_option(label="Подтверждено")
    page.get_by_role("button", name="Проверить изменения").click()

    expect(page.get_by_role("row", name="Борис")).to_contain_text("Не изменится")
    expect(page.get_by_role("row", name="@ghost")).to_contain_text("Такого человека нет")
    page.get_by_role("button", name="Изменить 1 бронирование").click()
    expect(page.get_by_role("row", name="Вера")).to_contain_text("Изменено")


def test_it_works_without_javascript(
    browser: Browser, page: Page, live_server: LiveServer, school: list[Booking]
) -> None:
    user = member(COURSES)
    sign_in(page, user)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto("/bookings/")

    plain.locator('input[name="booking"]').first.check()
    plain.get_by_label("Что изменить").select_option(label="9-й поток")
    plain.get_by_role("button", name="Все найденные").click()
    plain.get_by_role("button", name="Изменить 5").click()

    expect(plain.get_by_role("heading", name="Результат")).to_be_visible()
    assert Booking.objects.filter(course_stream="9th_stream").count() == 5
    context.close()


def test_troubles_are_counted_and_lead_to_where_they_are_mended(page: Page, school: list[Booking]) -> None:
    Booking.objects.filter(pk=school[2].pk).update(confirmed=9)
    sign_in(page, member(COURSES))
    page.goto("/")
    page.get_by_role("link", name="Качество данных").first.click()

    expect(page.get_by_role("heading", name="Два активных бронирования")).to_be_visible()
    shoot(page, "data-quality")
    page.get_by_role("link", name="Неизвестные статусы 1").click()
    page.get_by_role("link", name=f"№ {school[2].pk}").click()
    page.wait_for_url(f"**/bookings/{school[2].pk}/")


def test_an_administrator_erases_a_person_by_typing_the_id(page: Page, school: list[Booking]) -> None:
    person = school[0].telegram_user
    sign_in(page)
    page.goto(f"/users/{person.pk}/erase/")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    shoot(page, "erase")

    page.get_by_label("Telegram ID этого человека").fill("123")
    page.get_by_role("button", name="Удалить навсегда").click()
    expect(page.get_by_role("alert")).to_contain_text("Это не ID этого человека")
    page.get_by_label("Telegram ID этого человека").fill(str(person.pk))
    page.get_by_role("button", name="Удалить навсегда").click()

    expect(page.get_by_role("status").filter(has_text="Персональные данные удалены")).to_be_visible()
    assert not TelegramUser.objects.filter(pk=person.pk).exists()


def test_a_viewer_sees_and_changes_nothing(page: Page, school: list[Booking]) -> None:
    sign_in(page, member(VIEWER))

    page.goto("/bookings/")
    expect(page.locator('input[name="booking"]')).to_have_count(0)
    expect(page.get_by_role("link", name="Массовое изменение")).to_have_count(0)
    page.goto("/bookings/bulk/")
    expect(page.get_by_text("Их может выдать администратор")).to_be_visible()
    page.goto(f"/users/{school[0].telegram_user_id}/erase/")
    expect(page.get_by_text("Их может выдать администратор")).to_be_visible()
