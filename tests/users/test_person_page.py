"""The page of one person: who they are, their totals, and what is hidden."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import BookingFactory, FreeLessonRegistrationFactory, TelegramUserFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_person_has_a_page_with_who_they_are_and_totals(staff_client):
    someone = TelegramUserFactory.create(first_name="Ирина", last_name="Котова")
    BookingFactory.create_batch(2, telegram_user=someone)

    response = staff_client.get(reverse("users:person_detail", args=[someone.pk]))

    assertContains(response, "Ирина Котова")
    assertContains(response, "8-й поток")
    assert response.context["totals"].bookings == 2


def test_emails_are_masked_for_those_who_may_not_see_them(client):
    someone = TelegramUserFactory.create()
    FreeLessonRegistrationFactory.create(telegram_user=someone, email="anna@mail.example")
    address = reverse("users:person_detail", args=[someone.pk])

    client.force_login(UserFactory.create(permissions=["users.view_telegramuser"]))
    assertContains(client.get(address), "a•••@mail.example")
    assertNotContains(client.get(address), "anna@mail.example")
    client.force_login(UserFactory.create(permissions=["users.view_telegramuser", "users.view_email"]))
    assertContains(client.get(address), "anna@mail.example")


@pytest.mark.parametrize("user_id", ["1", "9223372036854775807", "9223372036854775808", "99999999999999999999", "abc"])
def test_nobody_has_no_page(staff_client, user_id):
    assert staff_client.get(f"/users/{user_id}/").status_code == 404
