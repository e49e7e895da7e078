"""Pages of courses, streams and bookings, a module a noun."""

from bookings.views.bookings import booking_detail, booking_list
from bookings.views.bulk import bulk_change, bulk_prepare
from bookings.views.quality import data_quality
from bookings.views.status import booking_status
from bookings.views.streams import stream_detail
from bookings.views.workshops import workshop_list

__all__ = [
    "booking_detail",
    "booking_list",
    "booking_status",
    "bulk_change",
    "bulk_prepare",
    "data_quality",
    "stream_detail",
    "workshop_list",
]
