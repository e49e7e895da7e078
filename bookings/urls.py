"""Addresses of courses, streams and bookings."""

from django.urls import include, path, register_converter
from django.urls.converters import PathConverter

import users.converters  # noqa: F401  registers <telegram_id:…>
from bookings.lessons import views as lessons
from bookings.money import views as money
from bookings.payments import views as payments
from bookings.referrals import views as referrals
from bookings.views import (
    bookings,
    bulk,
    describing,
    edit,
    emails,
    exports,
    mending,
    notices,
    placing,
    quality,
    status,
    streams,
    workshops,
)


class StreamCodeConverter(PathConverter):
    """Any text that the bot may write as a stream, with slashes and line breaks."""

    regex = r"[\s\S]+"


register_converter(StreamCodeConverter, "stream_code")

app_name = "bookings"

urlpatterns = [
    path("workshops/", workshops.workshop_list, name="workshop_list"),
    path("workshops/stream/<stream_code:code>/", streams.stream_detail, name="stream_detail"),
    path("workshops/courses/new/", describing.course_new, name="course_new"),
    path("workshops/courses/<int:pk>/", describing.course_edit, name="course_edit"),
    path("workshops/streams/new/", describing.stream_new, name="stream_new"),
    path("workshops/streams/<int:pk>/", describing.stream_edit, name="stream_edit"),
    path("workshops/streams/<int:pk>/days/", describing.stream_days, name="stream_days"),
    path("workshops/viewed/<stream_code:code>/", streams.stream_viewed, name="stream_viewed"),
    path("workshops/export/<stream_code:code>/", exports.stream_export, name="stream_export"),
    path("bookings/", bookings.booking_list, name="booking_list"),
    path("bookings/news/", bookings.booking_news, name="booking_news"),
    path("bookings/export/", exports.booking_export, name="booking_export"),
    path("bookings/<int:pk>/", bookings.booking_detail, name="booking_detail"),
    path("bookings/<int:pk>/status/", status.booking_status, name="booking_status"),
    path("bookings/<int:pk>/notify/", notices.booking_notify, name="booking_notify"),
    path("bookings/<int:pk>/payments/new/", money.payment_new, name="payment_new"),
    path("money/", money.money_overview, name="money_overview"),
    path("money/payments/", money.payment_list, name="payment_list"),
    path("money/expected/", money.expected_list, name="expected_list"),
    path("money/payments/export/", money.payment_export, name="payment_export"),
    path("money/expected/export/", money.expected_export, name="expected_export"),
    path("payments/", payments.payment_queue, name="payment_queue"),
    path("payments/rules/", payments.payment_rules, name="payment_rules"),
    path("payments/<int:pk>/confirm/", payments.payment_confirm, name="payment_confirm"),
    path("payments/<int:pk>/decline/", payments.payment_decline, name="payment_decline"),
    path("payments/<int:pk>/ask/", payments.payment_ask, name="payment_ask"),
    path("payments/<int:pk>/later/", payments.payment_put_off, name="payment_put_off"),
    path("payments/<int:pk>/back/", payments.payment_bring_back, name="payment_bring_back"),
    path("payments/<int:pk>/take/", payments.payment_take, name="payment_take"),
    path("", include("bookings.incoming.urls")),
    path("bookings/bulk/", bulk.bulk_prepare, name="bulk_prepare"),
    path("bookings/bulk/<uuid:pk>/", bulk.bulk_change, name="bulk_change"),
    path("users/<telegram_id:user_id>/bookings/new/", placing.booking_new, name="booking_new"),
    path("users/<telegram_id:user_id>/bookings/<int:pk>/", edit.person_booking, name="person_booking"),
    path("users/<telegram_id:user_id>/bookings/<int:pk>/edit/", edit.booking_edit, name="booking_edit"),
    path("users/<telegram_id:user_id>/stream/", placing.person_stream, name="person_stream"),
    path("users/<telegram_id:user_id>/emails/", emails.person_emails, name="person_emails"),
    path("bookings/<int:pk>/keep/", mending.booking_keep, name="booking_keep"),
    path("data-quality/coupons/<int:pk>/", mending.coupon_limit, name="coupon_limit"),
    path("free-lessons/", lessons.lesson_list, name="lesson_list"),
    path("free-lessons/dates/", lessons.lesson_dates_list, name="lesson_dates_list"),
    path("free-lessons/export/", lessons.lesson_export, name="lesson_export"),
    path("referrals/", referrals.coupon_list, name="coupon_list"),
    path("referrals/new/", referrals.coupon_new, name="coupon_new"),
    path("referrals/<int:pk>/", referrals.coupon_edit, name="coupon_edit"),
    path("referrals/<int:pk>/switch/", referrals.coupon_switch, name="coupon_switch"),
    path("data-quality/", quality.data_quality, name="data_quality"),
]
