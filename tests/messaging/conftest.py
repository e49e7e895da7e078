"""Telegram as the tests see it: a sandbox process, and the settings that point at it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from bookings.models import Booking
from demo.sandbox.client import SandboxClient, run_sandbox
from messaging.delivery.counts import recipient_count_differences
from messaging.delivery.runner import close_process
from tests.factories import BookingFactory, StreamFactory, TelegramUserFactory, UserFactory
from tests.messaging.conversations import ANSWERS
from tests.messaging.warm_redis import warm_up
from users.models import TelegramUser, User

CONFIRMED = Booking.Status.CONFIRMED


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


@pytest.fixture
def engine(telegram: SandboxClient, settings: Any) -> Iterator[SandboxClient]:
    """Telegram answers, Redis remembers an old slot, and the process' loop ends with the test."""
    settings.TELEGRAM_MESSAGES_PER_SECOND = 500.0
    close_process()
    warm_up(settings)
    yield telegram
    close_process()


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the broadcasts and corrections for which a runner was asked; none is queued."""
    woken: list[int] = []
    monkeypatch.setattr("messaging.delivery.tasks.wake_broadcast", woken.append)
    monkeypatch.setattr("messaging.delivery.tasks.wake_correction", woken.append)
    return woken


@pytest.fixture
def kept_counts(db: None) -> Iterator[None]:
    """Whatever a test writes, the kept counts of recipients equal the recipients afterwards."""
    yield
    assert list(recipient_count_differences()) == []


@pytest.fixture
def stream(db: None) -> str:
    """The value of the box for the confirmed of a stream of three, one of them without a name."""
    described = StreamFactory.create()
    for name in ("Анна", "Борис", None):
        BookingFactory.create(confirmed=CONFIRMED, telegram_user=TelegramUserFactory.create(first_name=name))
    BookingFactory.create(confirmed=Booking.Status.CANCELLED)
    return f"{described.course_id}:{described.code}:{CONFIRMED}"


@pytest.fixture
def person(db: None) -> TelegramUser:
    return TelegramUserFactory.create(first_name="Анна", username="anna")


@pytest.fixture
def colleague(db: None) -> User:
    return UserFactory.create(username="olga", first_name="Ольга", permissions=ANSWERS)


@pytest.fixture
def desk(client: Client, colleague: User) -> Client:
    """A browser of somebody who answers students."""
    client.force_login(colleague)
    return client
