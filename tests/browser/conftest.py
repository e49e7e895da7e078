"""Chromium for the browser tests: `page` opens the live server, and fails the test on any error in its console."""

import os
import re
import threading
import time
from collections.abc import Generator, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, sync_playwright
from pytest_django.live_server_helper import LiveServer

from demo.chromium import MISSING, chromium_flags, chromium_program
from demo.sandbox.client import SandboxClient, run_sandbox
from tests.browser.helpers import ROOT

THIS_MACHINE = {"localhost", "127.0.0.1"}
SCREENSHOTS = ROOT / ".local" / "screenshots"
# What the browser writes about an answer of 4xx: pages are free to give one.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
# A part that was still on its way when its page was left; a failure of the network is a sendError besides.
LEFT = re.compile(r"htmx:(sendAbort|afterRequest)\b")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what a failing test looked at."""
    report = yield
    if report.when == "call" and report.failed and (page := getattr(item, "funcargs", {}).get("page")):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{item.name}.png"
        page.screenshot(path=path, full_page=True)
        report.sections.append(("screenshot", str(path)))
    return report


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright, ended with each file: while its loop runs in this thread, nobody else can run one."""
    # The loop makes Django take the test for asynchronous code, which it is not.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as running:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield running


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    program = chromium_program()
    if program is None:
        pytest.fail(MISSING) if os.environ.get("CI") else pytest.skip(MISSING)
    running: Playwright = request.getfixturevalue("playwright")
    nowhere = f"--host-resolver-rules=MAP * ~NOTFOUND, {', '.join(f'EXCLUDE {name}' for name in sorted(THIS_MACHINE))}"
    browser = running.chromium.launch(executable_path=program, args=[*chromium_flags(), nowhere])
    yield browser
    browser.close()


@pytest.fixture
def troubles() -> list[str]:
    """What the browser complained about so far; a test that provokes an error clears it."""
    return []


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, troubles: list[str]) -> Iterator[Page]:
    """A fresh window on the live server; addresses may begin with a slash.

    The test fails when a page logs an error, breaks the
    Content-Security-Policy, throws, or asks another machine for anything.
    """
    context = browser.new_context(
        base_url=live_server.url, locale="ru-RU", timezone_id="Europe/Moscow", viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(10_000)  # ms; a page takes 50

    def only_this_machine(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in THIS_MACHINE:
            troubles.append(f"a page asked for {request.url}")

    def listen(message: ConsoleMessage) -> None:
        # Violations of the policy are logged as errors too.
        if message.type == "error" and not (REFUSED.search(message.text) or LEFT.match(message.text)):
            troubles.append(f"{message.text} ({message.location.get('url', '')})")

    # Listened to, not routed: a route asks this process about each file, and takes the browser's cache away.
    context.on("request", only_this_machine)
    context.on("console", listen)
    context.on("weberror", lambda error: troubles.append(f"uncaught: {error.error}"))
    page = context.new_page()
    yield page
    for window in browser.contexts:  # those of a colleague too, which a failed test leaves open
        window.close()
    _wait_for_the_server()
    assert not troubles, "The browser complained:\n" + "\n".join(troubles)


def _wait_for_the_server() -> None:
    """Let what the window still asked for come to its end, or it would read while the tables are emptied."""
    deadline = time.monotonic() + 10
    while any("process_request_thread" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "The server is still busy with a request of the window that was closed."
        time.sleep(0.02)


@pytest.fixture
def telegram(page: Page) -> Iterator[SandboxClient]:
    """Telegram's sandbox for one test."""
    with run_sandbox() as client:
        yield client
        # Or the window, which closes later, goes on asking a server that is gone, for its icon and its news.
        page.goto("about:blank")
