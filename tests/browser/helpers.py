"""What browser tests do again and again: sign in, choose a theme, a width, a language; ask axe."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page

from hsl_dashboard.web.navigation import THEME_COOKIE
from tests.factories import PASSWORD, UserFactory
from tests.signing_in import signed_in
from tests.sizes import LONG
from users.models import User

ROOT = Path(__file__).resolve().parent.parent.parent
WIDTHS = {"wide": (1440, 900), "phone": (390, 844)}
# Each width and each theme once; make check-long has all four.
VIEWS = [("wide", "light"), ("phone", "dark"), *([("wide", "dark"), ("phone", "light")] if LONG else [])]
in_each_view = pytest.mark.parametrize(("width", "theme"), VIEWS)


def sign_in(page: Page, user: User | None = None) -> User:
    """Sign in without the form: a session of ``user``, or of an administrator made here."""
    user = user or UserFactory.create(is_staff=True, is_superuser=True)
    client = signed_in(user)
    _set_cookie(page, settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)
    return user


def sign_in_beside(page: Page, door: Page, user: User) -> None:
    """Sign in by the form in another window, and come back to ``page``, whose session had ended."""
    door.locator("[name=login]").fill(user.username)
    door.locator("[name=password]").fill(PASSWORD)
    door.locator("[name=password]").press("Enter")
    door.wait_for_url(lambda address: "/accounts/login/" not in address)
    door.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")  # the headless window never loses it


def use_theme(page: Page, theme: Literal["light", "dark"]) -> None:
    """Choose a theme as a member of staff does."""
    _set_cookie(page, THEME_COOKIE, theme)


def use_language(page: Page, language: Literal["ru", "en"]) -> None:
    """Choose a language as a member of staff does."""
    _set_cookie(page, settings.LANGUAGE_COOKIE_NAME, language)


def use_width(page: Page, name: Literal["wide", "phone"]) -> None:
    """Take the window of a desk or of a phone."""
    width, height = WIDTHS[name]
    page.set_viewport_size({"width": width, "height": height})


def assert_accessible(page: Page) -> None:
    """Let axe look at the page as it is: no violation at all, and no sideways scrolling."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"The page is {overflow} px wider than the window"


def _set_cookie(page: Page, name: str, value: str) -> None:
    # The live server's host; cookies do not know ports, and the page may not be open yet.
    page.context.add_cookies([{"name": name, "value": value, "domain": "localhost", "path": "/"}])
