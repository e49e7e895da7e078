"""Bookings that staff make for a person, with guards against duplicates and overbooking."""

from datetime import datetime

import pghistory
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Course, Stream
from bookings.notices import NoticeKind, queue_notice
from bookings.services.coupons import require_usable, use_coupon
from bookings.services.doubles import require_no_active_booking
from bookings.services.editing import UnknownStream
from bookings.services.places import require_place
from users.models import Event, TelegramUser, User

STARTS_AS = (Booking.Status.PENDING, Booking.Status.NEW)
BOOKING_CREATED = "booking_created"  # as the bot calls it


def create_booking(
    *,
    person: TelegramUser,
    course: Course,
    stream_code: str,
    status: Booking.Status,
    by: User,
    at: datetime,
    discount_percent: int | None = None,
    referral_code: str = "",
    reason: str = "",
    second: bool = False,
    overbook: bool = False,
    notify: bool = False,
) -> Booking:
    """Book a course for a person. Without a discount of its own it gets the coupon's.

    ``second`` allows another active booking of the course, with the override permission and a reason; ``overbook``
    allows a booking in a full stream, with a reason.

    Raises:
        ActiveBookingExists: as above (bookings.services.doubles).
        StreamFull: the stream has no place left (bookings.services.places).
        UnknownStream: the course has no described stream with this code.
        CouponRefused: the coupon cannot be used (bookings.services.coupons).
    """
    assert status in STARTS_AS
    with transaction.atomic(), pghistory.context(user=by.pk, reason=reason.strip()):
        wanted = Booking(telegram_user=person, course=course)
        require_no_active_booking(wanted, by=by, allowed=second and bool(reason.strip()))
        if stream_code and not Stream.objects.filter(course=course, code=stream_code).exists():
            raise UnknownStream(_("This course has no described stream with this code."))
        coupon = require_usable(referral_code) if referral_code else None
        if discount_percent is None:
            discount_percent = coupon.discount_percent if coupon else 0
        booking = Booking.objects.create(
            telegram_user=person,
            username=person.username,
            first_name=person.first_name,
            course=course,
            course_stream=stream_code or None,
            confirmed=status,
            referral_code=coupon.code if coupon else None,
            discount_percent=discount_percent,
            created_at=at,
        )
        require_place(booking, overbook=overbook, reason=reason)
        if coupon:
            use_coupon(coupon=coupon, booking=booking)
        details = {"booking_id": booking.pk, "course_id": course.pk, "by_staff": True}
        Event.objects.create(telegram_user=person, event_type=BOOKING_CREATED, details=details, created_at=at)
        if notify:
            queue_notice(booking=booking, kind=NoticeKind.CREATED, by=by, at=at)
    return booking
