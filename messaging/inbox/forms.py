"""What staff type and choose on the page of a conversation."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hsl_dashboard.db import LARGEST_INTEGER
from messaging.content.check import check_message
from messaging.models import Broadcast, TemplateVersion
from users.models import User

LONGEST_SNOOZE = timedelta(days=365)
# The buttons and how long each snoozes; a date of one's own stands beside them.
SNOOZES = {
    "hour": (gettext_lazy("For an hour"), timedelta(hours=1)),
    "day": (gettext_lazy("Until tomorrow, 10:00"), None),
    "week": (gettext_lazy("For a week"), timedelta(days=7)),
}


class AnswerForm(forms.Form):
    """The words, and what the page showed when they were typed."""

    text = forms.CharField(
        label=gettext_lazy("Your answer"),
        strip=True,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "true"}),
        help_text=gettext_lazy("Telegram HTML and placeholders, as in a message."),
    )
    token = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_INTEGER, widget=forms.HiddenInput)
    insists = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, seen: int | None = None, text: str = "") -> None:
        super().__init__(data, initial={"token": uuid4(), "seen": seen, "text": text}, auto_id="answer_%s")

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if errors := check_message(kind=Broadcast.Kind.TEXT, text=text, buttons=[]).errors:
            raise ValidationError([error.message for error in errors])
        return text


class CannedForm(forms.Form):
    """A template that takes the place of what is typed."""

    template = forms.ModelChoiceField(TemplateVersion.objects.all())


class AssignForm(forms.Form):
    """Who answers; ``seen`` is who the page said."""

    to = forms.ModelChoiceField(queryset=User.objects.none(), required=False)
    seen = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_INTEGER)

    def __init__(self, data: Any, *, among: Any) -> None:
        super().__init__(data)
        self.fields["to"].queryset = among  # type: ignore[attr-defined]


class SnoozeForm(forms.Form):
    """Until when a conversation is put aside: a usual time, or a moment of one's own."""

    until = forms.ChoiceField(required=False, choices=[(name, label) for name, (label, _length) in SNOOZES.items()])
    at = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        now = timezone.now()
        if name := cleaned.get("until"):
            length = SNOOZES[name][1]
            morning = timezone.localtime(now).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
            cleaned["moment"] = now + length if length else morning
        else:
            cleaned["moment"] = cleaned.get("at")
        if not cleaned["moment"] or not now < cleaned["moment"] <= now + LONGEST_SNOOZE:
            raise ValidationError(_("Choose a time within the next year."))
        return cleaned
