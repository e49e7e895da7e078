"""What a new API token may do, and for how long."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.models import ApiToken, User

NEVER = 0
DAYS = [(30, _("30 days")), (90, _("90 days")), (365, _("A year")), (NEVER, pgettext_lazy("expiry", "Never"))]


class TokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(
        label=pgettext_lazy("of a token", "Name"),
        max_length=60,
        help_text=_("What uses it, for example: spreadsheet of payments."),
    )
    scopes = forms.MultipleChoiceField(
        label=pgettext_lazy("token", "May"),
        choices=ApiToken.Scope.choices,
        initial=[ApiToken.Scope.READ],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Never more than you may do yourself."),
    )
    days = forms.TypedChoiceField(label=_("Expires in"), choices=DAYS, coerce=int, initial=90)

    def __init__(self, *args: Any, owner: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.owner = owner

    def clean_name(self) -> str:
        """Refuse the name of a token in use: the page of a new secret, loaded again, sends its form again."""
        name: str = self.cleaned_data["name"]
        if ApiToken.objects.filter(owner=self.owner, name=name, revoked_at=None).exists():
            raise forms.ValidationError(
                _("You have a token of this name. Its secret was shown once; “Reissue” makes another.")
            )
        return name

    def expires_at(self, *, at: datetime) -> datetime | None:
        days: int = self.cleaned_data["days"]
        return None if days == NEVER else at + timedelta(days=days)
