"""A booking's status in the Django admin: the school's rules, alone and for many at once."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking
from tests.factories import BookingFactory, UserFactory
from users.models import Event, User

Status = Booking.Status
LIST = "/admin/bookings/booking/"


@pytest.fixture
def manager(db: None) -> User:
    """Somebody who may change bookings, and override nothing."""
    return UserFactory.create(is_staff=True, permissions=["bookings.view_booking", "bookings.change_booking"])


@pytest.fixture
def manager_client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def page_of(booking: Booking) -> str:
    return reverse("admin:bookings_booking_change", args=[booking.pk])


def history_of(booking: Booking) -> Any:
    return apps.get_model("bookings", "BookingEvent")._default_manager.filter(pgh_obj=booking).order_by("pgh_id")


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

    response = manager_client.post(page_of(booking), {"status_to": "2", "seen": "1"})

    assertRedirects(response, LIST)
    booking.refresh_from_db()
    assert booking.confirmed == Status.CONFIRMED
    assert Event.objects.get(event_type="booking_status_changed").details["new_status"] == 2  # type: ignore[index]
    assert history_of(booking).last().pgh_context.metadata["user"] == manager.pk


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
    assert history_of(booking).last().pgh_context.metadata["reason"] == "Оплата пришла"


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


def choose(client: Client, action: str, bookings: list[Booking], **form: Any) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [b.pk for b in bookings], **form})


@pytest.fixture
def four(db: None) -> list[Booking]:
    return [BookingFactory.create(confirmed=status) for status in (Status.PENDING, Status.NEW, Status.CANCELLED, None)]


def statuses(bookings: list[Booking]) -> list[int | None]:
    found = dict(Booking.objects.values_list("pk", "confirmed"))
    return [found[booking.pk] for booking in bookings]


def test_the_first_page_says_what_would_happen_and_changes_nothing(manager_client, four):
    before = statuses(four)

    response = choose(manager_client, "confirm_bookings", four)

    assertContains(response, "3 бронирования из 4 перейдут в «Подтверждено»")
    assertContains(response, "только с правом менять статус")
    assert statuses(four) == before


def test_each_booking_is_changed_on_its_own_and_refused_ones_are_named(manager_client, four):
    seen = [f"{b.pk}:{'' if b.confirmed is None else b.confirmed}" for b in four]

    response = choose(manager_client, "confirm_bookings", four, sure="True", seen=seen)

    assertContains(response, "3 бронирования из 4 переведены в «Подтверждено»")
    assertContains(response, "Не изменено.", count=1)
    assert statuses(four) == [2, 2, -1, 2]
    assert Event.objects.filter(event_type="booking_status_changed").count() == 3


def test_a_booking_changed_meanwhile_is_named_and_kept(manager_client, four):
    seen = [f"{b.pk}:{'' if b.confirmed is None else b.confirmed}" for b in four]
    Booking.objects.filter(pk=four[0].pk).update(confirmed=Status.CANCELLED)

    response = choose(manager_client, "confirm_bookings", four, sure="True", seen=seen)

    assertContains(response, "сейчас «Отменено», вы хотели «Подтверждено»")
    assert statuses(four)[0] == Status.CANCELLED


def test_posting_the_result_again_changes_nothing_more(manager_client, four):
    seen = [f"{b.pk}:{'' if b.confirmed is None else b.confirmed}" for b in four]
    choose(manager_client, "cancel_bookings", four, sure="True", seen=seen)

    choose(manager_client, "cancel_bookings", four, sure="True", seen=seen)

    assert statuses(four) == [-1, -1, -1, -1]
    assert Event.objects.filter(event_type="booking_status_changed").count() == 3


def test_overrides_in_bulk_need_a_reason(staff_client, four):
    seen = [f"{b.pk}:{'' if b.confirmed is None else b.confirmed}" for b in four]

    refused = choose(staff_client, "confirm_bookings", four, sure="True", seen=seen)
    assert statuses(four) == [1, 0, -1, None]
    done = choose(staff_client, "confirm_bookings", four, sure="True", seen=seen, reason="Оплатили все")

    assertContains(refused, "Напишите почему")
    assertContains(done, "4 бронирования из 4")
    assert statuses(four) == [2, 2, 2, 2]


@pytest.mark.parametrize("seen", [["abc"], ["1"], ["9" * 40 + ":1"], [":"]])
def test_a_garbled_second_step_falls_back_to_the_status_now(manager_client, four, seen):
    response = choose(manager_client, "confirm_bookings", four, sure="True", seen=seen)

    assert response.status_code == 200
    assert statuses(four) == [2, 2, -1, 2]


def test_more_than_a_page_can_show_are_refused(manager_client, four, monkeypatch):
    monkeypatch.setattr("bookings.admin.AT_ONCE", 3)

    response = choose(manager_client, "confirm_bookings", four)

    assert response.status_code == 302
    assert statuses(four) == [1, 0, -1, None]


def test_who_may_only_look_is_offered_no_actions(client, booking):
    client.force_login(UserFactory.create(is_staff=True, permissions=["bookings.view_booking"]))

    assertNotContains(client.get(LIST), "confirm_bookings")
    choose(client, "confirm_bookings", [booking], sure="True")

    assert statuses([booking]) == [Status.PENDING]
