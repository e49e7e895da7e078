"""Free lessons, money, coupons and leads in a real browser: accessible in both themes and widths; a coupon's link."""

from decimal import Decimal
from typing import Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.lessons.steps import fold_steps
from bookings.models import Booking, Course, Payment
from tests.browser.helpers import assert_accessible, in_each_view, sign_in, use_theme, use_width
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    PaymentFactory,
    ReferralCouponFactory,
)

PAGES = (
    "/free-lessons/", "/free-lessons/dates/", "/money/", "/money/payments/", "/money/expected/", "/referrals/",
    "/referrals/new/", "/users/leads/", "/users/?lead=1",
)  # fmt: skip


@pytest.fixture
def school(db: None) -> Booking:
    """One of everything that the pages show."""
    now = timezone.now()
    lesson = FreeLessonRegistrationFactory.create(registered_at=now, lesson_date=now.date(), notification_sent=True)
    details = {"lesson_type": "cursor_lesson"}
    for _ in range(6):
        EventFactory.create(
            telegram_user=lesson.telegram_user, event_type="lesson_link_clicked", details=details, created_at=now
        )
    ReferralCouponFactory.create(code="DRUG10", name="Приведи друга")
    ReferralCouponFactory.create(code="OFF", is_active=0)
    booking = BookingFactory.create(
        telegram_user=lesson.telegram_user, confirmed=1, referral_code="DRUG10", discount_percent=10, created_at=now
    )
    Course.objects.filter(pk=booking.course_id).update(price_usd_cents=10_000)
    PaymentFactory.create(booking__confirmed=-1, received_at=now)
    BookingFactory.create(confirmed=2, created_at=now, referral_code="DRUG10")
    fold_steps()
    return booking


@pytest.mark.browser
@in_each_view
def test_the_pages_are_accessible(
    page: Page, school: Booking, theme: Literal["light", "dark"], width: Literal["wide", "phone"]
) -> None:
    sign_in(page)
    use_theme(page, theme)
    use_width(page, width)
    cancelled = Payment.objects.get().booking_id

    for address in (*PAGES, f"/bookings/{cancelled}/", f"/bookings/{school.pk}/payments/new/"):
        page.goto(address)
        assert_accessible(page)


@pytest.mark.browser
def test_a_payment_is_recorded_and_given_back(page: Page, school: Booking) -> None:
    sign_in(page)
    page.goto(f"/bookings/{school.pk}/")

    page.get_by_role("link", name="Записать платёж").click()
    expect(page.get_by_label("Сумма")).to_have_value("90.00")
    page.get_by_role("button", name="Записать платёж").click()
    expect(page.locator("#booking")).to_contain_text("90 $")
    page.get_by_role("link", name="Записать возврат").click()
    page.get_by_label("Сумма").fill("40")
    page.get_by_role("button", name="Записать возврат").click()

    expect(page.locator("#booking")).to_contain_text("50 $")
    assert sorted(Payment.objects.filter(booking=school).values_list("amount", flat=True)) == [
        Decimal(-40),
        Decimal(90),
    ]


@pytest.mark.browser
def test_the_link_of_a_coupon_is_copied(page: Page, school: Booking) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page)
    page.goto("/referrals/")

    page.get_by_role("button", name="Скопировать ссылку: DRUG10").click()

    expect(page.get_by_role("button", name="Скопировано: DRUG10")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("?start=ref_DRUG10")
