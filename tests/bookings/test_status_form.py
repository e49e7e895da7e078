"""The form that the badge of a status opens: what a booking may become, and what happened to it meanwhile."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import BookingFactory, UserFactory

HTMX = {"HX-Request": "true"}
LIST = reverse("bookings:booking_list")


def address(booking):
    return reverse("bookings:booking_status", args=[booking.pk])


@pytest.fixture
def manager_client(db):
    client = Client()
    permissions = ["bookings.view_booking", "bookings.change_booking"]
    client.force_login(UserFactory.create(first_name="Олег", permissions=permissions))
    return client


def test_the_form_offers_the_moves_as_buttons(manager_client, staff_client):
    booking = BookingFactory.create(confirmed=-1)

    offered = staff_client.get(address(booking), {"expected": -1})

    assertContains(offered, '<button class="button" name="to" value="', count=2)
    assertContains(offered, "с причиной", count=2)
    assertNotContains(offered, "Статус уже изменился")
    assertContains(manager_client.get(address(booking)), "Этот статус вы изменить не можете")


def test_the_form_leads_back_to_the_list_that_its_link_stands_on(manager_client, booking):
    back = f"{LIST}?status=1&amp;sort=-name"

    plain = manager_client.get(address(booking), headers={"Referer": "http://testserver" + back.replace("&amp;", "&")})
    htmx = manager_client.get(
        address(booking), headers=HTMX | {"HX-Current-URL": "http://testserver" + back.replace("&amp;", "&")}
    )
    strange = manager_client.get(address(booking), headers={"Referer": "https://evil.test/bookings/"})

    for response in (plain, htmx):
        assertContains(response, f'<input type="hidden" name="next" value="{back}">')
    assertContains(htmx, '<dialog id="status-dialog" data-open')
    assertNotContains(strange, "evil")


def test_D10_a_stale_row_hears_of_the_change_before_anything_is_asked(staff_client, manager_client, booking):
    manager_client.post(address(booking), {"to": 2, "expected": 1, "sure": 1})

    offered = staff_client.get(address(booking), {"expected": 1})
    asked = manager_client.post(address(booking), {"to": -1, "expected": 1, "next": LIST})

    for words in ("Статус уже изменился", "Вы видели", "Сейчас", "Олег"):
        assertContains(offered, words)
    assertContains(offered, '<input type="hidden" name="expected" value="2">')
    assertContains(asked, "Статус уже изменился", status_code=409)
    assertNotContains(asked, "Отменить бронирование?", status_code=409)
