"""What staff can do with coupons: make one, name it, limit it, switch it on and off."""

import pghistory
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import ReferralCoupon
from bookings.services.coupons import find_coupon
from users.models import User

# Stands in ``created_by``, which is somebody's Telegram id, for coupons made here; history knows who made them.
MADE_HERE = 0


class CouponNotChanged(Exception):
    """Nothing was written; the sentence says why."""


class CodeTaken(CouponNotChanged):
    """There is a coupon with this code, whatever the letter case."""


class CouponEdited(CouponNotChanged):
    """Somebody else changed the coupon first."""


def create_coupon(*, code: str, name: str, discount_percent: int, max_activations: int, by: User) -> ReferralCoupon:
    """Make a coupon that can be used at once.

    Raises:
        CodeTaken: as above.
    """
    taken = _("There is a coupon with this code already.")
    if find_coupon(code):
        raise CodeTaken(taken)
    try:
        with transaction.atomic(), pghistory.context(user=by.pk):
            return ReferralCoupon.objects.create(
                code=code,
                name=name or None,
                discount_percent=discount_percent,
                max_activations=max_activations,
                created_by=MADE_HERE,
                current_activations=0,
                is_active=1,
            )
    except IntegrityError:
        raise CodeTaken(taken) from None


def edit_coupon(*, coupon: ReferralCoupon, name: str, max_activations: int, seen: tuple[str, int], by: User) -> None:
    """Give a coupon another name or limit; ``seen`` are those that ``by`` decided on.

    Raises:
        CouponEdited: as above.
    """
    seen_name, seen_limit = seen
    rows = ReferralCoupon.objects.filter(pk=coupon.pk, max_activations=seen_limit)
    rows = rows.filter(name=seen_name) if seen_name else rows.filter(name__isnull=True) | rows.filter(name="")
    with transaction.atomic(), pghistory.context(user=by.pk):
        # One conditional UPDATE: of two who edit the same coupon, the second is told.
        if not rows.update(name=name or None, max_activations=max_activations):
            raise CouponEdited(_("Somebody else has changed this coupon meanwhile. These are its values now."))


def switch_coupon(*, coupon: ReferralCoupon, on: bool, by: User) -> bool:
    """Let a coupon be used, or not any more; say whether that changed anything."""
    rows = ReferralCoupon.objects.filter(pk=coupon.pk)
    other = Q(is_active=None) | ~Q(is_active=1) if on else ~Q(is_active=0) & Q(is_active__isnull=False)
    with transaction.atomic(), pghistory.context(user=by.pk):
        return bool(rows.filter(other).update(is_active=int(on)))
