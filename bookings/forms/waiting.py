"""What staff send about a payment that waits for a decision, and the rules of the queue."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.forms.bookings import KEPT_IN_HISTORY, SMALLEST_INTEGER, notify_field, overbook_field, reason_field
from bookings.forms.payments import amount_field
from bookings.models import Currency, PaymentRules
from bookings.models.waiting import LONGEST_WORDS
from hsl_dashboard.db import LARGEST_INTEGER
from hsl_dashboard.web.json_fields import HiddenJSONField

MORNING = 10  # o'clock in Moscow
LATER = {
    "hour": gettext_lazy("In an hour"),
    "tomorrow": gettext_lazy("Tomorrow at 10:00"),
    "three": gettext_lazy("In three days"),
    "week": gettext_lazy("In a week"),
}


def later_moment(choice: str, *, at: datetime) -> datetime:
    """Say until when a payment is put off; days end at ten in the morning, Moscow time."""
    if choice == "hour":
        return at + timedelta(hours=1)
    days = {"tomorrow": 1, "three": 3, "week": 7}[choice]
    morning = timezone.localtime(at).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return morning + timedelta(days=days)


def words_field(**options: Any) -> forms.CharField:
    """Make the field of what the student will read."""
    return forms.CharField(max_length=LONGEST_WORDS, widget=forms.Textarea(attrs={"rows": 4}), **options)


class SeenForm(forms.Form):
    """An act upon a booking, with the status that staff saw; empty stands for NULL."""

    expected = forms.IntegerField(
        required=False, min_value=SMALLEST_INTEGER, max_value=LARGEST_INTEGER, widget=forms.HiddenInput
    )


class ConfirmPaymentForm(SeenForm):
    """What was paid; empty where no payment shall be recorded."""

    amount = amount_field(required=False, help_text=gettext_lazy("Empty: no payment is recorded."))
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False, choices=Currency.choices)
    notify = notify_field()
    reason = reason_field(rows=1)
    overbook = overbook_field()

    def __init__(self, *args: Any, records: bool, is_full: bool, asks_reason: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "confirm_%s"
        if not records:
            del self.fields["amount"], self.fields["currency"]
        if not is_full:
            del self.fields["overbook"]
        if not (is_full or asks_reason):
            del self.fields["reason"]

    @property
    def payment(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {"amount": cleaned.get("amount"), "currency": cleaned.get("currency") or Currency.USD}


class DeclinePaymentForm(SeenForm):
    """Why a payment is declined, and what the student reads."""

    reason = reason_field(rows=1, help_text=KEPT_IN_HISTORY)
    words = words_field(
        label=gettext_lazy("The student will read"),
        required=False,
        help_text=gettext_lazy("As it stands here. Empty: nothing is sent."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "decline_%s"
        self.fields["reason"].required = True


class AskPaymentForm(forms.Form):
    """What a student is asked about their payment."""

    words = words_field(
        label=gettext_lazy("The student will read"),
        help_text=gettext_lazy("As it stands here. The payment comes back with the next receipt."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "ask_%s"


class LaterPaymentForm(forms.Form):
    """Until when a payment is put off."""

    later = forms.ChoiceField(choices=list(LATER.items()))


class PaymentRulesForm(forms.ModelForm):  # type: ignore[type-arg]  # a class at run time
    """The rules of the queue, and the ones that staff saw."""

    class Meta:
        model = PaymentRules
        fields = ("long_hours", "late_hours", "chat_url", "bot_tells", "decline_text", "ask_text")
        labels = {
            "long_hours": gettext_lazy("Waits long: after, hours"),
            "late_hours": gettext_lazy("Waits too long: after, hours"),
            "chat_url": gettext_lazy("Link to the chat with the receipts"),
            "bot_tells": gettext_lazy("The bot writes to the student when «Одобрить» is pressed there"),
            "decline_text": gettext_lazy("Text for declining"),
            "ask_text": gettext_lazy("Text for asking again"),
        }
        help_texts = {
            "chat_url": gettext_lazy("For example https://t.me/c/1234567890. Each payment links to it."),
            "bot_tells": gettext_lazy("Then our automation “Booking confirmed” stays silent about such bookings."),
            "decline_text": gettext_lazy(
                "Plain text; {first_name|friend}, {course} and {stream} are filled in. Empty: our usual text."
            ),
            "ask_text": gettext_lazy(
                "The same placeholders. Staff see the text before each message, and may change it."
            ),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("decline_text", "ask_text")}

    seen = HiddenJSONField()

    def __init__(self, data: Any = None, *, rules: PaymentRules) -> None:
        super().__init__(data, instance=rules, initial={"seen": self.values_of(rules)})

    @classmethod
    def values_of(cls, rules: PaymentRules) -> dict[str, Any]:
        return {name: getattr(rules, name) for name in cls.Meta.fields}

    def clean_seen(self) -> dict[str, Any]:
        seen = self.cleaned_data["seen"]
        kinds = {name: type(value) for name, value in self.values_of(PaymentRules()).items()}
        if not isinstance(seen, dict) or {name: type(value) for name, value in seen.items()} != kinds:
            raise forms.ValidationError(_("This form is out of date. Open it again."))
        return seen

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and cleaned["late_hours"] < cleaned["long_hours"]:
            self.add_error("late_hours", _("“Too long” must be at least as many hours as “long”."))
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
