"""Data problems mended where they are listed: a dialog over the list, a page of its own without JavaScript."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.forms.mending import CouponLimitForm, KeepForm
from bookings.labels import Labels
from bookings.lists.rows import rows_of
from bookings.models import Booking, ReferralCoupon
from bookings.services.bulk_words import why_not
from bookings.services.coupons import LimitChanged, change_limit
from bookings.services.doubles import DoublesChanged, keep_one_booking, other_active_bookings
from bookings.services.statuses import StatusNotChanged
from bookings.services.telling import status_notices
from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.pages import StaffRequest, came_from, lead_to, render_page

CHANGE_BOOKING = ["bookings.view_booking", "bookings.change_booking"]
CHANGE_COUPON = ["bookings.view_referralcoupon", "bookings.change_referralcoupon"]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(CHANGE_BOOKING, raise_exception=True)
def booking_keep(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep this booking of a person, and cancel their other active ones of the same course."""
    booking = get_object_or_404(Booking.objects.with_person(), pk=pk)
    if request.method != "POST":
        return _ask_which(request, booking, KeepForm())
    form = KeepForm(request.POST)
    if not form.is_valid():
        return _ask_which(request, booking, form, status=422)
    data = form.cleaned_data
    told = {"reason": data["reason"].strip(), "notify": data["notify"]}
    try:
        cancelled = keep_one_booking(booking=booking, cancel=data["seen"], by=request.user, at=timezone.now(), **told)
    except DoublesChanged:
        problem = _("The bookings have changed in the meantime. Nothing was cancelled: check them and try again.")
        return _ask_which(request, booking, form, status=409, problem=problem)
    except StatusNotChanged as refused:
        return _ask_which(request, booking, form, status=422, problem=why_not(refused))
    numbers = ", ".join(f"№\u00a0{other.pk}" for other in cancelled)
    words = _("Booking № %(number)s is kept, cancelled: %(cancelled)s.")
    messages.success(request, words % {"number": pk, "cancelled": numbers})
    return lead_to(request, _next_address(request))


def _ask_which(
    request: StaffRequest, booking: Booking, form: KeepForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    booking.refresh_from_db(fields=["confirmed"])
    others = other_active_bookings(booking)
    [kept, *cancelled] = rows_of([booking, *others], labels=Labels.read(), by=request.user)
    context = {
        "booking": booking,
        "kept": kept,
        "cancelled": cancelled,
        "seen": KeepForm.written(others),
        "form": form,
        "notices": status_notices(others[0], [Booking.Status.CANCELLED]) if others else [],
        "next": _next_address(request),
        **more,
    }
    return render_page(request, "bookings/booking_keep.html", context, partial="keep-dialog", status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(CHANGE_COUPON, raise_exception=True)
def coupon_limit(request: StaffRequest, pk: int) -> HttpResponse:
    """Raise how often a coupon may be used."""
    coupon = get_object_or_404(ReferralCoupon, pk=pk)
    form = CouponLimitForm(request.POST if request.method == "POST" else None, coupon=coupon)
    status = 200 if request.method != "POST" else 422
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            change_limit(coupon=coupon, to=data["max_activations"], seen=data["seen"], by=request.user)
        except LimitChanged as changed:
            form = CouponLimitForm(coupon=coupon, initial={"max_activations": data["max_activations"]})
            context = {"coupon": coupon, "form": form, "problem": str(changed), "next": _next_address(request)}
            return render_page(request, "bookings/coupon_limit.html", context, partial="limit-dialog", status=409)
        messages.success(request, _("Coupon %(code)s is saved.") % {"code": coupon.code})
        return lead_to(request, _next_address(request))
    context = {"coupon": coupon, "form": form, "next": _next_address(request)}
    return render_page(request, "bookings/coupon_limit.html", context, partial="limit-dialog", status=status)


def _next_address(request: StaffRequest) -> str:
    asked = request.POST.get("next", "") or came_from(request)
    return asked if is_own_address(asked, request) else reverse("bookings:data_quality")
