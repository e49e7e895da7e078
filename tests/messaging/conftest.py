"""Telegram as the tests see it: a sandbox process, and the settings that point at it."""

from collections.abc import Iterator
from typing import Any

import pytest

from messaging.sandbox.client import SandboxClient, run_sandbox


@pytest.fixture(scope="session")
def telegram_process() -> Iterator[SandboxClient]:
    with run_sandbox() as client:
        yield client


@pytest.fixture
def telegram(telegram_process: SandboxClient, settings: Any) -> SandboxClient:
    """A sandbox without limits, latency, faults or memory, to which everything that is sent goes."""
    telegram_process.reset()
    settings.TELEGRAM_API_URL = telegram_process.url
    settings.BOT_TOKEN = telegram_process.token
    settings.TELEGRAM_CALL_TIMEOUT = 1.0
    return telegram_process
