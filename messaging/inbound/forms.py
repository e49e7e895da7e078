"""What staff fill in about a blocked person."""

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_REASON_LENGTH = 500  # characters


class UnblockForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It is saved in the audit."),
    )
