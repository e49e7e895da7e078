"""Bookings, and the people of a stream, as files."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from bookings.labels import Labels
from bookings.lists.chips import VIEWED
from bookings.lists.exports import booking_sheet, student_sheet, viewer_sheet
from bookings.lists.filters import BookingFilter
from bookings.lists.students import StudentFilter
from bookings.models import Booking
from bookings.views.streams import choose_stream
from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.pages import StaffRequest
from users.people.downloads import EXPORT_PEOPLE, list_as_file
from users.privacy import VIEW_EMAIL

VIEW_BOOKINGS = "bookings.view_booking"


@require_POST
@permission_required([VIEW_BOOKINGS, EXPORT_PEOPLE], raise_exception=True)
def booking_export(request: StaffRequest) -> HttpResponseBase:
    """Export the whole filtered list; by POST, because the export is recorded."""
    labels = Labels.read()
    narrowed = BookingFilter(
        request.GET,
        queryset=Booking.objects.with_person(),
        labels=labels,
        with_emails=request.user.has_perm(VIEW_EMAIL),
    )
    is_valid = narrowed.is_valid()
    found = narrowed.qs if is_valid else Booking.objects.none()
    return list_as_file(
        request,
        sheet=booking_sheet(found, labels),
        rows=found,
        name=f"bookings-{timezone.localdate():%Y-%m-%d}",
        list_address=tidy_address(reverse("bookings:booking_list"), request.GET),
        is_valid=is_valid,
    )


@require_POST
@permission_required([VIEW_BOOKINGS, EXPORT_PEOPLE], raise_exception=True)
def stream_export(request: StaffRequest, code: str) -> HttpResponseBase:
    """Export the people of a stream as its page shows them: chip, search and order."""
    chosen = choose_stream(code, request.GET)
    narrowed = StudentFilter(
        request.GET, queryset=chosen.bookings.with_person(), with_emails=request.user.has_perm(VIEW_EMAIL)
    )
    is_valid = narrowed.is_valid()
    if narrowed.chip == VIEWED:
        since = chosen.campaign_start
        people = narrowed.viewers(chosen.people_who_viewed(since))
        sheet, rows = viewer_sheet(people, since=since, course_id=chosen.course_id), people
    else:
        bookings = narrowed.bookings()
        sheet, rows = student_sheet(bookings), bookings  # type: ignore[assignment]
    return list_as_file(
        request,
        sheet=sheet,
        rows=rows,
        name=f"stream-{timezone.localdate():%Y-%m-%d}",
        list_address=tidy_address(reverse("bookings:stream_detail", args=[code]), request.GET),
        is_valid=is_valid,
    )
