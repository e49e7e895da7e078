"""The pages of money: who sees them, what they begin with, nonsense, queries, how amounts are written."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.labels import money_text
from bookings.models import Payment
from tests.bookings.test_money import ask
from tests.factories import BookingFactory, PaymentFactory, StreamFactory, TelegramUserFactory, UserFactory
from users.models import PeopleExport
from users.staff.roles import ADMINISTRATOR, COURSES, MARKETING, VIEWER

pytestmark = pytest.mark.django_db

OVERVIEW, PAYMENTS, EXPECTED = (
    reverse(f"bookings:{name}") for name in ("money_overview", "payment_list", "expected_list")
)


@pytest.mark.parametrize(
    ("role", "sees"), [(ADMINISTRATOR, True), (COURSES, True), (MARKETING, False), (VIEWER, False)]
)
def test_money_is_for_administrators_and_course_managers(client, role, sees):
    payment = PaymentFactory.create(booking__confirmed=2, amount=Decimal("777.77"))
    user = UserFactory.create()
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)

    for address in (OVERVIEW, PAYMENTS, EXPECTED):
        assert client.get(address).status_code == (200 if sees else 403)
    page = client.get(f"/bookings/{payment.booking_id}/").content.decode()
    assert ("777,77" in page) is sees
    assert ("Платежи" in page) is sees
    assert ("/money/" in page) is sees


def test_an_amount_from_somebody_who_may_not_record_is_not_recorded(client, booking):
    client.force_login(UserFactory.create(permissions=["bookings.view_booking", "bookings.change_booking"]))

    client.post(f"/bookings/{booking.pk}/status/", ask(booking.pk, amount="150"))

    booking.refresh_from_db()
    assert booking.confirmed == 2
    assert not Payment.objects.exists()


def test_the_overview_begins_with_the_last_28_days(staff_client):
    PaymentFactory.create(received_at=timezone.now() - timedelta(days=27), amount=Decimal(11))
    PaymentFactory.create(received_at=timezone.now() - timedelta(days=29), amount=Decimal(22))

    assert staff_client.get(OVERVIEW).context["totals"]["USD"].received == 11
    assert staff_client.get(f"{OVERVIEW}?all=1").context["totals"]["USD"].received == 33


@pytest.mark.parametrize("address", [OVERVIEW, PAYMENTS, EXPECTED])
def test_an_empty_school_and_nonsense_are_answered(staff_client, address):
    assert staff_client.get(address).status_code == 200
    for query in ("since=x", "course=9x", "currency=BTC", "since=2026-11-02&until=2026-11-01", "stream=%00"):
        assert staff_client.get(f"{address}?{query}").status_code in {200, 422}, query


def test_a_refused_period_is_not_a_period_without_money(staff_client):
    PaymentFactory.create(received_at=timezone.now())

    response = staff_client.get(f"{OVERVIEW}?since=2026-11-02&until=2026-11-01")

    assertContains(response, "Показать нечего", status_code=422)
    assertNotContains(response, "За этот период денег нет", status_code=422)
    assertNotContains(response, "format=csv", status_code=422)


@pytest.mark.parametrize("address", [PAYMENTS, EXPECTED, OVERVIEW])
def test_a_page_takes_few_queries_however_many_rows(staff_client, django_assert_max_num_queries, address):
    for number in range(60):
        PaymentFactory.create(received_at=timezone.now(), recorded_by=UserFactory.create())
        BookingFactory.create(confirmed=2, referral_code=f"CODE{number}")
    staff_client.get(address)

    with django_assert_max_num_queries(11):
        staff_client.get(address)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1200", "USD", "1\xa0200\xa0$"),
        ("19.9", "EUR", "19,90\xa0€"),
        ("-0.01", "RUB", "−0,01\xa0₽"),
        ("0", "KZT", "0\xa0₸"),
        ("5", "BTC", "5\xa0BTC"),
    ],
)
def test_an_amount_is_written_as_people_read_it(amount, currency, text):
    assert money_text(Decimal(amount), currency) == text


def test_a_stream_is_chosen_among_those_that_bookings_have(staff_client):
    StreamFactory.create(code="9th_stream", name="9-й поток")
    found = PaymentFactory.create(booking=BookingFactory.create(confirmed=2, course_stream="old_stream"))
    PaymentFactory.create(booking=BookingFactory.create(confirmed=2, course_stream="9th_stream"))

    response = staff_client.get(PAYMENTS, {"stream": "old_stream"})

    assertContains(response, '<option value="9th_stream">9-й поток</option>')
    assertContains(response, '<option value="old_stream" selected>old_stream</option>')
    assert [row["payment"] for row in response.context["rows"]] == [found]
    assert staff_client.get(PAYMENTS, {"stream": "unheard_of"}).status_code == 422


def text_of(response):
    return b"".join(response.streaming_content).decode()


def test_the_filtered_lists_leave_as_files_and_who_took_them_is_kept(staff, staff_client):
    person = TelegramUserFactory.create(first_name="Вера", username="vera")
    paid = BookingFactory.create(telegram_user=person, confirmed=2)
    PaymentFactory.create(booking=paid, amount=Decimal("99.50"), currency="EUR", note="за двоих")
    PaymentFactory.create(booking=None, amount=5, currency="USD")
    open_one = BookingFactory.create(confirmed=2, discount_percent=10)

    page = staff_client.get(PAYMENTS, {"currency": "EUR"})
    assertContains(page, f"{reverse('bookings:payment_export')}?currency=EUR")
    payments = text_of(staff_client.post(f"{reverse('bookings:payment_export')}?currency=EUR", {"format": "csv"}))
    everything = text_of(staff_client.post(reverse("bookings:payment_export"), {"format": "csv"}))
    expected = text_of(staff_client.post(reverse("bookings:expected_export"), {"format": "csv"}))

    assert "vera" in payments
    assert "за двоих" in payments
    assert len(payments.splitlines()) == 2
    assert len(everything.splitlines()) == 3  # the booking of one is deleted
    assert str(open_one.pk) in expected.splitlines()[1]
    assert len(expected.splitlines()) == 2
    assert PeopleExport.objects.filter(exported_by=staff).count() == 3
