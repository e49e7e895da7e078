"""What money and leads add to the page of today."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.models import MoneyMark
from bookings.money.kept import fold_money
from hsl_dashboard.web.days import Days, school_day
from hsl_dashboard.web.today import today_figures, today_lines
from tests.factories import BookingFactory, EventFactory, PaymentFactory, TelegramUserFactory, UserFactory
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("days_are_kept", [True, False])
def test_confirmed_bookings_without_a_payment_wait(staff, staff_client, days_are_kept):
    now = timezone.now()
    BookingFactory.create(confirmed=2, created_at=now)
    BookingFactory.create(confirmed=2, created_at=now - timedelta(days=40))
    PaymentFactory.create(booking__confirmed=2, booking__created_at=now)
    fold_money()
    if not days_are_kept:
        MoneyMark.objects.create(everything=True)  # as a changed price leaves it

    lines = {line.name: line for line in today_lines(staff, now, slow=True)}

    line = lines["money-unrecorded"]
    assert (line.count, line.oldest) == (1, now)
    assert staff_client.get(line.address).context["page"].paginator.count == 1
    blind = UserFactory.create(permissions=["bookings.view_booking"])
    assert "money-unrecorded" not in {one.name for one in today_lines(blind, now, slow=True)}


def test_each_currency_is_a_figure_of_its_own(staff, staff_client):
    now = timezone.now()
    for amount, currency in (("10.55", "USD"), ("-0.55", "USD"), ("7", "EUR")):
        PaymentFactory.create(amount=Decimal(amount), currency=currency, received_at=now)
    days = Days.until(school_day(now), count=7)

    figures = {figure.name: figure for figure in today_figures(staff)}

    dollars = figures["money-USD"]
    assert dollars.per_day(days) == {school_day(now): 1000}
    assert dollars.shown is not None and dollars.shown(1000) == "10\xa0$"
    assert staff_client.get(dollars.address(days)).context["page"].paginator.count == 2
    assert figures["money-EUR"].per_day(days) == {school_day(now): 700}


def test_hot_leads_are_counted_with_a_reason(staff, staff_client):
    now = timezone.now()
    person = TelegramUserFactory.create(first_name="Зоя")
    for number in range(20):
        EventFactory.create(telegram_user=person, created_at=now - timedelta(days=number % 5))
    fold_marked_people()

    lines = {line.name: line for line in today_lines(staff, now, slow=True)}

    assert (lines["leads-hot"].count, str(lines["leads-hot"].note)) == (1, "Зоя: событий 20, дней 5")
    assert len(staff_client.get(lines["leads-hot"].address).context["page"].rows) == 1
