"""The frame in a real browser: sign-in by the form, both themes and widths, both languages."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import assert_accessible, in_each_view, sign_in, use_language, use_theme, use_width
from tests.factories import PASSWORD, BookingFactory, UserFactory


def test_staff_sign_in_and_out_with_the_form(page: Page) -> None:
    UserFactory.create(username="anna", is_superuser=True)

    page.goto("/workshops/")
    page.locator("input[name=login]").fill("anna")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")

    expect(page.locator("h1")).to_contain_text("Курс")


@in_each_view
def test_courses_are_accessible(page: Page, theme: Literal["light", "dark"], width: Literal["wide", "phone"]) -> None:
    BookingFactory.create()
    sign_in(page)
    use_theme(page, theme)
    use_width(page, width)

    page.goto("/workshops/")

    assert_accessible(page)


def test_language_follows_the_cookie(page: Page) -> None:
    sign_in(page)
    use_language(page, "en")

    page.goto("/workshops/")

    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("address", ["/bookings/", "/users/", "/messages/", "/messages/blocked/"])
def test_on_a_phone_the_filters_wait_until_they_are_asked_for(page: Page, address: str) -> None:
    use_width(page, "phone")
    sign_in(page)
    page.goto(address)
    filters = page.get_by_role("search").locator("select, input[type=date]")
    expect(page.get_by_role("searchbox")).to_be_visible()
    expect(filters.first).to_be_hidden()

    page.get_by_role("search").locator("summary", has_text="Фильтры").press("Enter")

    expect(filters.first).to_be_visible()
    use_width(page, "wide")
    expect(page.get_by_role("search").locator("summary", has_text="Фильтры")).to_be_hidden()
    expect(filters.first).to_be_visible()
