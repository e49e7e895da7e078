"""What staff send about referral coupons."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import ReferralCoupon
from hsl_dashboard.db import LARGEST_INTEGER

# Telegram's own limit for what stands behind ?start=, 64 letters, less «ref_».
CODE = RegexValidator(r"\A[A-Z0-9_-]{3,50}\Z", _("3 to 50 of these: A–Z, 0–9, - and _."))


class CouponForm(forms.Form):
    """A coupon's name and limit, and the ones that staff saw."""

    name = forms.CharField(label=pgettext_lazy("of a coupon", "Name"), required=False, max_length=100)
    max_activations = forms.IntegerField(
        label=_("Activations allowed"), min_value=0, max_value=LARGEST_INTEGER, initial=50
    )
    seen_name = forms.CharField(required=False, widget=forms.HiddenInput)
    seen_limit = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, coupon: ReferralCoupon, data: Any = None) -> "CouponForm":
        """Make the form of a coupon that exists."""
        now = {"name": coupon.name or "", "max_activations": coupon.max_activations}
        return cls(data, initial=now | {"seen_name": now["name"], "seen_limit": now["max_activations"]})

    @property
    def seen(self) -> tuple[str, int]:
        limit = self.cleaned_data["seen_limit"]
        return self.cleaned_data["seen_name"], -1 if limit is None else limit


class NewCouponForm(CouponForm):
    """A new coupon; its code and discount stay for ever, since people hold them."""

    code = forms.CharField(
        label=_("Code"),
        max_length=50,
        help_text=_("What people type or follow. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    discount_percent = forms.IntegerField(label=_("Discount, %"), min_value=1, max_value=100, initial=10)
    field_order = ("code", "name", "discount_percent", "max_activations")

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"]).strip().upper()
        CODE(code)
        return code
