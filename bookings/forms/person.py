"""What staff send from a person's page: an edited booking, a new one, another stream."""

import json
from dataclasses import asdict, astuple, fields
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.forms.bookings import notify_field, overbook_field, reason_field
from bookings.labels import Labels
from bookings.models import Booking, Course, Stream, status_label
from bookings.services.editing import Values, described_codes
from bookings.services.making import STARTS_AS
from bookings.services.statuses import moves_for
from hsl_dashboard.db import LARGEST_INTEGER
from users.models import User


def second_field() -> forms.BooleanField:
    """Make the field that allows a second active booking of a course; it is shown once there is one."""
    return forms.BooleanField(label=_("Make another booking of this course anyway"), required=False)


class SeenField(forms.CharField):
    """The values of a booking that staff saw when they decided, carried by the form as JSON."""

    widget = forms.HiddenInput
    default_error_messages = {"stale": _("This form is out of date. Open it again.")}

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(astuple(value)) if isinstance(value, Values) else value

    def clean(self, value: Any) -> Values:
        text = super().clean(value)
        try:
            stream, status, code, discount, course = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            raise ValidationError(self.error_messages["stale"], code="stale") from None
        texts = all(isinstance(text, str | None) for text in (stream, code))
        if not texts or not all(type(number) in {int, type(None)} for number in (status, discount, course)):
            raise ValidationError(self.error_messages["stale"], code="stale")
        return Values(stream, status, code, discount, course)


class BookingForm(forms.Form):
    """What staff edit in a booking, and the values they saw."""

    course_stream = forms.ChoiceField(label=_("Stream"), required=False)
    confirmed = forms.TypedChoiceField(label=_("Status"), required=False, coerce=int, empty_value=None)
    discount_percent = forms.IntegerField(label=_("Discount, %"), required=False)
    referral_code = forms.CharField(label=_("Referral code"), required=False)
    reason = reason_field(rows=1)
    second = second_field()
    overbook = overbook_field()
    notify = notify_field()
    seen = SeenField()

    def __init__(self, *args: Any, booking: Booking, by: User, labels: Labels, **kwargs: Any) -> None:
        now = Values.of(booking)
        kwargs["initial"] = asdict(now) | {"seen": now} | kwargs.get("initial", {})
        kwargs["auto_id"] = f"booking-{booking.pk}-%s"
        super().__init__(*args, **kwargs)
        statuses = {booking.confirmed, self._status_seen(booking)}
        self.booking = booking
        self._offer_streams(booking, labels)
        self.fields["confirmed"].choices = list(_statuses(statuses, by=by).items())  # type: ignore[attr-defined]
        if now.discount_percent is None or 0 <= now.discount_percent <= 100:
            self.fields["discount_percent"].widget.attrs |= {"min": 0, "max": 100}

    def _status_seen(self, booking: Booking) -> int | None:
        """The status that the form began with: somebody may have changed it since."""
        try:
            return self.fields["seen"].clean(self.data.get("seen")).confirmed if self.is_bound else booking.confirmed
        except ValidationError:
            return booking.confirmed

    def _offer_streams(self, booking: Booking, labels: Labels) -> None:
        """Offer the streams of the booking's course by their codes, those of other courses as ``course:code``."""
        streams = {"": _("No stream")} | {
            code: name for (course_id, code), name in labels.streams.items() if course_id == booking.course_id
        }
        if booking.course_stream and booking.course_stream not in streams:
            streams[booking.course_stream] = labels.stream(booking.course_id, booking.course_stream)
        field = self.fields["course_stream"]
        choices: list[Any] = list(streams.items())
        if others := [course_id for course_id in sorted(labels.courses) if course_id != booking.course_id]:
            field.label = _("Course and stream")
            here = _("No course") if booking.course_id is None else labels.course(booking.course_id)
            choices = [(here, choices)]
            for other in others:
                named = [
                    (f"{other}:{code}", name) for (course, code), name in labels.streams.items() if course == other
                ]
                choices.append((labels.course(other), [*named, (f"{other}:", _("No stream"))]))
        field.choices = choices  # type: ignore[attr-defined]
        self._own_codes = set(streams)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = cleaned.get("course_stream", "")
        cleaned["course_id"] = self.booking.course_id
        if chosen not in self._own_codes:
            course, _colon, cleaned["course_stream"] = chosen.partition(":")
            cleaned["course_id"] = int(course)
        return cleaned

    def clean_discount_percent(self) -> int:
        percent: int = self.cleaned_data["discount_percent"] or 0
        if not 0 <= percent <= 100 and percent != self.initial["discount_percent"]:
            raise ValidationError(_("A discount is between 0 and 100 %."))
        return percent

    @property
    def values(self) -> Values:
        return Values(**{field.name: self.cleaned_data[field.name] for field in fields(Values)})


def _statuses(present: set[int | None], *, by: User) -> dict[str, str]:
    """Statuses that a booking has, and those it may get from there."""
    names: dict[str, str] = {}
    for status in present:
        names["" if status is None else str(status)] = status_label(status)
        for move in moves_for(status, by=by):
            name = _("%(status)s (with a reason)") % {"status": move.to.label} if move.needs_reason else move.to.label
            names.setdefault(str(move.to.value), str(name))
    return names


class NewBookingForm(forms.Form):
    """A booking that staff make for a person."""

    place = forms.ChoiceField(label=_("Course and stream"))
    status = forms.TypedChoiceField(
        label=_("Starts as"),
        coerce=lambda value: Booking.Status(int(value)),
        choices=[(status.value, status.label) for status in STARTS_AS],
        initial=STARTS_AS[0].value,
    )
    discount_percent = forms.IntegerField(
        label=_("Discount, %"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_("Leave empty to use the discount of the coupon."),
    )
    referral_code = forms.CharField(label=_("Referral code"), required=False, max_length=100)
    reason = reason_field(rows=1)
    # They appear once the answer to them matters.
    second = second_field()
    overbook = overbook_field()
    notify = notify_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        streams = list(Stream.objects.in_order())
        self.courses = {course.pk: course for course in Course.objects.order_by("pk")}
        groups = []
        for course in self.courses.values():
            named = [(f"{course.pk}:{stream.code}", str(stream)) for stream in streams if stream.course_id == course.pk]
            groups.append((str(course), [*named, (f"{course.pk}:", _("No stream"))]))
        self.fields["place"].choices = groups  # type: ignore[attr-defined]
        current = next((stream for stream in streams if stream.is_current), None)
        if current:
            self.initial.setdefault("place", f"{current.course_id}:{current.code}")

    def clean_place(self) -> tuple[Course, str]:
        course_id, _colon, code = self.cleaned_data["place"].partition(":")
        return self.courses[int(course_id)], code


class StreamForm(forms.Form):
    """The stream to which a person's latest active booking goes."""

    to = forms.ChoiceField(label=_("New stream"), error_messages={"required": _("Choose a stream")})
    booking = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_INTEGER)
    reason = reason_field(rows=1)
    overbook = overbook_field()
    notify = notify_field()

    def __init__(self, *args: Any, course_id: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [("", _("Choose a stream")), *described_codes(course_id).items()]  # type: ignore[attr-defined]
