"""What staff send about a booking."""

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.services import MAX_REASON_LENGTH
from hsl_dashboard.addresses import MAX_ADDRESS_LENGTH

SMALLEST, LARGEST = -(2**31), 2**31 - 1  # what the column holds


class StatusForm(forms.Form):
    """A status that staff want a booking to have, and the one they saw when they decided."""

    to = forms.IntegerField(label=_("Status"), min_value=SMALLEST, max_value=LARGEST)
    # Empty stands for NULL: staff saw «Неизвестно».
    expected = forms.IntegerField(required=False, min_value=SMALLEST, max_value=LARGEST)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays in the history of the booking."),
    )
    next = forms.CharField(required=False, max_length=MAX_ADDRESS_LENGTH)
    sure = forms.BooleanField(required=False)
