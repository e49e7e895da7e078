"""E2: places are guarded in one service: every way warns with the numbers, and goes on with a reason."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from bookings.models import Booking, BulkRow
from bookings.services.bulk_changes import (
    overbooking_of,
    prepare_bulk_change,
    targets_of_bookings,
)
from bookings.services.bulk_making import Terms, make_bulk_change
from bookings.services.editing import Values, edit_booking
from bookings.services.places import StreamFull
from bookings.services.statuses import change_booking_status
from tests.bookings.test_services import wait_until_a_connection_waits_for_a_lock
from tests.factories import BookingFactory, StreamFactory, UserFactory

FULL = "9-й поток: подтверждено 1 из 1 мест."
LIST = reverse("bookings:booking_list")


@pytest.fixture
def full_stream(db):
    stream = StreamFactory.create(code="9th_stream", name="9-й поток", capacity=1)
    BookingFactory.create(course_stream="9th_stream", confirmed=2)
    return stream


@pytest.fixture
def waiting(full_stream):
    """Somebody who has not paid yet, in the full stream."""
    return BookingFactory.create(course_stream="9th_stream", confirmed=1)


def change(booking, by, to=2, **more):
    change_booking_status(booking=booking, to=to, by=by, at=timezone.now(), **more)


def edit(booking, by, **values):
    more = {name: values.pop(name) for name in ("overbook", "reason") if name in values}
    seen = Values.of(booking)
    edit_booking(booking=booking, to=Values(**{**vars(seen), **values}), seen=seen, by=by, at=timezone.now(), **more)


# The guard ------------------------------------------------------------------------------------------------------------


def test_E2_confirming_in_a_full_stream_is_refused_with_the_numbers(staff, waiting):
    with pytest.raises(StreamFull, match=FULL):
        change(waiting, staff)
    assert Booking.objects.get(pk=waiting.pk).confirmed == 1


@pytest.mark.parametrize("more", [{"overbook": True}, {"overbook": True, "reason": "  "}, {"reason": "друг"}])
def test_E2_it_takes_the_wish_and_a_reason(staff, waiting, more):
    with pytest.raises(StreamFull):
        change(waiting, staff, **more)

    change(waiting, staff, overbook=True, reason="друг школы")

    assert Booking.objects.get(pk=waiting.pk).confirmed == 2


def test_E2_other_moves_take_no_place(staff, waiting):
    change(waiting, staff, to=-1)

    assert Booking.objects.get(pk=waiting.pk).confirmed == -1


def test_E2_a_stream_without_a_capacity_or_description_has_room(staff):
    StreamFactory.create(code="9th_stream", capacity=None)
    for code in ("9th_stream", "nobody_knows", None):
        booking = BookingFactory.create(course_stream=code)
        change(booking, staff)
        assert booking.confirmed == 2


@pytest.mark.parametrize("confirmed", [0, 1, 2, None])
def test_E2_moving_into_a_full_stream_is_refused_whatever_the_status(staff, full_stream, confirmed):
    booking = BookingFactory.create(course_stream=None, confirmed=confirmed)

    with pytest.raises(StreamFull):
        edit(booking, staff, course_stream="9th_stream")
    edit(booking, staff, course_stream="9th_stream", overbook=True, reason="друг школы")

    assert Booking.objects.get(pk=booking.pk).course_stream == "9th_stream"


def test_E2_a_cancelled_booking_asks_for_no_place(staff, full_stream):
    booking = BookingFactory.create(course_stream=None, confirmed=-1)

    edit(booking, staff, course_stream="9th_stream")

    assert Booking.objects.get(pk=booking.pk).course_stream == "9th_stream"


def test_E2_who_is_confirmed_in_a_full_stream_may_be_edited(staff, full_stream):
    booking = Booking.objects.get(confirmed=2)

    edit(booking, staff, discount_percent=10)

    assert Booking.objects.get(pk=booking.pk).discount_percent == 10


@pytest.mark.django_db(transaction=True)
def test_E2_of_two_at_once_only_one_gets_the_last_place():
    staff = UserFactory.create(permissions=["bookings.change_booking"])
    StreamFactory.create(code="9th_stream", capacity=1)
    first, second = BookingFactory.create_batch(2, course_stream="9th_stream", confirmed=1)
    has_changed, may_commit = threading.Event(), threading.Event()

    def confirm(booking, hold):
        try:
            with transaction.atomic():
                change(booking, staff)
                if hold:
                    has_changed.set()
                    may_commit.wait(10)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as both:
        quick = both.submit(confirm, first, True)
        assert has_changed.wait(10)
        slow = both.submit(confirm, second, False)
        wait_until_a_connection_waits_for_a_lock()
        may_commit.set()
        results = [quick.exception(10), slow.exception(10)]

    assert sorted(type(result).__name__ for result in results) == ["NoneType", "StreamFull"]
    assert Booking.objects.confirmed().count() == 1


# Every way to it ------------------------------------------------------------------------------------------------------


def test_E2_the_choice_of_a_status_warns_before_the_click(staff_client, waiting):
    assertContains(staff_client.get(reverse("bookings:booking_status", args=[waiting.pk])), FULL)


def test_E2_the_status_form_warns_and_goes_on_with_a_reason(staff_client, waiting):
    address = reverse("bookings:booking_status", args=[waiting.pk])
    sent = {"to": 2, "expected": 1, "next": LIST, "sure": 1}

    warned = staff_client.post(address, sent)
    unreasoned = staff_client.post(address, sent | {"overbook": "on", "reason": " "})

    assertContains(warned, FULL, status_code=422)
    assertContains(warned, '<input type="hidden" name="overbook" value="on">', status_code=422, html=True)
    assertContains(unreasoned, "Укажите причину", status_code=422)
    staff_client.post(address, sent | {"overbook": "on", "reason": "друг школы"})
    assert Booking.objects.get(pk=waiting.pk).confirmed == 2


def test_E2_the_admin_warns_and_goes_on_with_a_reason(staff_client, waiting):
    address = reverse("admin:bookings_booking_change", args=[waiting.pk])
    assertContains(staff_client.get(address), FULL)

    refused = staff_client.post(address, {"status_to": 2, "seen": 1, "reason": ""})
    assertContains(refused, "Укажите причину")
    staff_client.post(address, {"status_to": 2, "seen": 1, "reason": "друг школы"})

    assert Booking.objects.get(pk=waiting.pk).confirmed == 2


def test_E2_the_form_of_a_booking_warns_and_goes_on_with_a_reason(staff_client, full_stream):
    booking = BookingFactory.create(course_stream=None)
    address = reverse("bookings:booking_edit", args=[booking.telegram_user_id, booking.pk])
    seen = staff_client.get(address).context["form"]["seen"].value()
    sent = {"seen": seen, "course_stream": "9th_stream", "confirmed": 1, "discount_percent": 0}

    assertContains(staff_client.post(address, sent), FULL, status_code=422)
    staff_client.post(address, sent | {"overbook": "on", "reason": "друг школы"})

    assert Booking.objects.get(pk=booking.pk).course_stream == "9th_stream"


def test_E2_changing_the_stream_of_a_person_warns_and_goes_on_with_a_reason(staff_client, full_stream):
    booking = BookingFactory.create(course_stream=None)
    address = reverse("bookings:person_stream", args=[booking.telegram_user_id])
    sent = {"to": "9th_stream", "booking": booking.pk}

    assertContains(staff_client.post(address, sent), FULL, status_code=422)
    staff_client.post(address, sent | {"overbook": "on", "reason": "друг школы"})

    assert Booking.objects.get(pk=booking.pk).course_stream == "9th_stream"


# Many at once ---------------------------------------------------------------------------------------------------------


def prepared(staff, kind, value, bookings):
    return prepare_bulk_change(
        kind=kind, value=value, targets=targets_of_bookings(bookings), by=staff, at=timezone.now()
    )


def test_E2_a_bulk_confirmation_names_the_streams_that_it_would_overbook(staff, staff_client, full_stream, waiting):
    roomy = BookingFactory.create(course_stream=StreamFactory.create(code="10th_stream", capacity=5).code)
    change = prepared(staff, "status", "2", [waiting, roomy])
    address = reverse("bookings:bulk_change", args=[change.pk])

    assert overbooking_of(change) == [(full_stream, 2)]
    assertContains(staff_client.get(address), "В потоке «9-й поток» мест: 1, а подтверждённых бронирований станет 2")
    assert staff_client.post(address, {"overbook": "on"}).status_code == 422  # no reason
    assertContains(staff_client.post(address, {"reason": "друзья"}), "Места уже заняли", status_code=422)

    staff_client.post(address, {"overbook": "on", "reason": "друзья"})

    assert Booking.objects.confirmed().count() == 3


@pytest.mark.parametrize(("confirmed", "warns"), [(2, True), (1, True), (-1, False)])
def test_E2_a_bulk_move_asks_for_places_as_a_single_one_does(staff, full_stream, confirmed, warns):
    booking = BookingFactory.create(course_stream=None, confirmed=confirmed)

    change = prepared(staff, "stream", "9th_stream", [booking])

    assert bool(overbooking_of(change)) is warns


def test_E2_places_taken_since_the_preview_stop_only_the_rows_that_find_none(staff):
    StreamFactory.create(code="9th_stream", name="9-й поток", capacity=1)
    first, second = BookingFactory.create_batch(2, course_stream="9th_stream", confirmed=1)
    change = prepared(staff, "status", "2", [first, second])

    make_bulk_change(change=change, terms=Terms(by=staff, at=timezone.now()))

    assert list(change.rows.values_list("state", "note")) == [
        (BulkRow.State.DONE, ""),
        (BulkRow.State.FAILED, FULL),
    ]
