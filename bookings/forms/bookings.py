"""What staff send about a booking."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.forms.payments import amount_field
from bookings.models import Booking, Currency
from bookings.notices import NoticeKind
from bookings.services.bulk_changes import MAX_PASTED
from bookings.services.editing import described_codes
from bookings.services.statuses import MAX_REASON_LENGTH, SETTABLE, MayOverride
from hsl_dashboard.db import LARGEST_INTEGER
from hsl_dashboard.web.addresses import MAX_ADDRESS_LENGTH
from users.services import MAX_TAG_LENGTH

SMALLEST_INTEGER = -LARGEST_INTEGER - 1
KEPT_IN_HISTORY = _("It is kept in the booking's history.")


def reason_field(*, rows: int, help_text: Any = KEPT_IN_HISTORY) -> forms.CharField:
    """Make the field for the reason of a change; with one row, Enter submits the form."""
    widget = forms.Textarea(attrs={"rows": rows}) if rows > 1 else forms.TextInput()
    return forms.CharField(
        label=_("Reason"), required=False, max_length=MAX_REASON_LENGTH, widget=widget, help_text=help_text
    )


def notify_field() -> forms.BooleanField:
    """Make the field that queues a message to the student, whose words stand beside it."""
    return forms.BooleanField(label=_("Notify the student"), required=False)


def overbook_field() -> forms.BooleanField:
    """Make the field that goes beyond the places of a stream; it is shown once the stream is full."""
    return forms.BooleanField(label=_("Go beyond the places (give a reason)"), required=False)


def wants_words(form: forms.Form) -> bool:
    """Whether a form wants to see what would be sent: its button always does, a change of it only with the tick."""
    return form.data.get("preview") != "live" or bool(form.cleaned_data["notify"])


def ask_for_reason(form: forms.Form) -> None:
    """Say beside the field that going beyond the places takes a reason, once staff have chosen to."""
    if form.cleaned_data["overbook"]:
        form.add_error("reason", forms.ValidationError(_("Give a reason: it is kept in the booking's history.")))


class StatusForm(forms.Form):
    """A status that staff want a booking to have, and the one they saw when they decided."""

    to = forms.IntegerField(label=_("Status"), min_value=SMALLEST_INTEGER, max_value=LARGEST_INTEGER)
    # Empty stands for NULL: staff saw «Неизвестно».
    expected = forms.IntegerField(required=False, min_value=SMALLEST_INTEGER, max_value=LARGEST_INTEGER)
    reason = reason_field(rows=3)
    notify = notify_field()
    overbook = forms.BooleanField(required=False, widget=forms.HiddenInput)
    next = forms.CharField(required=False, max_length=MAX_ADDRESS_LENGTH)
    sure = forms.BooleanField(required=False)
    # Confirming writes no payment unless somebody gives the amount.
    amount = amount_field(required=False, help_text=_("Empty: no payment is recorded."))
    currency = forms.ChoiceField(label=_("Currency"), required=False, choices=Currency.choices)

    @property
    def payment(self) -> tuple[Decimal, str] | None:
        """The payment to record when the booking is confirmed."""
        amount = self.cleaned_data.get("amount")
        confirms = self.cleaned_data.get("to") == Booking.Status.CONFIRMED
        return (amount, self.cleaned_data["currency"] or Currency.USD) if amount and confirms else None


class ActForm(forms.Form):
    """The change to make to many rows: ``status:2``, ``stream:8th_stream``, or ``tag`` with its own field."""

    act = forms.ChoiceField(label=_("What to change"), error_messages={"required": _("Choose what to change.")})
    tag = forms.CharField(label=_("Tag"), required=False, max_length=MAX_TAG_LENGTH)

    def __init__(self, data: Any, *, by: MayOverride, streams: dict[str, str] | None = None) -> None:
        super().__init__(data)
        field = self.fields["act"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = act_choices(by, described_codes(None) if streams is None else streams)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kind, _colon, value = cleaned.get("act", "").partition(":")
        if kind == "tag":
            value = " ".join(cleaned.get("tag", "").split())
            if not value:
                self.add_error("tag", forms.ValidationError(_("Enter a tag.")))
        cleaned["kind"], cleaned["value"] = kind, value
        return cleaned


def act_choices(by: MayOverride, described: dict[str, str]) -> list[Any]:
    """List the bulk changes that a member of staff may make."""
    choices: list[Any] = [("", _("Change…"))]
    if by.has_perm("bookings.change_booking"):
        statuses = [(f"status:{status.value}", status.label) for status in SETTABLE]
        streams = [(f"stream:{code}", name) for code, name in described.items()]
        choices += [(_("Status"), statuses), (_("Stream"), [*streams, ("stream:", _("No stream"))])]
    if by.has_perm("users.add_persontag"):
        choices.append((_("Tag"), [("tag", _("Add the tag"))]))
    return choices


def bulk_bar(by: MayOverride, streams: dict[str, str]) -> ActForm | None:
    """Make the form of a list's bulk bar; None without any permission to change. ``streams`` maps codes to names."""
    if not (by.has_perm("bookings.change_booking") or by.has_perm("users.add_persontag")):
        return None
    form = ActForm(None, by=by, streams=streams)
    form.auto_id = "bulk_%s"
    form.fields["act"].widget.attrs["class"] = form.fields["tag"].widget.attrs["class"] = "small"
    form.fields["tag"].widget.attrs["placeholder"] = _("Tag")
    return form


class BulkForm(ActForm):
    """A bulk change of the ticked rows, or of every row that the list's filter finds."""

    of = forms.ChoiceField(choices=[("bookings", ""), ("people", "")])
    scope = forms.ChoiceField(choices=[("chosen", ""), ("all", "")])
    query = forms.CharField(required=False, max_length=MAX_ADDRESS_LENGTH)


class PastedForm(ActForm):
    """A bulk change of the people in a pasted list."""

    pasted = forms.CharField(
        label=_("Whom to change"),
        max_length=MAX_PASTED,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("@usernames, t.me links or Telegram ids, separated by spaces, commas or line breaks."),
    )
    field_order = ("pasted", "act", "tag")


class LaterNoticeForm(forms.Form):
    """A message about a booking as it is now, and the status that staff read about."""

    kind = forms.ChoiceField(label=_("Message"), widget=forms.RadioSelect, choices=NoticeKind.choices)
    expected = forms.IntegerField(required=False, min_value=SMALLEST_INTEGER, max_value=LARGEST_INTEGER)
    next = forms.CharField(required=False, max_length=MAX_ADDRESS_LENGTH)


class BulkMakeForm(forms.Form):
    """Confirmation of a bulk change: the reason, required for unusual moves, and whether to notify the students."""

    reason = reason_field(rows=2, help_text=_("It is kept in the history of each booking."))
    # It stands in the form only beside the numbers, so nobody goes beyond the places without having seen them.
    overbook = forms.BooleanField(required=False, widget=forms.HiddenInput)
    notify = forms.BooleanField(label=_("Notify the students"), required=False)

    def __init__(self, data: Any, *, required: bool, tells: bool) -> None:
        super().__init__(data)
        self.fields["reason"].required = required
        if not tells:
            del self.fields["notify"]
            self.fields["reason"].help_text = _("It is kept in the audit.")
