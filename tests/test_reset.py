"""What a test that commits leaves behind: what the migrations wrote, and no more."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from bookings.models import Booking
from tests.factories import BookingFactory
from users.models import Event, TelegramUser


def _from_the_migrations() -> list[list[int]]:
    return [sorted(model._default_manager.values_list("pk", flat=True)) for model in (Group, Permission, ContentType)]


@pytest.mark.django_db(transaction=True)
def test_rows_of_a_test_go_and_those_of_the_migrations_stay() -> None:
    before = _from_the_migrations()
    BookingFactory.create()
    Group.objects.all().delete()
    call_command("flush")
    assert all(before) and _from_the_migrations() == before
    assert not Booking.objects.exists() and not TelegramUser.objects.exists() and not Event.objects.exists()
