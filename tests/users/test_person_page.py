"""The page of one person: who they are, and their totals."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains

from tests.factories import BookingFactory, TelegramUserFactory

pytestmark = pytest.mark.django_db


def test_a_person_has_a_page_with_who_they_are_and_totals(staff_client):
    someone = TelegramUserFactory.create(first_name="Ирина", last_name="Котова")
    BookingFactory.create_batch(2, telegram_user=someone)

    response = staff_client.get(reverse("users:person_detail", args=[someone.pk]))

    assertContains(response, "Ирина Котова")
    assertContains(response, "8-й поток")
    assert response.context["totals"].bookings == 2


@pytest.mark.parametrize("user_id", ["1", "9223372036854775807", "9223372036854775808", "99999999999999999999", "abc"])
def test_nobody_has_no_page(staff_client, user_id):
    assert staff_client.get(f"/users/{user_id}/").status_code == 404
