"""Clients of the API: tokens of administrators and of viewers."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from analytics.rollups import refresh_numbers
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    PaymentFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import ApiToken, User
from users.tokens.services import create_api_token


def client_of(owner: User, *scopes: str) -> Client:
    """A client that sends a token of ``owner`` with these scopes, all of them by default."""
    new = create_api_token(
        owner=owner, name="script", scopes=list(scopes or ApiToken.Scope.values), expires_at=None, by=owner
    )
    return Client(headers={"Authorization": f"Bearer {new.secret}"}, raise_request_exception=False)


@pytest.fixture
def api(staff: User) -> Client:
    """Everything may be asked by it."""
    return client_of(staff)


@pytest.fixture
def viewer(db: None) -> User:
    user = UserFactory.create(username="viewer")
    user.groups.add(Group.objects.get(name="Viewer"))
    return user


@pytest.fixture
def school(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something behind every example of the page."""
    monkeypatch.setattr("messaging.delivery.tasks.wake_broadcast", lambda pk: None)
    monkeypatch.setattr("messaging.api.waiting.WAIT", 0.0)
    StreamFactory.create(code="7th_stream", name="7-й поток")
    StreamFactory.create()
    person = TelegramUserFactory.create(user_id=5111222333)
    booking = BookingFactory.create(telegram_user=person, course_stream="7th_stream", confirmed=2)
    EventFactory.create(telegram_user=person)
    FreeLessonRegistrationFactory.create(telegram_user=person)
    PaymentFactory.create(pk=15, booking=booking)
    RecipientFactory.create(message=BroadcastFactory.create(pk=72, state="sending"), telegram_user=person)
    refresh_numbers(timezone.now())
