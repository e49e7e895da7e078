"""Fixtures that every test may ask for."""

import pytest
from django.core.cache import cache
from django.test import Client

from bookings.models import Booking
from tests.factories import BookingFactory, UserFactory
from users.models import User


@pytest.fixture
def staff(db: None) -> User:
    """A member of staff who may do everything."""
    return UserFactory.create(username="anna", is_staff=True, is_superuser=True)


@pytest.fixture
def staff_client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def booking(db: None) -> Booking:
    return BookingFactory.create()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Each test starts with an empty Redis of its own: locks, limits and counts of others are not there."""
    cache.clear()
