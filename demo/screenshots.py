"""The program behind ``make screenshots``: starts the demo, signs in and takes the pictures of the README."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from playwright.sync_api import Page, ViewportSize, sync_playwright

from demo.chromium import MISSING, chromium_flags, chromium_program
from demo.launcher import FIRST_PAGE, PASSWORD, free_port, say

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
LARGEST = 200_000  # bytes: the pictures are committed
STARTING = 180  # seconds for the first start, which also makes the demo school
STOPPING = 60  # seconds for all processes of the demo to end
WINDOW = ViewportSize(width=1440, height=900)


class ScreenshotsFailed(Exception):
    """There are no pictures; the text says what to do."""


def main() -> None:
    """Take all pictures, or end with a sentence that says why not."""
    try:
        with _running_demo() as address:
            _take_pictures(address)
    except ScreenshotsFailed as failure:
        sys.exit(str(failure))


@contextmanager
def _running_demo() -> Iterator[str]:
    """The whole demo on a free port, for the length of a block; gives its address."""
    port = free_port()
    demo = subprocess.Popen([sys.executable, "-m", "demo.launcher", "--port", str(port)], start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for_page(port, demo)
        yield address
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(STOPPING)


def _wait_for_page(port: int, demo: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        if demo.poll() is not None:
            raise ScreenshotsFailed("The demo did not start; the lines above say why.")
        try:
            with urlopen(f"http://127.0.0.1:{port}{FIRST_PAGE}", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    raise ScreenshotsFailed(f"The demo's first page did not come within {STARTING} s.")


def _take_pictures(address: str) -> None:
    program = chromium_program()
    if program is None:
        raise ScreenshotsFailed(MISSING)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium_flags())
        context = browser.new_context(
            base_url=address, locale="ru-RU", timezone_id="Europe/Moscow", viewport=WINDOW, color_scheme="light"
        )
        page = context.new_page()
        _sign_in(page)
        page.goto("/workshops/")
        _save(page, "workshops")
        # A campaign of the demo school that is over. Its text has no emoji: not every machine has a font for them.
        page.goto(f"/messages/?state=finished&q={quote('Открыли запись')}")
        page.locator("#broadcast-table tbody a").first.click()
        page.locator("h1").wait_for()
        _save(page, "broadcast")
        browser.close()


def _sign_in(page: Page) -> None:
    page.goto(FIRST_PAGE)
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: FIRST_PAGE not in url)


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    say(f"{path.relative_to(PICTURES.parent.parent)}: {size:,} bytes")
    if size > LARGEST:
        raise ScreenshotsFailed(f"{path.name} is larger than {LARGEST:,} bytes: choose a page with less on it.")


if __name__ == "__main__":
    main()
