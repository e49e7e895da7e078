"""What staff decide about a notice of a payment that matches no booking."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.services.statuses import MAX_REASON_LENGTH
from hsl_dashboard.db import LARGEST_INTEGER


class BookingSearchForm(forms.Form):
    """The number of the booking that the money is for."""

    booking = forms.IntegerField(label=_("Number of the booking"), min_value=1, max_value=LARGEST_INTEGER)


class MatchForm(BookingSearchForm):
    """The booking was looked at: its money is recorded, and it is moved too unless somebody says no."""

    move = forms.BooleanField(label=_("Change the booking's status too"), required=False, initial=True)
    reason = forms.CharField(
        label=pgettext_lazy("of a change", "Reason"),
        required=False,
        max_length=MAX_REASON_LENGTH,
        help_text=_("Needed only against the usual order, or where the stream is full."),
    )


class DismissForm(forms.Form):
    reason = forms.CharField(label=pgettext_lazy("of a change", "Reason"), max_length=MAX_REASON_LENGTH)
