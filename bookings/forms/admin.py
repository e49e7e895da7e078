"""What staff fill in about a booking in the Django admin."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from bookings.forms.bookings import notify_field, reason_field
from bookings.forms.describing import CodeForm
from bookings.models import Booking, ReferralCoupon, Stream, status_label
from bookings.services.bulk_words import why_not
from bookings.services.places import StreamFull, stream_full
from bookings.services.statuses import BookingChanged, Move, moves_for
from hsl_dashboard.db import LARGEST_INTEGER
from users.models import User


class BookingStatusForm(forms.ModelForm):  # type: ignore[type-arg]
    """A booking's next status: only moves that ``by`` may make. The admin saves it through the service."""

    by: ClassVar[User]

    status_to = forms.TypedChoiceField(
        label=_("Status"), coerce=int, empty_value=None, required=False, widget=forms.RadioSelect
    )
    reason = reason_field(rows=3)
    notify = notify_field()
    # The status that staff saw; empty stands for NULL.
    seen = forms.IntegerField(label=_("Status"), required=False, widget=forms.HiddenInput)

    class Meta:
        model = Booking
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was: int | None = self.instance.confirmed
        self.moves = {int(move.to): move for move in moves_for(self.was, by=self.by)}
        stay = _("leave “%(status)s”") % {"status": status_label(self.was)}
        field = self.fields["status_to"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", stay), *((to, self._choice(to)) for to in self.moves)]
        self.fields["seen"].initial = self.was
        # Under the lock of the save, so that the service finds what the form has checked.
        may_confirm = Booking.Status.CONFIRMED in self.moves
        self.full = stream_full(self.instance, locked=self.is_bound) if may_confirm else None
        if self.full:
            self.fields["status_to"].help_text = escape(str(self.full))  # the admin draws it unescaped
        if not self.asks_for_reason(self.moves.values(), full=self.full):
            del self.fields["reason"]

    @staticmethod
    def asks_for_reason(moves: Iterable[Move], *, full: StreamFull | None) -> bool:
        return bool(full) or any(move.needs_reason for move in moves)

    def _choice(self, to: int) -> str:
        label = status_label(to)
        return _("%(status)s — only with a reason") % {"status": label} if self.moves[to].needs_reason else label

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        to = cleaned.get("status_to")
        if "seen" in cleaned and cleaned["seen"] != self.was:
            self._refuse_as_changed()
        elif to is not None and not cleaned.get("reason", "").strip():
            full = to == Booking.Status.CONFIRMED and self.full
            if self.moves[to].needs_reason or full:
                self.add_error("reason", _("Give a reason: it is kept in the booking's history."))
        return cleaned

    def _refuse_as_changed(self) -> None:
        """Say what both wanted, and let staff choose again from the status that is there now."""
        asked = self.data.get(self.add_prefix("status_to"), "")
        wanted = next((status for status in Booking.Status if str(status.value) == asked), None)
        # The move may be gone by now; that it is no valid choice any more says less than this.
        self.errors.pop("status_to", None)
        text = _("Somebody else has changed it to “%(theirs)s”.") % {"theirs": status_label(self.was)}
        if wanted is not None:
            text = why_not(BookingChanged(theirs=self.was, yours=wanted))
        self.add_error(None, text)
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("seen")] = "" if self.was is None else str(self.was)
        data[self.add_prefix("status_to")] = ""
        self.data = data


class ReferralCouponForm(forms.ModelForm):  # type: ignore[type-arg]
    """A coupon; the bot keeps «active» as 0 or 1."""

    is_active = forms.TypedChoiceField(
        label=_("active"), coerce=int, choices=[(1, _("Yes")), (0, _("No"))], initial=1, widget=forms.RadioSelect
    )
    discount_percent = forms.IntegerField(label=_("discount, %"), min_value=1, max_value=100)
    max_activations = forms.IntegerField(label=_("activations allowed"), min_value=0, max_value=LARGEST_INTEGER)

    class Meta:
        model = ReferralCoupon
        fields: ClassVar[list[str]] = ["code", "name", "discount_percent", "max_activations", "is_active", "created_by"]


class StreamRowForm(CodeForm, forms.ModelForm):  # type: ignore[type-arg]
    """A stream, with a code that the bot may write."""

    class Meta:
        model = Stream
        fields: ClassVar[list[str]] = [
            "course", "code", "name", "capacity", "starts_on", "campaign_starts_on", "is_current", "price", "currency",
        ]  # fmt: skip
