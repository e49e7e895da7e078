"""Coupons in the Django admin: what staff may set, and what the bot keeps for itself."""

import pytest
from pytest_django.asserts import assertRedirects

from bookings.models import ReferralCoupon

LIST = "/admin/bookings/referralcoupon/"


def test_a_coupon_is_switched_off_as_the_bot_reads_it(staff_client):
    coupon = ReferralCoupon.objects.create(code="OLD", discount_percent=10, max_activations=5, created_by=1)
    form = {"name": "", "discount_percent": "10", "max_activations": "5", "is_active": "0", "code": "NEW"}

    response = staff_client.post(f"{LIST}{coupon.pk}/change/", form)

    assertRedirects(response, LIST)
    coupon.refresh_from_db()
    assert (coupon.is_active, coupon.code) == (0, "OLD")


@pytest.mark.parametrize("percent", ["0", "101", "-1", "9" * 30, "x"])
def test_a_coupon_gives_one_to_a_hundred_percent(staff_client, percent):
    form = {"code": "A", "discount_percent": percent, "max_activations": "5", "is_active": "1", "created_by": "1"}

    response = staff_client.post(f"{LIST}add/", form)

    assert response.status_code == 200
    assert response.context["adminform"].form.errors.keys() == {"discount_percent"}
