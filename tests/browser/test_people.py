"""The list of people in a real browser: search as one types, filter, back, and take the list along."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import assert_accessible, in_each_view, sign_in, use_theme, use_width
from tests.factories import PASSWORD, BookingFactory, TelegramUserFactory


@pytest.fixture
def people(page: Page) -> Page:
    for name in ("Анна", "Артём", "Ольга"):
        TelegramUserFactory.create(first_name=name, last_name="Котова", username=None)
    BookingFactory.create(telegram_user__first_name="Вера", telegram_user__last_name="Ким", confirmed=2)
    sign_in(page)
    page.goto("/users/")
    return page


def test_typing_finds_filters_narrow_and_back_restores(people: Page) -> None:
    table = people.locator("#person-table")
    expect(table.locator("tbody tr")).to_have_count(4)

    people.get_by_label("Поиск").press_sequentially("артем")

    expect(table.locator("tbody tr")).to_have_count(1)
    expect(table).to_contain_text("Артём Котова")
    expect(people).to_have_url(re.compile(r"\?q="))
    expect(people.get_by_label("Поиск")).to_be_focused()
    people.get_by_label("Поиск").fill("")
    people.get_by_text("Подтверждено", exact=True).first.click()
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(table).to_contain_text("Вера Ким")
    people.get_by_role("link", name="Вера Ким").click()
    expect(people.get_by_role("heading", level=1)).to_contain_text("Вера Ким")

    people.go_back()

    expect(people.locator("#person-table tbody tr")).to_have_count(1)
    expect(people).to_have_url(re.compile(r"status=5"))


def test_the_export_equals_the_list(people: Page) -> None:
    people.goto("/users/?q=котова&sort=-name")
    shown = people.locator("#person-table tbody .who > a:first-child").all_inner_texts()

    people.get_by_role("button", name="CSV").click()
    people.get_by_label("Пароль").fill(PASSWORD)
    people.get_by_label("Пароль").press("Enter")
    expect(people).to_have_url(re.compile(r"/users/\?q="))
    with people.expect_download() as download:
        people.get_by_role("button", name="CSV").click()

    text = Path(download.value.path()).read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))[1:]
    assert [f"{row[1]} {row[2]}" for row in rows] == shown == ["Ольга Котова", "Артём Котова", "Анна Котова"]


@in_each_view
def test_the_list_is_accessible(people: Page, theme, width) -> None:
    use_theme(people, theme)
    use_width(people, width)

    people.goto("/users/?status=5")

    assert_accessible(people)
