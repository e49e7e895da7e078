"""Pages of courses, streams and bookings."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from bookings.models import Booking
from hsl_dashboard.web import StaffRequest, page_of, render_page


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def workshop_list(request: StaffRequest) -> HttpResponse:
    context = {"page": page_of(Booking.objects.with_person().newest_first(), request)}
    return render_page(request, "bookings/workshop_list.html", context, partial="booking-table")
