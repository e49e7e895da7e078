"""Today and the analytics in a real browser: parts fill in, numbers lead to their rows, everything can be read."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from analytics.rollups import refresh_numbers
from bookings.lessons.steps import fold_steps
from bookings.money.kept import fold_money
from tests.browser.helpers import assert_accessible, sign_in, use_language, use_theme, use_width
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    PaymentFactory,
    ReferralCouponFactory,
    StreamFactory,
)
from users.totals import fold_marked_people


@pytest.fixture
def school(page: Page) -> Page:
    now = timezone.now()
    StreamFactory.create(code="20th", name="20-й поток", capacity=10, starts_on=(now + timedelta(days=3)).date())
    for days_ago in range(1, 11):
        at = now - timedelta(days=days_ago)
        booking = BookingFactory.create(created_at=at, course_stream="20th", confirmed=days_ago % 3)
        EventFactory.create(telegram_user=booking.telegram_user, created_at=at - timedelta(hours=1))
        EventFactory.create(telegram_user=booking.telegram_user, event_type="view_program", created_at=at)
    FreeLessonRegistrationFactory.create(registered_at=now - timedelta(days=2))
    refresh_numbers(now)
    sign_in(page)
    return page


def filled(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def test_parts_fill_in_and_every_number_leads_to_as_many_rows(school: Page) -> None:
    filled(school, "/")
    links = school.locator("#figures .value a, #figures .note a").all()
    asked = {link.get_attribute("href"): link.inner_text() for link in links}
    filled(school, "/analytics/?period=28")
    steps = school.locator("#funnels td a").all()
    asked |= {link.get_attribute("href"): link.inner_text() for link in steps}

    assert len(asked) > 10
    for address, number in asked.items():
        school.goto(address)
        said = school.get_by_role("status").first.inner_text()
        assert re.match(rf"\s*{number}\b", said), f"{address} says {said}, the page {number}"


# Where numbers stand, and which of their links lead to rows; a cell of the cohorts says its people in its name.
NUMBERS = {
    "/analytics/?period=28": "#funnels td a, #cohorts td a",
    "/money/?all=1": "#money td a",
    "/free-lessons/dates/": "td.numeric a",
    "/referrals/": "td.numeric a:not(.button)",
    "/users/leads/": ".metric .value a",
}


@pytest.fixture
def trade(school: Page) -> Page:
    """What the numbers of lessons, money, coupons and leads are about."""
    now = timezone.now()
    ReferralCouponFactory.create(code="DRUG10")
    for status in (1, 2, 2):
        booking = BookingFactory.create(created_at=now, confirmed=status, referral_code="DRUG10", discount_percent=10)
        FreeLessonRegistrationFactory.create(
            telegram_user=booking.telegram_user, registered_at=now, lesson_date=now.date()
        )
    PaymentFactory.create(booking=booking, received_at=now)
    warm = BookingFactory.create(created_at=now, confirmed=1).telegram_user
    EventFactory.create_batch(6, telegram_user=warm, created_at=now)
    fold_marked_people()
    fold_steps()
    fold_money()
    refresh_numbers(now)
    return school


@pytest.mark.parametrize("address", NUMBERS)
def test_numbers_of_every_page_lead_to_as_many_rows(trade: Page, address: str) -> None:
    filled(trade, address)
    asked = {
        link.get_attribute("href"): (link.get_attribute("aria-label") or link.inner_text()).rpartition(", ")[2]
        for link in trade.locator(NUMBERS[address]).all()
    }

    assert asked
    for there, number in asked.items():
        trade.goto(there)
        said = trade.get_by_role("status").first.inner_text()
        assert re.match(rf"\s*{number.strip()}\b", said) or (number == "0" and not re.match(r"\s*[1-9]", said)), (
            f"{there} says {said}, the page {number}"
        )


def test_what_was_viewed_is_gone(school: Page) -> None:
    BookingFactory.create(created_at=timezone.now())
    filled(school, "/")
    expect(school.locator("#waiting")).to_contain_text("Новые бронирования")

    school.get_by_role("button", name="Отметить просмотренным").click()

    filled(school, "/")
    expect(school.locator("#waiting")).not_to_contain_text("Новые бронирования")


def test_another_course_changes_only_the_funnels(school: Page) -> None:
    filled(school, "/analytics/?period=28")

    school.locator("#scope-course").select_option(index=1)

    expect(school.locator("#scope-course")).to_have_value(re.compile("^(course|stream):"))
    expect(school.locator("#funnels")).to_contain_text("От предыдущего шага")
    expect(school.locator("#growth .chart")).to_have_count(5)


@pytest.mark.parametrize(("theme", "width", "language"), [("light", "wide", "ru"), ("dark", "phone", "en")])
@pytest.mark.parametrize("address", ["/", "/analytics/?period=28", "/analytics/definitions/"])
def test_the_pages_are_accessible(school: Page, theme, width, language, address) -> None:
    use_theme(school, theme)
    use_width(school, width)
    use_language(school, language)

    filled(school, address)

    assert_accessible(school)
    wide = school.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page scrolls sideways"
