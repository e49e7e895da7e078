"""Moves between statuses: who may, what is written, and who wins."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import product

import pytest
from django.db import connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Booking
from bookings.services.statuses import (
    OVERRIDE_PERMISSION,
    BookingChanged,
    BookingGone,
    ReasonMissing,
    TransitionNotAllowed,
    change_booking_status,
    moves_for,
)
from tests.database_roles import owner_role
from tests.factories import BookingFactory, UserFactory
from users.models import Event

NEW, PENDING, CONFIRMED, CANCELLED = 0, 1, 2, -1
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

# The customer's diagram, written out once more by hand.
PLAIN = {
    (NEW, PENDING),
    (NEW, CONFIRMED),
    (NEW, CANCELLED),
    (PENDING, CONFIRMED),
    (PENDING, CANCELLED),
    (CONFIRMED, CANCELLED),
}
AGAINST_THE_DIAGRAM = {(CANCELLED, PENDING), (CANCELLED, CONFIRMED), (CONFIRMED, PENDING)}
FROM = [NEW, PENDING, CONFIRMED, CANCELLED, None, 7, 99, -2, 2**31 - 1, -(2**31)]
TO = [NEW, PENDING, CONFIRMED, CANCELLED, 7, -2]


def is_plain(was, to):
    unexplained = was not in {NEW, PENDING, CONFIRMED, CANCELLED}
    return (was, to) in PLAIN or (unexplained and to in {PENDING, CONFIRMED, CANCELLED})


class Staff:
    """Somebody who has exactly these permissions."""

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def has_perm(self, perm: str, /) -> bool:
        return perm in self.permissions


@pytest.fixture
def manager(db):
    return UserFactory.create(permissions=["bookings.change_booking"])


@pytest.fixture
def administrator(db):
    return UserFactory.create(permissions=["bookings.change_booking", OVERRIDE_PERMISSION])


def changes(booking):
    return Event.objects.filter(event_type="booking_status_changed", details__booking_id=booking.pk)


@pytest.mark.parametrize(("was", "to"), [*product(FROM, TO)])
def test_a_manager_makes_exactly_the_moves_of_the_diagram(manager, was, to):
    booking = BookingFactory.create(confirmed=was)

    if is_plain(was, to):
        change_booking_status(booking=booking, to=to, by=manager, at=AT)
    else:
        with pytest.raises(TransitionNotAllowed):
            change_booking_status(booking=booking, to=to, by=manager, at=AT, reason="because")

    booking.refresh_from_db()
    assert booking.confirmed == (to if is_plain(was, to) else was)
    assert changes(booking).count() == is_plain(was, to)


@pytest.mark.parametrize(("was", "to"), [*product(FROM, TO)])
def test_the_override_permission_adds_exactly_three_moves_and_asks_for_a_reason(administrator, was, to):
    booking = BookingFactory.create(confirmed=was)
    against = (was, to) in AGAINST_THE_DIAGRAM

    if is_plain(was, to):
        change_booking_status(booking=booking, to=to, by=administrator, at=AT)
    else:
        with pytest.raises(ReasonMissing if against else TransitionNotAllowed):
            change_booking_status(booking=booking, to=to, by=administrator, at=AT, reason=" \n ")
        assert not changes(booking).exists()
    if against:
        change_booking_status(booking=booking, to=to, by=administrator, at=AT, reason="paid after all")

    booking.refresh_from_db()
    assert booking.confirmed == (to if is_plain(was, to) or against else was)


def test_the_event_has_the_details_that_the_bot_writes(manager, booking):
    change_booking_status(booking=booking, to=CONFIRMED, by=manager, at=AT)

    event = changes(booking).get()
    assert event.telegram_user_id == booking.telegram_user_id
    assert event.created_at == AT
    assert event.details == {
        "booking_id": booking.pk,
        "old_status": PENDING,
        "new_status": CONFIRMED,
        "old_status_name": "payment_uploaded",
        "new_status_name": "approved",
    }


@pytest.mark.parametrize(
    ("was", "to", "names"),
    [
        (NEW, PENDING, ("pending", "payment_uploaded")),
        (PENDING, CANCELLED, ("payment_uploaded", "cancelled")),
        (None, CONFIRMED, ("unknown", "approved")),
        (99, CONFIRMED, ("unknown", "approved")),
    ],
)
def test_the_event_names_statuses_as_the_bot_does(manager, was, to, names):
    booking = BookingFactory.create(confirmed=was)

    change_booking_status(booking=booking, to=to, by=manager, at=AT)

    details = changes(booking).get().details
    assert (details["old_status_name"], details["new_status_name"]) == names
    assert details["old_status"] == was


def test_the_history_names_who_and_why(administrator):
    booking = BookingFactory.create(confirmed=CANCELLED)

    change_booking_status(booking=booking, to=CONFIRMED, by=administrator, at=AT, reason="  refund was a mistake ")

    newest = booking.changes.latest("pk")
    assert (newest.was, newest.status) == (CANCELLED, CONFIRMED)
    assert (newest.changed_by, newest.reason, newest.origin) == (administrator, "refund was a mistake", "service")


def test_a_change_that_somebody_else_made_first_is_not_overwritten(manager, booking):
    Booking.objects.filter(pk=booking.pk).update(confirmed=CANCELLED)

    with pytest.raises(BookingChanged) as changed:
        change_booking_status(booking=booking, to=CONFIRMED, by=manager, at=AT)

    assert (changed.value.theirs, changed.value.yours) == (CANCELLED, CONFIRMED)
    booking.refresh_from_db()
    assert booking.confirmed == CANCELLED
    assert not changes(booking).exists()


@pytest.mark.parametrize(("seen", "now"), [(None, NEW), (NEW, None), (PENDING, NEW), (99, None)])
def test_what_staff_saw_decides_also_where_it_was_empty(manager, seen, now):
    booking = BookingFactory.create(confirmed=now)

    with pytest.raises(BookingChanged) as changed:
        change_booking_status(booking=booking, to=CONFIRMED, by=manager, at=AT, expected=seen)

    assert changed.value.theirs == now


def test_a_deleted_booking_is_said_to_be_gone(manager, booking):
    Booking.objects.filter(pk=booking.pk).delete()

    with pytest.raises(BookingGone):
        change_booking_status(booking=booking, to=CONFIRMED, by=manager, at=AT)


def test_a_change_that_fails_later_leaves_neither_status_nor_event(manager, booking):
    def change_and_stumble():
        with transaction.atomic():
            change_booking_status(booking=booking, to=CONFIRMED, by=manager, at=AT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_stumble()

    assert Booking.objects.get(pk=booking.pk).confirmed == PENDING
    assert not changes(booking).exists()


def on_its_own_connection(work):
    try:
        return work()
    finally:
        connections.close_all()


def wait_until_a_connection_waits_for_a_lock():
    with owner_role(), connection.cursor() as cursor:  # others see less of a session
        for _ in range(200):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited for the lock")


@pytest.mark.django_db(transaction=True)
def test_of_two_staff_at_once_one_wins_and_the_other_is_told():
    booking = BookingFactory.create(confirmed=PENDING)
    first, second = UserFactory.create_batch(2, permissions=["bookings.change_booking"])
    written, may_commit = threading.Event(), threading.Event()

    def confirm():
        with transaction.atomic():
            change_booking_status(booking=Booking.objects.get(pk=booking.pk), to=CONFIRMED, by=first, at=AT)
            written.set()
            assert may_commit.wait(10)

    def cancel():
        change_booking_status(booking=booking, to=CANCELLED, by=second, at=AT)

    with ThreadPoolExecutor(2) as both:
        confirming = both.submit(on_its_own_connection, confirm)
        assert written.wait(10)
        cancelling = both.submit(on_its_own_connection, cancel)
        wait_until_a_connection_waits_for_a_lock()
        may_commit.set()
        confirming.result(10)
        with pytest.raises(BookingChanged) as changed:
            cancelling.result(10)

    assert (changed.value.theirs, changed.value.yours) == (CONFIRMED, CANCELLED)
    assert Booking.objects.get(pk=booking.pk).confirmed == CONFIRMED
    assert changes(booking).count() == 1


def everybody_may():
    return st.sampled_from([Staff(), Staff(OVERRIDE_PERMISSION)])


@given(was=st.none() | st.integers(-(2**31), 2**31 - 1) | st.sampled_from(FROM), by=everybody_may())
def test_nobody_is_offered_the_present_status_nor_new(was, by):
    offered = [move.to for move in moves_for(was, by=by)]

    assert was not in offered
    assert NEW not in offered
    assert len(offered) == len(set(offered))


@given(was=st.none() | st.sampled_from(FROM), by=everybody_may())
def test_every_move_that_cannot_be_taken_back_asks_first(was, by):
    for move in moves_for(was, by=by):
        way_back = {back.to for back in moves_for(move.to, by=by)}
        if was in {PENDING, CONFIRMED, CANCELLED} and was not in way_back:
            assert move.asks, (was, move)
        if move.to == CANCELLED or (was, move.to) in AGAINST_THE_DIAGRAM:
            assert move.asks


def test_a_new_request_goes_to_pending_without_a_question():
    pending = moves_for(NEW, by=Staff())[0]

    assert pending.to == PENDING
    assert not pending.asks


def test_whoever_may_take_it_back_confirms_without_a_question():
    asked = {by: moves_for(PENDING, by=Staff(*by))[0].asks for by in [(), (OVERRIDE_PERMISSION,)]}

    assert asked == {(): True, (OVERRIDE_PERMISSION,): False}
