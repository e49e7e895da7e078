"""Referral coupons and their uses."""

import pghistory
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models.bookings import Booking
from hsl_dashboard.db import DatabaseForeignKey
from users.models.keys import person_constraint, person_key
from users.models.triggers import create_missing_person


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ReferralCoupon(models.Model):
    """A code that gives a discount, a limited number of times."""

    id = models.AutoField(primary_key=True)
    code = models.TextField(_("code"), unique=True)
    name = models.TextField(pgettext_lazy("of a thing", "name"), null=True, blank=True)
    discount_percent = models.IntegerField(_("discount, %"))
    max_activations = models.IntegerField(_("activations allowed"))
    current_activations = models.IntegerField(_("activations used"), null=True, blank=True, db_default=0)
    created_by = models.BigIntegerField(_("created by, Telegram id"))
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    # The bot keeps 0 or 1 here.
    is_active = models.IntegerField(_("active"), null=True, blank=True, db_default=1)

    class Meta:
        db_table = "referral_coupons"
        verbose_name = _("referral coupon")
        verbose_name_plural = _("referral coupons")

    def __str__(self) -> str:
        return self.code


class ReferralUsage(models.Model):
    """A coupon used by a person, once."""

    id = models.AutoField(primary_key=True)
    coupon = models.ForeignKey(
        ReferralCoupon,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="usages",
        verbose_name=_("referral coupon"),
    )
    telegram_user = person_key(related_name="coupon_usages")
    booking = models.ForeignKey(
        Booking,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="coupon_usages",
        verbose_name=_("booking"),
    )
    used_at = models.DateTimeField(_("used"), null=True, blank=True, db_default=TransactionNow())

    class Meta:
        db_table = "referral_usage"
        verbose_name = _("coupon use")
        verbose_name_plural = _("coupon uses")
        constraints = [
            models.UniqueConstraint(fields=["coupon", "telegram_user"], name="referral_usage_once_per_person"),
            DatabaseForeignKey(field="coupon", on_delete="CASCADE", name="referral_usage_coupon_id_fkey"),
            person_constraint("referral_usage"),
            DatabaseForeignKey(field="booking", on_delete="CASCADE", name="referral_usage_booking_id_fkey"),
        ]
        triggers = [create_missing_person(username="NULL", first_name="NULL", seen_at="COALESCE(NEW.used_at, now())")]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
