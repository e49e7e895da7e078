"""A booking's status in the Django admin: the school's rules, alone and for many at once."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking, BookingChange, BulkChange
from tests.factories import BookingFactory, UserFactory
from tests.signing_in import signed_in
from users.models import Event, User

Status = Booking.Status
LIST = "/admin/bookings/booking/"


@pytest.fixture
def manager(db: None) -> User:
    """Somebody who may change bookings, and override nothing."""
    return UserFactory.create(is_staff=True, permissions=["bookings.view_booking", "bookings.change_booking"])


@pytest.fixture
def manager_client(manager: User) -> Client:
    return signed_in(manager)


def page_of(booking: Booking) -> str:
    return reverse("admin:bookings_booking_change", args=[booking.pk])


def last_change(booking: Booking) -> BookingChange:
    return BookingChange.objects.filter(booking=booking).latest("pk")


def choices_on(client: Client, booking: Booking) -> list[Any]:
    return [
        value for value, _label in client.get(page_of(booking)).context["adminform"].form.fields["status_to"].choices
    ]


# The form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confirmed", "plain", "overriding"),
    [
        (0, ["", 1, 2, -1], ["", 1, 2, -1]),
        (1, ["", 2, -1], ["", 2, -1]),
        (2, ["", -1], ["", -1, 1]),
        (-1, [""], ["", 1, 2]),
        (7, ["", 1, 2, -1], ["", 1, 2, -1]),
        (None, ["", 1, 2, -1], ["", 1, 2, -1]),
    ],
)
def test_the_form_offers_the_allowed_moves(manager_client, staff_client, confirmed, plain, overriding):
    booking = BookingFactory.create(confirmed=confirmed)

    assert choices_on(manager_client, booking) == plain
    assert choices_on(staff_client, booking) == overriding


def test_saving_goes_through_the_service(manager_client, manager):
    booking = BookingFactory.create(confirmed=Status.PENDING)

    response = manager_client.post(page_of(booking), {"status_to": "2", "seen": "1"}, follow=True)

    assertRedirects(response, LIST)
    assertContains(response, f"Сохранено: бронирование №\u00a0{booking.pk}")
    booking.refresh_from_db()
    assert booking.confirmed == Status.CONFIRMED
    assert Event.objects.get(event_type="booking_status_changed").details["new_status"] == 2  # type: ignore[index]
    assert (last_change(booking).changed_by, last_change(booking).origin) == (manager, "admin")


def test_leaving_the_status_changes_nothing(manager_client):
    booking = BookingFactory.create(confirmed=Status.PENDING)

    manager_client.post(page_of(booking), {"status_to": "", "seen": "1"})

    booking.refresh_from_db()
    assert booking.confirmed == Status.PENDING
    assert not Event.objects.exists()


@pytest.mark.parametrize("reason", ["", "   "])
def test_an_override_needs_a_reason(staff_client, reason):
    booking = BookingFactory.create(confirmed=Status.CANCELLED)

    response = staff_client.post(page_of(booking), {"status_to": "2", "seen": "-1", "reason": reason})

    assert response.context["adminform"].form.errors.keys() == {"reason"}
    booking.refresh_from_db()
    assert booking.confirmed == Status.CANCELLED


def test_the_reason_of_an_override_stays_in_the_history(staff_client):
    booking = BookingFactory.create(confirmed=Status.CANCELLED)

    staff_client.post(page_of(booking), {"status_to": "2", "seen": "-1", "reason": "Оплата пришла"})

    booking.refresh_from_db()
    assert booking.confirmed == Status.CONFIRMED
    assert last_change(booking).reason == "Оплата пришла"


@pytest.mark.parametrize("to", ["1", "0", "7", "abc", "9" * 30])
def test_a_move_that_is_not_offered_is_refused(manager_client, to):
    booking = BookingFactory.create(confirmed=Status.CONFIRMED)

    response = manager_client.post(page_of(booking), {"status_to": to, "seen": "2"})

    assert response.context["adminform"].form.errors.keys() == {"status_to"}
    booking.refresh_from_db()
    assert booking.confirmed == Status.CONFIRMED


@pytest.mark.parametrize("seen", ["0", "", "abc", "9" * 30])
def test_somebody_elses_change_meanwhile_is_shown_with_both_values(manager_client, seen):
    booking = BookingFactory.create(confirmed=Status.CANCELLED)

    response = manager_client.post(page_of(booking), {"status_to": "2", "seen": seen})

    booking.refresh_from_db()
    assert booking.confirmed == Status.CANCELLED
    if seen in {"0", ""}:
        assertContains(response, "сейчас «Отменено», вы хотели «Подтверждено»")
        assertContains(response, '<input type="hidden" name="seen" value="-1" id="id_seen">', html=True)


def test_what_the_bot_wrote_is_not_changed_by_the_form(staff_client):
    booking = BookingFactory.create(confirmed=Status.PENDING, referral_code="A", discount_percent=10)
    form = {"status_to": "2", "seen": "1", "referral_code": "B", "discount_percent": "99", "telegram_user": "1"}

    staff_client.post(page_of(booking), form)

    after = Booking.objects.get()
    assert (after.referral_code, after.discount_percent) == ("A", 10)
    assert after.telegram_user_id == booking.telegram_user_id


def test_who_may_only_look_gets_no_form(client, booking):
    client.force_login(UserFactory.create(is_staff=True, permissions=["bookings.view_booking"]))

    page = client.get(page_of(booking))
    posted = client.post(page_of(booking), {"status_to": "2", "seen": "1"})

    assertNotContains(page, "status_to")
    assert posted.status_code == 403


# Many at once --------------------------------------------------------------------------------------------------------


def choose(client: Client, action: str, bookings: list[Booking], query: str = "") -> Any:
    return client.post(LIST + query, {"action": action, "_selected_action": [b.pk for b in bookings]})


@pytest.fixture
def four(db: None) -> list[Booking]:
    return [BookingFactory.create(confirmed=status) for status in (Status.PENDING, Status.NEW, Status.CANCELLED, None)]


def statuses(bookings: list[Booking]) -> list[int | None]:
    found = dict(Booking.objects.values_list("pk", "confirmed"))
    return [found[booking.pk] for booking in bookings]


def test_an_action_shows_first_what_would_happen_and_leads_back_to_its_list(manager_client, four):
    before = statuses(four)

    response = choose(manager_client, "confirm_bookings", four, query="?o=1")

    change = BulkChange.objects.get()
    assertRedirects(response, reverse("bookings:bulk_change", args=[change.pk]))
    assert (change.kind, change.value, change.next) == ("status", "2", f"{LIST}?o=1")
    assert sorted(change.rows.values_list("state", flat=True)) == ["ready", "ready", "ready", "refused"]
    assert statuses(four) == before


def test_an_action_gives_each_booking_its_result(manager_client, four):
    address = choose(manager_client, "cancel_bookings", four)["Location"]

    response = manager_client.post(address, follow=True)

    assertContains(response, "Уже «Отменено».")
    assert statuses(four) == [-1, -1, -1, -1]
    assert Event.objects.filter(event_type="booking_status_changed").count() == 3


def test_more_than_a_page_can_show_are_refused(manager_client, four, monkeypatch):
    monkeypatch.setattr("bookings.admin.AT_ONCE", 3)
    monkeypatch.setattr("bookings.services.bulk_changes.AT_ONCE", 3)

    response = choose(manager_client, "confirm_bookings", four)

    assertContains(manager_client.get(response["Location"]), "Не больше 3 бронирований за раз")
    assert not BulkChange.objects.exists()


def test_who_may_only_look_is_offered_no_actions(client, booking):
    client.force_login(UserFactory.create(is_staff=True, permissions=["bookings.view_booking"]))

    assertNotContains(client.get(LIST), "confirm_bookings")
    choose(client, "confirm_bookings", [booking])

    assert not BulkChange.objects.exists()


def test_a_row_is_named_by_its_number_and_its_person(staff_client):
    booking = BookingFactory.create(first_name="Вера")

    for name in ("change", "delete"):
        page = staff_client.get(reverse(f"admin:bookings_booking_{name}", args=[booking.pk]))
        assertContains(page, f"№\u00a0{booking.pk}, Вера")
        assertNotContains(page, f"#{booking.pk}")
