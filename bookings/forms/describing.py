"""What staff write about courses and streams."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Course, Currency, Stream
from bookings.services.describing import CourseDescription, StreamDescription, is_code
from hsl_dashboard.web.addresses import MAX_ADDRESS_LENGTH
from hsl_dashboard.web.filters import DayField

MAX_PLACES = 1_000_000
MAX_PRICE = 1_000_000  # dollars
MAX_STREAM_PRICE = 99_999_999  # in any currency: what the column holds
MAX_DESCRIPTION = 4_000  # characters: what the bot can send in one message


class StreamDescriptionForm(forms.Form):
    """A stream as the school describes it."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=100)
    capacity = forms.IntegerField(
        label=_("Places"),
        required=False,
        min_value=0,
        max_value=MAX_PLACES,
        help_text=_("Leave empty if the number of places is not limited."),
    )
    starts_on = DayField(label=_("Starts on"), required=False)
    campaign_starts_on = DayField(
        label=_("Campaign starts on"),
        required=False,
        help_text=_("Who viewed the programme since this day counts as “Viewed”. Empty: since the first booking."),
    )
    price = forms.DecimalField(
        label=pgettext_lazy("of a stream", "Price"),
        required=False,
        min_value=0,
        max_value=MAX_STREAM_PRICE,
        decimal_places=2,
        help_text=_("Before any discount. Empty: the price of the course, in US dollars."),
    )
    currency = forms.ChoiceField(
        label=_("Currency"), required=False, choices=Currency.choices, initial=Currency.USD.value
    )
    is_current = forms.BooleanField(label=_("This is the current stream of the course"), required=False)
    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)
    next = forms.CharField(required=False, max_length=MAX_ADDRESS_LENGTH, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, stream: Stream | None = None, sees_money: bool = False, **kwargs: Any
    ) -> None:
        now = StreamDescription.of(stream) if stream else None
        initial = asdict(now) | {"seen": now.fingerprint} if now else {}
        super().__init__(data, initial=initial | kwargs.pop("initial", {}), auto_id="stream-%s", **kwargs)
        self.now, self.sees_money = now, sees_money
        if not sees_money:
            del self.fields["price"], self.fields["currency"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        starts, campaign = cleaned.get("starts_on"), cleaned.get("campaign_starts_on")
        if starts and campaign and campaign > starts:
            self.add_error("campaign_starts_on", _("The campaign cannot start after the stream itself."))
        return cleaned

    @property
    def values(self) -> StreamDescription:
        """Give what was sent; who does not see money leaves the price as it is."""
        data = self.cleaned_data
        names = ("name", "capacity", "starts_on", "campaign_starts_on", "is_current")
        worth: dict[str, Any] = {}
        if self.sees_money:
            worth = {"price": data["price"], "currency": data["currency"] or Currency.USD.value}
        elif self.now:
            worth = {"price": self.now.price, "currency": self.now.currency}
        return StreamDescription(**{name: data[name] for name in names}, **worth)


class CodeForm(forms.BaseForm):
    """Holds the code of a stream to what the bot writes, unless it stands already."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        course, code = cleaned.get("course"), cleaned.get("code")
        changed = {"course", "code"} & {*self.changed_data}
        if course and code and changed and not is_code(code, course=course):
            self.add_error("code", _("Only Latin letters, digits, “_” and “-”, without spaces: as the bot writes it."))
        return cleaned


class NewStreamForm(CodeForm, StreamDescriptionForm):
    """A stream that nobody has described yet."""

    course = forms.ModelChoiceField(label=_("Course"), queryset=Course.objects.order_by("pk"), empty_label=None)
    code = forms.CharField(label=_("Code"), max_length=50, help_text=_("As the bot writes it, for example 8th_stream."))
    field_order = ("course", "code")


class CourseForm(forms.Form):
    """A course as the bot shows it."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=200)
    button_text = forms.CharField(label=_("Text of the bot's button"), max_length=100)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=MAX_DESCRIPTION, widget=forms.Textarea(attrs={"rows": 6})
    )
    price = forms.DecimalField(label=_("Price, $"), min_value=0, max_value=MAX_PRICE, decimal_places=2)
    start_date_text = forms.CharField(label=_("Start date, as the bot says it"), required=False, max_length=100)
    is_active = forms.BooleanField(label=_("The bot offers this course"), required=False)
    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, course: Course | None = None) -> None:
        initial = {}
        if course:
            now = CourseDescription.of(course)
            initial = asdict(now) | {"price": f"{now.price_usd_cents / 100:.2f}", "seen": now.fingerprint}
        super().__init__(data, initial=initial, auto_id="course-%s")

    @property
    def values(self) -> CourseDescription:
        data = self.cleaned_data
        return CourseDescription(
            name=data["name"],
            description=data["description"] or None,
            price_usd_cents=int(data["price"] * 100),
            button_text=data["button_text"],
            start_date_text=data["start_date_text"] or None,
            is_active=data["is_active"],
        )
