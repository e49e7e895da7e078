"""The page of payments that nobody could match: a person matches one to a booking, or dismisses it with a reason."""

from typing import Any

import pytest
from django.urls import reverse

from bookings.incoming.services import apply_waiting
from bookings.models import Booking, IncomingPayment, Payment, Stream
from tests.bookings.test_incoming import NEW, notice, soon, tell, told
from tests.factories import BookingFactory, StreamFactory, UserFactory
from users.models import AuditEntry

pytestmark = pytest.mark.django_db

State = IncomingPayment.State

LIST = "/payments/unmatched/"


@pytest.fixture(autouse=True)
def secrets(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PAYMENT_WEBHOOK_SECRETS = [NEW]
    monkeypatch.setattr("bookings.api.payments.wake_incoming", lambda _pk: None)


@pytest.fixture
def booking(db: None) -> Booking:
    # Migrations have described this one: the factory finds it as it is.
    Stream.objects.filter(pk=StreamFactory.create().pk).update(price=100, currency="USD")
    return BookingFactory.create(confirmed=1)


@pytest.fixture
def unmatched(booking: Booking) -> IncomingPayment:
    return told(notice(None, payment_id="pay-9"))


def test_the_page_and_today_show_what_waits(staff_client, unmatched):
    page = staff_client.get(LIST).text

    assert "pay-9" in page and "Такого бронирования нет" in page
    assert LIST in staff_client.get("/?part=waiting").text


def test_nothing_waits(staff_client, db):
    assert "У каждой оплаты есть бронирование" in staff_client.get(LIST).text


def test_it_is_matched_to_a_booking_that_was_looked_at(staff_client, staff, unmatched, booking):
    address = f"{LIST}{unmatched.pk}/"

    found = staff_client.get(address, {"booking": booking.pk})
    done = staff_client.post(address, {"booking": booking.pk, "move": "on"})

    booking.refresh_from_db()
    unmatched.refresh_from_db()
    assert f"Записать для бронирования №\u00a0{booking.pk}" in found.text and done.status_code == 303
    payment = Payment.objects.get()
    assert (payment.recorded_by, payment.external_id, booking.confirmed) == (staff, "pay-9", 2)
    assert (unmatched.state, unmatched.decided_by, unmatched.booking) == (State.APPLIED, staff, booking)
    assert AuditEntry.objects.filter(what="bookings_incomingpayment.update", done_by=staff).count() == 1
    assert staff_client.post(address, {"booking": booking.pk}).status_code == 303
    assert Payment.objects.count() == 1


def test_the_money_of_a_cancelled_booking_is_recorded_without_moving_it(staff_client, unmatched, booking):
    Booking.objects.filter(pk=booking.pk).update(confirmed=-1)
    address = f"{LIST}{unmatched.pk}/"

    refused = staff_client.post(address, {"booking": booking.pk, "move": "on"})
    done = staff_client.post(address, {"booking": booking.pk})

    booking.refresh_from_db()
    assert (refused.status_code, done.status_code, booking.confirmed) == (422, 303, -1)
    assert Payment.objects.count() == 1


def test_a_full_stream_asks_for_a_reason(staff_client, unmatched):
    stream = StreamFactory.create(code="full_stream", name="Полный поток", capacity=0)
    full = BookingFactory.create(course_stream=stream.code, confirmed=1)
    address = f"{LIST}{unmatched.pk}/"

    assert staff_client.post(address, {"booking": full.pk, "move": "on"}).status_code == 422
    assert not Payment.objects.exists()
    assert staff_client.post(address, {"booking": full.pk, "move": "on", "reason": "VIP"}).status_code == 303


def test_a_booking_that_is_not_there_is_said(staff_client, unmatched):
    address = f"{LIST}{unmatched.pk}/"

    for number in ("1999999999", "abc", "-1", "9" * 30):
        assert staff_client.get(address, {"booking": number}).status_code == 200
        assert staff_client.post(address, {"booking": number}).status_code == 422


def test_it_is_dismissed_with_a_reason(staff_client, staff, unmatched):
    address = reverse("bookings:incoming_dismiss", args=[unmatched.pk])

    assert staff_client.post(address, {"reason": " "}).status_code == 422
    assert staff_client.post(address, {"reason": "A test of the bank"}).status_code == 303
    unmatched.refresh_from_db()
    assert (unmatched.state, unmatched.reason, unmatched.decided_by) == (State.DISMISSED, "A test of the bank", staff)
    assert staff_client.post(address, {"reason": "again"}).status_code == 303
    assert "pay-9" not in staff_client.get(LIST).text


def test_an_unreadable_one_can_only_be_dismissed(staff_client, booking):
    row = told(b"{")
    address = f"{LIST}{row.pk}/"

    assert 'name="move"' not in staff_client.get(address, {"booking": booking.pk}).text
    assert staff_client.post(address, {"booking": booking.pk}).status_code == 422


def test_the_list_costs_the_same_for_few_and_for_many(client, django_assert_max_num_queries, booking):
    client.force_login(UserFactory.create(is_superuser=True))
    for number in range(60):
        tell(notice(None, event_id=f"evt-{number}"))
    apply_waiting(at=soon())
    client.get(LIST)

    with django_assert_max_num_queries(12):
        assert client.get(LIST).text.count("Такого бронирования нет") == 50


@pytest.mark.parametrize(
    ("permission", "shown", "not_shown"),
    [("decide_payment", "/payments/", "/money/"), ("view_payment", "/money/", "/payments/")],
)
def test_it_stands_beside_the_queue_or_where_that_is_not_seen_beside_money(client, db, permission, shown, not_shown):
    names = {"view_booking", "view_payment", permission}
    client.force_login(UserFactory.create(permissions=[f"bookings.{name}" for name in names]))

    tabs = client.get(LIST).text.partition('<nav class="tabs"')[2].partition("</nav>")[0]

    assert f'href="{shown}"' in tabs
    assert f'href="{not_shown}"' not in tabs
    assert 'href="/payments/unmatched/" aria-current="page"' in tabs
