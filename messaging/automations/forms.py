"""The form of an automation: its words and its time."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.notices import NoticeKind
from hsl_dashboard.db import LARGEST_INTEGER
from hsl_dashboard.web.json_fields import HiddenJSONField
from messaging.automations.services import RuleValues
from messaging.content.check import check_message
from messaging.models import Automation, Broadcast

LONGEST = {True: 60, False: 1440}  # days, or minutes: a day
LABELS = {
    NoticeKind.CONFIRMED: gettext_lazy("Minutes after the confirmation"),
    NoticeKind.CANCELLED: gettext_lazy("Minutes after the cancellation"),
    NoticeKind.PAYMENT_REMINDER: gettext_lazy("Days in “Pending”"),
    NoticeKind.COURSE_START: gettext_lazy("Days before the course"),
    NoticeKind.FREE_LESSON: gettext_lazy("Days before the lesson"),
}


class AutomationForm(forms.ModelForm):  # type: ignore[type-arg]  # a class at run time
    """Words, offset, and whether those from before count."""

    # What the form showed when it was opened, so that whoever saves second is told.
    seen = HiddenJSONField()

    class Meta:
        model = Automation
        fields = ("template", "offset", "include_earlier")
        widgets = {"template": forms.Textarea(attrs={"rows": 6, "spellcheck": "true"})}

    def __init__(self, data: Any = None, *, instance: Automation, **kwargs: Any) -> None:
        super().__init__(data, instance=instance, **kwargs)
        self.initial["seen"] = asdict(RuleValues.of(instance))
        longest = LONGEST[instance.counts_days]
        self.fields["offset"] = forms.IntegerField(
            label=LABELS[instance.notice], min_value=0, max_value=longest, help_text=self._offset_help(instance)
        )
        self.fields["template"].help_text = _(
            "Telegram HTML. Placeholders: {first_name|friend}, {username}, {course}, {stream}, {starts_on}. "
            "The text after | is used when there is no data."
        )
        if not instance.is_dated:
            del self.fields["include_earlier"]

    @staticmethod
    def _offset_help(rule: Automation) -> str:
        if rule.is_dated:
            return _("Sent at 10:00 Moscow time; 0 is the day itself.")
        if rule.counts_days:
            return _("Counted from the moment the booking became “Pending”.")
        return _("If the status is changed back before then, no message is sent.")

    @property
    def values(self) -> RuleValues:
        """The values that staff asked for; only for valid forms."""
        earlier = self.cleaned_data.get("include_earlier", self.cleaned_data["seen"].include_earlier)
        return RuleValues(self.cleaned_data["template"], self.cleaned_data["offset"], earlier)

    def clean_seen(self) -> RuleValues:
        try:
            values = RuleValues(**self.cleaned_data["seen"])
        except TypeError:
            values = None
        if values is None or not _could_be_stored(values):
            raise ValidationError(_("Open the form again: its data is incomplete."))
        return values

    def clean_template(self) -> str:
        text: str = self.cleaned_data["template"].replace("\r\n", "\n")
        problems = check_message(kind=Broadcast.Kind.TEXT, text=text, buttons=[]).errors
        if problems:
            raise ValidationError([problem.with_place(text) for problem in problems])
        return text


def _could_be_stored(values: RuleValues) -> bool:
    """Whether a rule may say this: who sends the form may have changed what it said."""
    kinds = {name: type(value) for name, value in asdict(values).items()}
    if kinds != {"template": str, "offset": int, "include_earlier": bool}:
        return False
    return 0 <= values.offset <= LARGEST_INTEGER and "\0" not in values.template
