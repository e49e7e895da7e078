"""F14: what nobody's form sends to the Django admin is refused in words, and no fault of ours."""

import pytest
from django.test import Client

from bookings.models import Booking
from users.models import User


@pytest.fixture
def client_of_admin(staff: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(staff)
    return client


def test_F14_history_is_not_posted_to(client_of_admin, booking):
    response = client_of_admin.post(f"/admin/bookings/booking/{booking.pk}/history/")

    assert response.status_code == 405


@pytest.mark.parametrize(
    "address",
    [
        "/admin/autocomplete/?app_label=bookings&model_name=booking&field_name=telegram_user&term=%00",
        "/admin/bookings/booking/?q=%00",
        "/admin/bookings/booking/?course_stream=%00",
        "/admin/bookings/booking/%00/change/",
        "/admin/users/user/?username=a%00b",
    ],
)
def test_F14_the_admin_refuses_what_no_text_in_the_database_holds(client_of_admin, booking, address):
    response = client_of_admin.get(address)

    assert 400 <= response.status_code < 500


@pytest.mark.parametrize("view", ["change", "delete"])
def test_F14_pages_of_the_admin_that_take_forms_still_do(client_of_admin, booking, view):
    response = client_of_admin.post(f"/admin/bookings/booking/{booking.pk}/{view}/", {})

    assert response.status_code < 500
    assert Booking.objects.filter(pk=booking.pk).exists()
