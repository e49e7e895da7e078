"""Courses and their streams, bookings of them, free lessons, coupons and the hackathon; one noun per module."""

from bookings.models.bookings import Booking, BookingStatus, status_label, status_of
from bookings.models.bulk import BulkChange, BulkRow
from bookings.models.changes import BookingChange
from bookings.models.confirmations import Confirmation
from bookings.models.coupons import ReferralCoupon, ReferralUsage
from bookings.models.courses import Course, Stream
from bookings.models.hackathon import HackathonRegistration
from bookings.models.lessons import FreeLessonRegistration

__all__ = [
    "Booking",
    "BookingChange",
    "BookingStatus",
    "BulkChange",
    "BulkRow",
    "Confirmation",
    "Course",
    "FreeLessonRegistration",
    "HackathonRegistration",
    "ReferralCoupon",
    "ReferralUsage",
    "Stream",
    "status_label",
    "status_of",
]
