"""Bookings that staff make: no second one by accident, no place taken unnoticed, no coupon used too often."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from bookings.models import Booking, ReferralCoupon
from bookings.services.coupons import CouponRefused
from bookings.services.doubles import ActiveBookingExists
from bookings.services.editing import UnknownStream
from bookings.services.making import create_booking
from bookings.services.places import StreamFull
from hsl_dashboard.db import run_sql
from messaging.models import Outbox
from tests.bookings.test_services import wait_until_a_connection_waits_for_a_lock
from tests.factories import (
    BookingFactory,
    CourseFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import Event

Status = Booking.Status
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def manager(db):
    return UserFactory.create(permissions=["bookings.add_booking"])


@pytest.fixture
def person(db):
    return TelegramUserFactory.create()


def book(person, by, **more):
    more.setdefault("course", CourseFactory.create())
    return create_booking(**{"person": person, "stream_code": "", "status": Status.PENDING, "by": by, "at": AT, **more})


def test_a_booking_is_made_as_asked(manager, person):
    made = book(person, manager, stream_code="8th_stream", status=Status.NEW, discount_percent=15)

    booking = Booking.objects.get()
    assert booking == made
    assert (booking.course_stream, booking.confirmed, booking.discount_percent) == ("8th_stream", Status.NEW, 15)
    assert (booking.telegram_user, booking.first_name, booking.created_at) == (person, "Анна", AT)


def test_without_a_stream_it_does_not_get_the_one_that_the_bot_takes(manager, person):
    assert book(person, manager).course_stream is None
    assert Booking.objects.get().course_stream is None


def test_it_leaves_the_event_that_the_bot_leaves_and_names_its_maker(manager, person):
    booking = book(person, manager, reason="по телефону")

    event = Event.objects.get(telegram_user=person)
    audit = booking.events.select_related("pgh_context").get()
    assert event.event_type == "booking_created"
    assert event.details == {"booking_id": booking.pk, "course_id": booking.course_id, "by_staff": True}
    assert (audit.pgh_context.metadata["user"], audit.pgh_context.metadata["reason"]) == (manager.pk, "по телефону")


def test_a_stream_must_be_described_for_the_course(manager, person):
    with pytest.raises(UnknownStream):
        book(person, manager, stream_code="nobody_knows")


# A second booking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.NEW, Status.PENDING, Status.CONFIRMED, None, 7])
def test_a_second_active_booking_of_a_course_is_refused_and_named(manager, person, status):
    first = BookingFactory.create(telegram_user=person, confirmed=status)

    with pytest.raises(ActiveBookingExists) as refused:
        book(person, manager)

    assert refused.value.booking == first
    assert not refused.value.may_override


def test_a_cancelled_booking_and_another_course_are_no_obstacle(manager, person):
    BookingFactory.create(telegram_user=person, confirmed=Status.CANCELLED)
    BookingFactory.create(telegram_user=person, course=CourseFactory.create(name="Другой курс"))

    book(person, manager)

    assert Booking.objects.count() == 3


@pytest.mark.parametrize(
    ("permission", "reason", "second", "made"),
    [
        ("bookings.override_status", "для брата", True, True),
        ("bookings.override_status", "  ", True, False),
        ("bookings.override_status", "для брата", False, False),
        ("bookings.add_booking", "для брата", True, False),
    ],
)
def test_a_second_one_needs_the_permission_the_wish_and_a_reason(person, permission, reason, second, made):
    BookingFactory.create(telegram_user=person)
    by = UserFactory.create(permissions=[permission])

    if made:
        book(person, by, reason=reason, second=second)
    else:
        with pytest.raises(ActiveBookingExists):
            book(person, by, reason=reason, second=second)

    assert Booking.objects.count() == 1 + made


@pytest.mark.django_db(transaction=True)
def test_of_two_staff_at_once_the_second_is_told_of_the_first_ones_booking():
    person, course = TelegramUserFactory.create(), CourseFactory.create()
    first, second = UserFactory.create_batch(2)
    written, may_commit = threading.Event(), threading.Event()

    def on_its_own_connection(work):
        try:
            return work()
        finally:
            connections.close_all()

    def book_and_wait():
        with transaction.atomic():
            booking = book(person, first, course=course)
            written.set()
            assert may_commit.wait(10)
        return booking

    with ThreadPoolExecutor(2) as both:
        one = both.submit(on_its_own_connection, book_and_wait)
        assert written.wait(10)
        other = both.submit(on_its_own_connection, lambda: book(person, second, course=course))
        wait_until_a_connection_waits_for_a_lock()
        may_commit.set()
        booking = one.result(10)
        with pytest.raises(ActiveBookingExists) as refused:
            other.result(10)

    assert refused.value.booking == booking
    assert Booking.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_bot_books_freely_while_staff_are_at_it():
    person, course, by = TelegramUserFactory.create(), CourseFactory.create(), UserFactory.create()
    inserted = threading.Event()

    def the_bot():
        try:
            run_sql("SET lock_timeout = '2s'")
            run_sql("INSERT INTO bookings (user_id, course_id) VALUES (%s, %s)", [person.pk, course.pk])
            inserted.set()
        finally:
            connections.close_all()

    with transaction.atomic():
        book(person, by, course=course)
        with ThreadPoolExecutor(1) as bot:
            bot.submit(the_bot).result(10)

    assert inserted.is_set()
    assert Booking.objects.count() == 2


# Places and coupons ---------------------------------------------------------------------------------------------------


def test_a_full_stream_warns_with_its_numbers(manager, person):
    StreamFactory.create(code="9th_stream", capacity=2)
    BookingFactory.create_batch(2, course_stream="9th_stream", confirmed=Status.CONFIRMED)
    BookingFactory.create(course_stream="9th_stream", confirmed=Status.PENDING)

    with pytest.raises(StreamFull) as full:
        book(person, manager, stream_code="9th_stream")

    assert (full.value.taken, full.value.capacity) == (2, 2)
    assert not Booking.objects.filter(telegram_user=person).exists()


def test_a_full_stream_takes_one_more_with_a_reason(manager, person):
    StreamFactory.create(code="9th_stream", capacity=0)

    with pytest.raises(StreamFull):
        book(person, manager, stream_code="9th_stream", overbook=True, reason=" ")
    made = book(person, manager, stream_code="9th_stream", overbook=True, reason="двое на одном месте")

    assert made.course_stream == "9th_stream"


def test_a_coupon_is_counted_and_gives_its_discount(manager, person):
    coupon = ReferralCouponFactory.create(code="FRIEND10", discount_percent=10)

    booking = book(person, manager, referral_code="friend10")

    coupon.refresh_from_db()
    assert (booking.referral_code, booking.discount_percent, coupon.current_activations) == ("FRIEND10", 10, 1)
    assert booking.coupon_usages.get().coupon == coupon


def test_a_discount_of_its_own_wins_over_the_coupons(manager, person):
    ReferralCouponFactory.create(code="FRIEND10", discount_percent=10)

    assert book(person, manager, referral_code="FRIEND10", discount_percent=0).discount_percent == 0


@pytest.mark.parametrize("coupon", [None, {"is_active": 0}, {"current_activations": 5, "max_activations": 5}])
def test_a_coupon_that_cannot_be_used_makes_no_booking(manager, person, coupon):
    if coupon:
        ReferralCouponFactory.create(code="CODE", **coupon)

    with pytest.raises(CouponRefused):
        book(person, manager, referral_code="CODE")

    assert not Booking.objects.exists()
    assert not ReferralCoupon.objects.filter(current_activations__gt=5).exists()


@pytest.mark.django_db(transaction=True)
def test_the_last_use_of_a_coupon_goes_to_one_of_two():
    ReferralCouponFactory.create(code="LAST", max_activations=1)
    people, by, course = TelegramUserFactory.create_batch(2), UserFactory.create(), CourseFactory.create()

    def try_it(person):
        try:
            book(person, by, course=course, referral_code="LAST")
        except CouponRefused:
            return "refused"
        finally:
            connections.close_all()
        return "booked"

    with ThreadPoolExecutor(2) as both:
        outcomes = sorted(both.map(try_it, people))

    assert outcomes == ["booked", "refused"]
    assert ReferralCoupon.objects.get().current_activations == 1
    assert Booking.objects.count() == 1


def test_the_student_is_told_when_asked(manager, person):
    StreamFactory.create()

    book(person, manager, stream_code="8th_stream", notify=True)

    assert Outbox.objects.get().message_text == ("Здравствуйте, Анна! Вы записаны на курс «Вайб кодинг», 8-й поток.")
