"""Who is woken, whom messages go to, and who answers."""

from collections.abc import Iterator

import pytest
from django.test import Client

from bookings.models import Booking
from messaging.delivery.counts import recipient_count_differences
from tests.factories import BookingFactory, StreamFactory, TelegramUserFactory, UserFactory
from tests.messaging.conversations import ANSWERS
from users.models import TelegramUser, User

CONFIRMED = Booking.Status.CONFIRMED


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
