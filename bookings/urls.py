"""Addresses of courses, streams and bookings."""

from django.urls import path, register_converter
from django.urls.converters import PathConverter

import users.converters  # noqa: F401  registers <telegram_id:…>
from bookings import views


class StreamCodeConverter(PathConverter):
    """Any text that the bot may write as a stream, with slashes and line breaks."""

    regex = r"[\s\S]+"


register_converter(StreamCodeConverter, "stream_code")

app_name = "bookings"

urlpatterns = [
    path("workshops/", views.workshop_list, name="workshop_list"),
    path("workshops/stream/<stream_code:code>/", views.stream_detail, name="stream_detail"),
    path("bookings/", views.booking_list, name="booking_list"),
    path("bookings/<int:pk>/", views.booking_detail, name="booking_detail"),
    path("bookings/<int:pk>/status/", views.booking_status, name="booking_status"),
    path("bookings/bulk/", views.bulk_prepare, name="bulk_prepare"),
    path("bookings/bulk/<uuid:pk>/", views.bulk_change, name="bulk_change"),
    path("users/<telegram_id:user_id>/bookings/new/", views.booking_new, name="booking_new"),
    path("users/<telegram_id:user_id>/bookings/<int:pk>/", views.person_booking, name="person_booking"),
    path("users/<telegram_id:user_id>/bookings/<int:pk>/edit/", views.booking_edit, name="booking_edit"),
    path("users/<telegram_id:user_id>/stream/", views.person_stream, name="person_stream"),
    path("users/<telegram_id:user_id>/emails/", views.person_emails, name="person_emails"),
    path("data-quality/", views.data_quality, name="data_quality"),
]
