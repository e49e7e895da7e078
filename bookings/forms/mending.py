"""What staff send to mend data: which booking stays, how often a coupon may be used."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.forms.bookings import notify_field, reason_field
from bookings.models import Booking, ReferralCoupon
from hsl_dashboard.db import LARGEST_INTEGER
from hsl_dashboard.web.addresses import MAX_ADDRESS_LENGTH


class KeepForm(forms.Form):
    """The bookings that go, with the statuses that staff saw, as ``15:1,18:2``; an empty status stands for NULL."""

    seen = forms.CharField(max_length=2_000)
    reason = reason_field(rows=1)
    notify = notify_field()
    next = forms.CharField(required=False, max_length=MAX_ADDRESS_LENGTH)

    @staticmethod
    def written(bookings: Iterable[Booking]) -> str:
        return ",".join(f"{one.pk}:{'' if one.confirmed is None else one.confirmed}" for one in bookings)

    def clean_seen(self) -> dict[int, int | None]:
        try:
            pairs = [pair.split(":") for pair in self.cleaned_data["seen"].split(",")]
            return {int(pk): int(status) if status else None for pk, status in pairs}
        except ValueError:
            raise ValidationError(_("This form is out of date. Open it again."), code="stale") from None


class CouponLimitForm(forms.Form):
    """How often a coupon may be used, and the limit that staff saw."""

    max_activations = forms.IntegerField(label=_("Activations allowed"), max_value=LARGEST_INTEGER)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=-LARGEST_INTEGER, max_value=LARGEST_INTEGER)

    def __init__(self, data: Any = None, *, coupon: ReferralCoupon, initial: dict[str, Any] | None = None) -> None:
        used = coupon.current_activations or 0
        shown = {"max_activations": max(used, coupon.max_activations), "seen": coupon.max_activations}
        super().__init__(data, initial=shown | (initial or {}))
        field = self.fields["max_activations"]
        assert isinstance(field, forms.IntegerField)
        field.min_value = field.widget.attrs["min"] = used
        field.validators.append(forms.IntegerField(min_value=used).validators[-1])
