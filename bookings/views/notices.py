"""Telling a student about their booking at any time, apart from a change."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.forms.bookings import LaterNoticeForm
from bookings.models import Booking
from bookings.notices import NoticeKind, last_notice
from bookings.services.statuses import BookingGone
from bookings.services.telling import NoticeOutdated, NoticeRefused, notices_now, tell_student
from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.pages import StaffRequest, came_from, lead_to, render_page


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["bookings.view_booking", "bookings.change_booking"], raise_exception=True)
def booking_notify(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the messages that fit a booking as it is, and queue the one that staff choose."""
    booking = get_object_or_404(Booking.objects.with_person(), pk=pk)
    if request.method != "POST":
        return _show(request, booking, status=200)
    form = LaterNoticeForm(request.POST)
    if not form.is_valid():
        return _show(request, booking, problem=_("Choose a message."))
    data = form.cleaned_data
    try:
        tell_student(
            booking=booking,
            kind=NoticeKind(data["kind"]),
            expected=data["expected"],
            by=request.user,
            at=timezone.now(),
        )
    except BookingGone:
        raise Http404 from None
    except NoticeRefused as refused:
        status = 409 if isinstance(refused, NoticeOutdated) else 422
        return _show(request, booking, problem=str(refused), status=status)
    messages.success(request, _("Booking № %(number)s: the message to the student is queued.") % {"number": pk})
    return lead_to(request, _next_address(request, booking))


def _show(request: StaffRequest, booking: Booking, *, problem: str = "", status: int = 422) -> HttpResponse:
    booking.refresh_from_db(fields=["confirmed"])
    context = {
        "booking": booking,
        "notices": notices_now(booking),
        "last": last_notice(booking),
        "problem": problem,
        "next": _next_address(request, booking),
    }
    return render_page(request, "bookings/booking_notify.html", context, partial="notify-dialog", status=status)


def _next_address(request: StaffRequest, booking: Booking) -> str:
    asked = request.POST.get("next", "") or came_from(request)
    return asked if is_own_address(asked, request) else reverse("bookings:booking_detail", args=[booking.pk])
