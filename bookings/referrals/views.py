"""The list of referral coupons, a new one, its name and limit, and its switch."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.forms.coupons import CouponForm, NewCouponForm
from bookings.models import ReferralCoupon
from bookings.referrals.filters import CouponFilter
from bookings.referrals.services import CodeTaken, CouponEdited, create_coupon, edit_coupon, switch_coupon
from bookings.referrals.statistics import DEFINITIONS, coupon_numbers
from hsl_dashboard.web.pages import StaffRequest, page_of, render_list

COUPONS_AT_ONCE = 20  # rows: each has its money, its link and three buttons
VIEW = "bookings.view_referralcoupon"
ADD = "bookings.add_referralcoupon"
CHANGE = "bookings.change_referralcoupon"
VIEW_MONEY = "bookings.view_payment"


@require_safe
@permission_required(VIEW, raise_exception=True)
def coupon_list(request: StaffRequest) -> HttpResponse:
    rows = ReferralCoupon.objects.order_by(F("created_at").desc(nulls_last=True), "-id")
    narrowed = CouponFilter(request.GET, queryset=rows)
    is_valid = narrowed.is_valid()
    page = page_of(narrowed.qs if is_valid else rows.none(), request, size=COUPONS_AT_ONCE)
    sees_money = request.user.has_perm(VIEW_MONEY)
    context = {
        "form": narrowed.form,
        "page": page,
        "rows": coupon_numbers(page, with_money=sees_money),
        "sees_money": sees_money,
        "may_add": request.user.has_perm(ADD),
        "may_change": request.user.has_perm(CHANGE),
        "sees_bookings": request.user.has_perm("bookings.view_booking"),
        "bookings_address": reverse("bookings:booking_list"),
        "sees_people": request.user.has_perm("users.view_telegramuser"),
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "definitions": DEFINITIONS,
        "updated_at": timezone.now(),
    }
    return render_list(request, "bookings/coupon_list.html", context, partial="coupon-table", is_valid=is_valid)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, ADD], raise_exception=True)
def coupon_new(request: StaffRequest) -> HttpResponse:
    form = NewCouponForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        values = {name: asked[name] for name in ("code", "name", "discount_percent", "max_activations")}
        try:
            coupon = create_coupon(**values, by=request.user)
        except CodeTaken as taken:
            form.add_error("code", str(taken))
        else:
            messages.success(request, _("Coupon made: %(code)s") % {"code": coupon.code})
            return redirect("bookings:coupon_list")
    return render(request, "bookings/coupon_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, CHANGE], raise_exception=True)
def coupon_edit(request: StaffRequest, pk: int) -> HttpResponse:
    coupon = get_object_or_404(ReferralCoupon, pk=pk)
    form = CouponForm.of(coupon, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _show(request, coupon, form, status=422 if form.errors else 200)
    asked = form.cleaned_data
    try:
        edit_coupon(
            coupon=coupon,
            name=asked["name"],
            max_activations=asked["max_activations"],
            seen=form.seen,
            by=request.user,
        )
    except CouponEdited as edited:
        coupon.refresh_from_db()
        return _show(request, coupon, CouponForm.of(coupon), status=409, conflict=str(edited))
    messages.success(request, _("Coupon saved: %(code)s") % {"code": coupon.code})
    return redirect("bookings:coupon_list")


@require_POST
@permission_required([VIEW, CHANGE], raise_exception=True)
def coupon_switch(request: StaffRequest, pk: int) -> HttpResponse:
    coupon = get_object_or_404(ReferralCoupon, pk=pk)
    on = request.POST.get("on") == "1"
    changed = switch_coupon(coupon=coupon, on=on, by=request.user)
    if changed:
        said = _("Coupon switched on: %(code)s") if on else _("Coupon switched off: %(code)s")
        messages.success(request, said % {"code": coupon.code})
    else:
        said = _("Coupon is already on: %(code)s") if on else _("Coupon is already off: %(code)s")
        messages.info(request, said % {"code": coupon.code})
    return redirect("bookings:coupon_list")


def _show(request: StaffRequest, coupon: ReferralCoupon, form: CouponForm, *, status: int, **more: Any) -> HttpResponse:
    [numbers] = coupon_numbers([coupon], with_money=False)
    context = {"coupon": coupon, "numbers": numbers, "form": form, **more}
    return render(request, "bookings/coupon_edit.html", context, status=status)
