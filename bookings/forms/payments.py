"""What staff send about money."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Currency, Payment
from bookings.models.payments import OF_A_FORM

LARGEST_AMOUNT = Decimal("9999999999.99")  # what the column holds


def amount_field(**options: Any) -> forms.DecimalField:
    """Make the field of an amount, in the currency's own unit."""
    return forms.DecimalField(
        label=_("Amount"),
        min_value=Decimal("0.01"),
        max_value=LARGEST_AMOUNT,
        decimal_places=2,
        max_digits=12,
        **options,
    )


class PaymentForm(forms.Form):
    """A payment or a refund; the amount is positive in both."""

    amount = amount_field()
    currency = forms.ChoiceField(label=_("Currency"), choices=Currency.choices)
    received_at = forms.DateTimeField(
        label=_("Received, Moscow time"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M"],
    )
    source = forms.ChoiceField(
        label=pgettext_lazy("of a payment", "Source"),
        choices=[(source.value, source.label) for source in (Payment.Source.HAND, Payment.Source.BANK)],
    )
    external_id = forms.CharField(
        label=_("Number at the source"),
        required=False,
        max_length=150,
        help_text=_("The bank's number of the payment, if there is one. The same number is recorded once."),
    )
    note = forms.CharField(
        label=pgettext_lazy("of a payment", "Note"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, refund: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if refund:
            self.fields["received_at"].label = _("Given back, Moscow time")

    def clean_received_at(self) -> Any:
        at = self.cleaned_data["received_at"]
        if at > timezone.now() + timedelta(minutes=5):
            raise forms.ValidationError(_("This time is still ahead."))
        if at.year < 2015:
            raise forms.ValidationError(_("This date is too far back."))
        return at

    @property
    def number(self) -> str:
        """The source's number, else this form's own."""
        return str(self.cleaned_data["external_id"] or f"{OF_A_FORM}{self.cleaned_data['token']}")
