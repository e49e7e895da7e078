"""The page of all courses: a card and a line for each stream, totals, and the newest bookings."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings import statistics
from bookings.labels import Labels
from bookings.lists.chips import COURSE_LABELS, chosen_chip, counts_by_chip, narrow_by_chip, status_chips
from bookings.lists.rows import rows_of
from bookings.models import Booking
from hsl_dashboard.web.pages import StaffRequest, render_page

NEWEST = 20  # rows: the page of all bookings, a click away, begins with the same fifty that used to stand here


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def workshop_list(request: StaffRequest) -> HttpResponse:
    labels = Labels.read()
    chip = chosen_chip(COURSE_LABELS, request.GET)
    bookings = narrow_by_chip(Booking.objects.with_person().newest_first(), chip)[:NEWEST]
    context = {
        **workshop_counts(labels, request.GET),
        "rows": rows_of(bookings, labels=labels, by=request.user),
        "list_address": request.get_full_path(),
        "bulk_form": None,
        "changed": False,
    }
    return render_page(request, "bookings/workshop_list.html", context, partial="booking-table")


def workshop_counts(labels: Labels, query: QueryDict) -> dict[str, Any]:
    """Count everything that the page counts; ``query`` is the state of the page."""
    courses = statistics.course_statistics(labels)
    totals = statistics.total_of(course.counts for course in courses)
    chip = chosen_chip(COURSE_LABELS, query)
    counts = counts_by_chip(totals)
    return {
        "courses": courses,
        "totals": totals,
        "chip": chip,
        "chip_total": counts[chip],
        "chips": status_chips(COURSE_LABELS, counts, chosen=chip, path=reverse("bookings:workshop_list"), query=query),
        "definitions": statistics.DEFINITIONS,
        "updated_at": timezone.now(),
    }
