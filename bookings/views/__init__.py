"""Pages of courses, streams and bookings, a module a noun."""

from bookings.views.bookings import booking_detail, booking_list
from bookings.views.bulk import bulk_change, bulk_prepare
from bookings.views.edit import booking_edit, person_booking
from bookings.views.emails import person_emails
from bookings.views.placing import booking_new, person_stream
from bookings.views.quality import data_quality
from bookings.views.status import booking_status
from bookings.views.streams import stream_detail
from bookings.views.workshops import workshop_list

__all__ = [
    "booking_detail",
    "booking_edit",
    "booking_list",
    "booking_new",
    "booking_status",
    "bulk_change",
    "bulk_prepare",
    "data_quality",
    "person_booking",
    "person_emails",
    "person_stream",
    "stream_detail",
    "workshop_list",
]
