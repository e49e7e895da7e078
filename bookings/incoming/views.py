"""The page of payments that match no booking, and what staff decide about one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.incoming.forms import BookingSearchForm, DismissForm, MatchForm
from bookings.incoming.services import AlreadyDecided, dismiss_incoming, match_incoming
from bookings.labels import Labels
from bookings.models import Booking, IncomingPayment
from bookings.payments.queue import WaitingList
from bookings.payments.upkeep import DECIDE as DECIDE_PAYMENT
from bookings.services.payments import PaymentRefused, account_of
from bookings.services.places import StreamFull
from bookings.services.statuses import ReasonMissing, StatusNotChanged
from hsl_dashboard.web.pages import SeeOther, StaffRequest, page_of

SEE = ("bookings.view_booking", "bookings.view_payment")
DECIDE = (*SEE, "bookings.add_payment")
SEE_QUEUE = ("bookings.view_booking", DECIDE_PAYMENT)
DISMISSING = "dismissing-%s"  # ids of one of two forms on a page


@require_safe
@permission_required(SEE, raise_exception=True)
def incoming_list(request: StaffRequest) -> HttpResponse:
    page = page_of(IncomingPayment.objects.unmatched().oldest_first(), request)
    now = timezone.now()
    may_queue = request.user.has_perms(SEE_QUEUE)
    context = {
        "page": page,
        "may_decide": request.user.has_perms(DECIDE),
        # Beside the lists of the queue, or for who does not see it beside the pages of money.
        "tabs": WaitingList(request.GET, request.user, now).tabs() if may_queue else [],
        "updated_at": now,
    }
    return render(request, "bookings/incoming_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(DECIDE, raise_exception=True)
def incoming_match(request: StaffRequest, pk: int) -> HttpResponse:
    """Find the booking by its number, look at it, record the money for it."""
    notice = get_object_or_404(IncomingPayment, pk=pk)
    if notice.state != IncomingPayment.State.UNMATCHED:
        return _too_late(request)
    if request.method != "POST":
        asked = request.GET.get("booking")
        first = str(notice.booking_number or "") if asked is None else asked
        return _page(request, notice, BookingSearchForm({"booking": first}) if first else BookingSearchForm())
    form = MatchForm(request.POST)
    booking = _booking(form)
    if booking is None or not notice.can_be_matched:
        return _page(request, notice, form, status=422)
    return _matched(request, notice, booking, form)


def _matched(request: StaffRequest, notice: IncomingPayment, booking: Booking, form: MatchForm) -> HttpResponse:
    asked = form.cleaned_data
    try:
        match_incoming(
            notice=notice,
            booking=booking,
            by=request.user,
            at=timezone.now(),
            confirm=asked["move"],
            reason=asked["reason"],
        )
    except AlreadyDecided:
        return _too_late(request)
    except PaymentRefused as refused:
        form.add_error(None, str(refused))
    except (ReasonMissing, StreamFull) as refused:
        form.add_error("reason", str(refused))
    except StatusNotChanged:
        form.add_error(
            "move", _("The status of this booking cannot be changed that way. Record the money without changing it.")
        )
    else:
        messages.success(request, _("Recorded for booking № %(number)d.") % {"number": booking.pk})
        return SeeOther(reverse("bookings:incoming_list"))
    return _page(request, notice, form, status=422)


@require_POST
@permission_required(DECIDE, raise_exception=True)
def incoming_dismiss(request: StaffRequest, pk: int) -> HttpResponse:
    notice = get_object_or_404(IncomingPayment, pk=pk)
    form = DismissForm(request.POST, auto_id=DISMISSING)
    if not form.is_valid():
        return _page(request, notice, BookingSearchForm(), dismissing=form, status=422)
    try:
        dismiss_incoming(notice=notice, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"])
    except AlreadyDecided:
        return _too_late(request)
    messages.success(request, _("Dismissed. The audit keeps who did it and why."))
    return SeeOther(reverse("bookings:incoming_list"))


def _too_late(request: StaffRequest) -> HttpResponse:
    messages.info(request, _("Somebody has already dealt with this one."))
    return SeeOther(reverse("bookings:incoming_list"))


def _booking(form: BookingSearchForm) -> Booking | None:
    """The booking that a form names; one that is not there is said at the field."""
    if not form.is_bound or not form.is_valid():
        return None
    found = Booking.objects.with_person().filter(pk=form.cleaned_data["booking"]).first()
    if found is None:
        form.add_error("booking", _("There is no such booking"))
    return found


def _page(
    request: StaffRequest,
    notice: IncomingPayment,
    form: BookingSearchForm,
    *,
    dismissing: DismissForm | None = None,
    status: int = 200,
) -> HttpResponse:
    booking = _booking(form)
    labels = Labels.read()
    context: dict[str, Any] = {
        "notice": notice,
        "search_form": form if not isinstance(form, MatchForm) else BookingSearchForm(form.data),
        "booking": booking,
        "dismiss_form": dismissing or DismissForm(auto_id=DISMISSING),
    }
    if booking is not None:
        context |= {
            "account": account_of(booking),
            "stream": labels.stream(booking.course_id, booking.course_stream),
            "form": form if isinstance(form, MatchForm) else MatchForm(initial={"booking": booking.pk}),
        }
    return render(request, "bookings/incoming_match.html", context, status=status)
