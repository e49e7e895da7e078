"""Coupons on bookings that staff make or edit: who may use one, and the count of its uses."""

import pghistory
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, ReferralCoupon, ReferralUsage
from users.models import User


class CouponRefused(Exception):
    """The coupon cannot be used; the sentence says why, for the field beside which it stands."""


def find_coupon(code: str) -> ReferralCoupon | None:
    """Find the coupon that staff typed, in any letter case; the exact one comes first."""
    coupons = ReferralCoupon.objects.filter(code__iexact=code).order_by("-is_active", "pk")
    return next((coupon for coupon in coupons if coupon.code == code), None) or coupons.first()


def require_usable(code: str) -> ReferralCoupon:
    """Find a coupon that can still be used.

    Raises:
        CouponRefused: the coupon does not exist, is turned off, or is used up.
    """
    coupon = find_coupon(code)
    if coupon is None:
        raise CouponRefused(_("There is no such coupon."))
    if not coupon.is_active:
        raise CouponRefused(_("This coupon is turned off."))
    if (coupon.current_activations or 0) >= coupon.max_activations:
        raise _used_up(coupon)
    return coupon


def use_coupon(*, coupon: ReferralCoupon, booking: Booking) -> None:
    """Count one use of a coupon by the person of a booking; inside the transaction that writes the booking.

    A person uses a coupon once: an earlier use moves here, uncounted, when its booking is cancelled or gone.

    Raises:
        CouponRefused: it has just been used up, or the person has used it for another booking.
    """
    # The row of the coupon is locked first, so that two bookings cannot both find the last use free.
    free = Q(current_activations__lt=F("max_activations")) | Q(current_activations=None, max_activations__gt=0)
    coupon = ReferralCoupon.objects.select_for_update(no_key=True).get(pk=coupon.pk)
    used = ReferralUsage.objects.filter(coupon=coupon, telegram_user_id=booking.telegram_user_id)
    if earlier := used.select_related("booking").first():
        if earlier.booking and earlier.booking.is_active and earlier.booking_id != booking.pk:
            raise CouponRefused(
                _("This person has already used the coupon for booking № %(number)s.") % {"number": earlier.booking_id}
            )
        used.update(booking=booking)
        return
    counted = ReferralCoupon.objects.filter(free, pk=coupon.pk, is_active=1)
    if not counted.update(current_activations=Coalesce("current_activations", 0) + 1):
        raise _used_up(coupon) if coupon.is_active else CouponRefused(_("This coupon is turned off."))
    ReferralUsage.objects.create(coupon=coupon, telegram_user_id=booking.telegram_user_id, booking=booking)


def give_back_coupon(*, booking: Booking) -> None:
    """Free the use that a booking held, after staff removed its code."""
    for usage in ReferralUsage.objects.filter(booking=booking):
        usage.delete()
        ReferralCoupon.objects.filter(pk=usage.coupon_id, current_activations__gt=0).update(
            current_activations=F("current_activations") - 1
        )


def _used_up(coupon: ReferralCoupon) -> CouponRefused:
    return CouponRefused(
        _("This coupon is used up: %(used)s of %(limit)s.")
        % {"used": coupon.current_activations or 0, "limit": coupon.max_activations}
    )


class LimitChanged(Exception):
    """Somebody else has changed the limit since ``by`` read it."""


def change_limit(*, coupon: ReferralCoupon, to: int, seen: int, by: User) -> None:
    """Let a coupon be used more or less often.

    Raises:
        LimitChanged: the limit is not ``seen`` any more; nothing was written.
    """
    with pghistory.context(user=by.pk):
        changed = ReferralCoupon.objects.filter(pk=coupon.pk, max_activations=seen).update(max_activations=to)
    coupon.refresh_from_db()
    if not changed:
        raise LimitChanged(
            _("Somebody else has changed the limit: it is %(limit)s now.") % {"limit": coupon.max_activations}
        )
