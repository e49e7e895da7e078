"""Courses, streams, bookings, payments, free lessons, coupons and the hackathon; one noun per module."""

from bookings.models.bookings import Booking, BookingCount, BookingStatus, status_label, status_of
from bookings.models.bulk import BulkChange, BulkRow
from bookings.models.changes import BookingChange
from bookings.models.confirmations import Confirmation
from bookings.models.coupons import ReferralCoupon, ReferralUsage
from bookings.models.courses import Course, Currency, Stream
from bookings.models.hackathon import HackathonRegistration
from bookings.models.incoming import IncomingPayment
from bookings.models.lessons import FreeLessonRegistration, LessonSteps, PersonToStep
from bookings.models.payments import BookingMoney, MoneyDay, MoneyMark, Payment, PaymentSource
from bookings.models.waiting import PaymentMark, PaymentRules, WaitingPayment

__all__ = [
    "Booking",
    "BookingChange",
    "BookingCount",
    "BookingMoney",
    "BookingStatus",
    "BulkChange",
    "BulkRow",
    "Confirmation",
    "Course",
    "Currency",
    "FreeLessonRegistration",
    "HackathonRegistration",
    "IncomingPayment",
    "LessonSteps",
    "MoneyDay",
    "MoneyMark",
    "Payment",
    "PaymentMark",
    "PaymentRules",
    "PaymentSource",
    "PersonToStep",
    "ReferralCoupon",
    "ReferralUsage",
    "Stream",
    "WaitingPayment",
    "status_label",
    "status_of",
]
