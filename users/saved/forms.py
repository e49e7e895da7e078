"""What a saved view is called, who sees it, and what its feed may hold."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.models import User
from users.privacy import VIEW_EMAIL
from users.saved.services import SHARE


class SavedViewForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("of a saved view", "Name"), max_length=60, widget=forms.TextInput({"autofocus": True})
    )
    is_default = forms.BooleanField(
        label=_("Open the list in this view from the menu"),
        required=False,
        help_text=_("Only one view of each list can do this."),
    )
    is_shared = forms.BooleanField(label=_("Share with all staff"), required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not by.has_perm(SHARE) and not self.initial.get("is_shared"):
            del self.fields["is_shared"]


class FeedForm(forms.Form):
    with_emails = forms.BooleanField(
        label=_("With e-mail addresses"), required=False, help_text=_("Whoever has the address can read them.")
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not by.has_perm(VIEW_EMAIL):
            del self.fields["with_emails"]
