"""What staff fill in on the pages of a sent or scheduled message."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import LARGEST_INTEGER
from messaging.content.media import file_problem
from messaging.models import Broadcast

MAX_REASON_LENGTH = 500  # characters
MAX_TEXT_LENGTH = 40_000  # characters: above what Telegram takes with all tags; markup.py says what is wrong


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It is saved in the message history."),
    )


class SureForm(forms.Form):
    """Nothing to fill in: the button is the answer."""


class TextForm(forms.Form):
    text = forms.CharField(
        label=_("Text of the message"),
        max_length=MAX_TEXT_LENGTH,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "true"}),
        help_text=_(
            "Formatted with Telegram's own tags: &lt;b&gt;, &lt;i&gt;, &lt;u&gt;, &lt;s&gt;, "
            "&lt;a href&gt;, &lt;code&gt;, &lt;pre&gt;, &lt;blockquote&gt;."
        ),
    )
    media_upload = forms.FileField(
        label=_("Another file instead"), required=False, help_text=_("Leave it empty to keep the present file.")
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        """``kind`` is that of the message whose file may be replaced; a text has none."""
        super().__init__(*args, **kwargs)
        self.kind = kind
        if kind == Broadcast.Kind.TEXT:
            del self.fields["media_upload"]

    def clean_media_upload(self) -> Any:
        upload = self.cleaned_data["media_upload"]
        if upload and (problem := file_problem(kind=self.kind, file=upload)):
            raise forms.ValidationError(problem)
        return upload


class TimeForm(forms.Form):
    starts_at = forms.DateTimeField(
        label=_("When, by Moscow time"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def clean_starts_at(self) -> Any:
        moment = self.cleaned_data["starts_at"]
        if moment <= timezone.now():
            raise forms.ValidationError(_("This time has passed. Choose a later one."))
        return moment


class RetryForm(forms.Form):
    """Which failures to retry, by reason; only those that another try may fix."""

    reasons = forms.MultipleChoiceField(label=_("Send again to"), required=True, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reasons"].choices = choices  # type: ignore[attr-defined]


class NumberForm(forms.Form):
    """Asks to type the number of people when there are many, so that nobody sends by accident."""

    number = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_INTEGER)

    def __init__(self, *args: Any, asked: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked
        if asked is None:
            del self.fields["number"]
            return
        self.fields["number"].label = _("Type %(count)s to confirm") % {"count": asked}
        self.fields["number"].widget.attrs |= {"autocomplete": "off", "inputmode": "numeric"}

    def clean_number(self) -> int | None:
        number: int | None = self.cleaned_data["number"]
        if number != self.asked:
            raise forms.ValidationError(_("The number of people is %(count)s.") % {"count": self.asked})
        return number
