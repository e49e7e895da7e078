"""Addresses that rows build by themselves are those that Django gives."""

import pytest
from django.urls import reverse, set_script_prefix

from hsl_dashboard.web.addresses import numbered_address


@pytest.mark.parametrize("view", ["bookings:booking_detail", "bookings:booking_status", "users:person_detail"])
@pytest.mark.parametrize("number", [1, 123_454_321, 2**62])
def test_the_address_of_a_number_is_what_reverse_gives(view, number):
    assert numbered_address(view, number) == reverse(view, args=[number])


def test_groups_have_ids_below_zero():
    assert numbered_address("users:person_detail", -100_123) == reverse("users:person_detail", args=[-100_123])


def test_a_dashboard_below_a_prefix_has_its_addresses_there():
    set_script_prefix("/school/")
    try:
        assert numbered_address("users:person_detail", 7) == "/school/users/7/"
    finally:
        set_script_prefix("/")
