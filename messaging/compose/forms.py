"""The form of a new message: valid fields become a Content, the others show their errors."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking
from hsl_dashboard.db import LARGEST_BIGINT, LARGEST_INTEGER
from messaging.audiences.choices import GROUPS, read_stream_key
from messaging.audiences.criteria import (
    LONGEST_QUIET,
    ActiveInStream,
    Audience,
    Criterion,
    Individuals,
    InStream,
    UnknownCriterion,
)
from messaging.content.buttons import BUTTON_LIMIT
from messaging.content.content import Content, read_moment
from messaging.content.markup import RAW_LIMIT
from messaging.models import Broadcast, Segment, TemplateVersion

LONGEST_NAME = 100  # characters of a message's name
LONGEST_CODE = 200  # characters of a stream's code
LONGEST_CRITERION = 200_000  # characters of JSON: ten thousand people named one by one

AUDIENCE = (
    "cell", "group", "person", "kept_include", "kept_narrow",
    "leave_stream", "leave_group", "leave_person", "kept_exclude", "quiet_hours",
)  # fmt: skip
MEDIA = ("kind", "media_file_id", "media_earlier")
# Where an error of a field is shown.
PLACES = {
    **dict.fromkeys(AUDIENCE, "audience"),
    **dict.fromkeys(MEDIA, "media"),
    "quiet_hours": "quiet_hours",
    "when": "at",
    "name": "text",
    "template_name": "template",
    "segment_name": "segment",
    "segment_shared": "segment",
    "segment_replace": "segment",
    "chosen": "people",
}


def without_nul(data: QueryDict) -> QueryDict:
    """Remove NUL characters, which PostgreSQL cannot store, from posted values."""
    cleaned = QueryDict(mutable=True)
    for name, values in data.lists():
        cleaned.setlist(name, [str(value).replace("\0", "") for value in values])
    cleaned._mutable = False
    return cleaned


class PageForm(forms.Form):
    """The hidden fields of the page: its draft, the version it is based on, the search. Nobody types these."""

    draft = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_BIGINT)
    version = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_INTEGER)
    theirs = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_INTEGER)
    saved_from = forms.CharField(required=False, max_length=40)
    q = forms.CharField(required=False, max_length=500)


class ListField(forms.Field):
    """Every value of one name, each read by ``read``, which raises ValueError for what it cannot read."""

    widget = forms.MultipleHiddenInput

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__(required=False)
        self.read = read

    def to_python(self, value: Any) -> list[Any]:
        found = []
        for typed in value or []:
            try:
                found.append(self.read(str(typed)))
            except ValueError as error:
                words = {"value": typed if len(typed) <= 40 else f"{typed[:39]}…"}
                raise ValidationError(_("“%(value)s” is not understood.") % words) from error
        return found


def _whole(text: str, *, largest: int) -> int:
    if not text.removeprefix("-").isdecimal() or len(text) > 20 or abs(number := int(text)) > largest:
        raise ValueError(text[:40])
    return number


def _read_stream(value: str) -> tuple[int | None, str]:
    """``course:code``; without a course, the stream of any course."""
    course, _colon, code = value.partition(":")
    if not code or len(code) > LONGEST_CODE or (course and _whole(course, largest=LARGEST_INTEGER) < 0):
        raise ValueError(value[:40])
    return read_stream_key(value)


def _read_cell(value: str) -> tuple[int | None, str, int]:
    """``course:code:status``."""
    stream, _colon, status = value.rpartition(":")
    return *_read_stream(stream), Booking.Status(_whole(status, largest=LARGEST_INTEGER)).value


def _read_group(value: str) -> Criterion:
    if value not in GROUPS:
        raise ValueError(value[:40])
    return GROUPS[value][0]


def _read_person(value: str) -> int:
    return _whole(value.strip(), largest=LARGEST_BIGINT)


def _read_criterion(value: str) -> Criterion:
    if len(value) > LONGEST_CRITERION:
        raise ValueError(value[:40])
    try:
        return Criterion.from_json(json.loads(value))
    except (UnknownCriterion, RecursionError) as error:  # a hundred thousand brackets are valid JSON
        raise ValueError(value[:40]) from error


class ButtonForm(forms.Form):
    """A button as typed; a line without text and target is ignored."""

    text = forms.CharField(label=gettext_lazy("Text of the button"), required=False, max_length=256)
    target = forms.CharField(label=gettext_lazy("Address or action of the bot"), required=False, max_length=2048)
    row = forms.IntegerField(label=gettext_lazy("Row"), required=False, min_value=1, max_value=BUTTON_LIMIT)


class BaseButtonFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    def lines(self) -> list[dict[str, str]]:
        """The buttons as a Content holds them."""
        cleaned = [form.cleaned_data for form in self.forms]
        return [
            {"text": line["text"], "target": line["target"], "row": str(line.get("row") or 1)}
            for line in cleaned
            if line.get("text") or line.get("target")
        ]

    def numbered_errors(self) -> list[str]:
        """All errors, each with the number of its line."""
        found = [str(error) for error in self.non_form_errors()]
        for number, form in enumerate(self.forms, start=1):
            for name, errors in form.errors.items():
                words = {"number": number, "field": form.fields[name].label}
                found += [_("Button %(number)d, %(field)s: %(error)s") % {**words, "error": error} for error in errors]
        return found


# Lines removed on the page leave gaps in the numbering, so there may be more numbers than buttons.
ButtonFormSet = forms.formset_factory(
    ButtonForm, formset=BaseButtonFormSet, extra=0, max_num=BUTTON_LIMIT, absolute_max=10 * BUTTON_LIMIT
)


def _button_lines(data: QueryDict | None = None, initial: Sequence[dict[str, str]] | None = None) -> BaseButtonFormSet:
    return cast("BaseButtonFormSet", ButtonFormSet(data, initial=initial, prefix="buttons"))


class MessageForm(forms.Form):
    """A message, its recipients and its time; what Telegram would refuse is checked in ``faults``."""

    name = forms.CharField(required=False, max_length=LONGEST_NAME)
    text = forms.CharField(required=False, strip=False)
    kind = forms.ChoiceField(required=False, choices=Broadcast.Kind.choices)
    media_file_id = forms.CharField(required=False, max_length=500)
    media_earlier = forms.CharField(required=False, max_length=600)
    link_preview = forms.BooleanField(required=False)
    silent = forms.BooleanField(required=False)
    when = forms.ChoiceField(required=False, choices=[("now", "now"), ("at", "at")])
    at = forms.CharField(required=False, max_length=30)
    preview_for = forms.IntegerField(required=False, min_value=-LARGEST_BIGINT, max_value=LARGEST_BIGINT)
    cell = ListField(_read_cell)
    group = ListField(_read_group)
    person = ListField(_read_person)
    leave_stream = ListField(_read_stream)
    leave_group = ListField(_read_group)
    leave_person = ListField(_read_person)
    kept_include = ListField(_read_criterion)
    kept_narrow = ListField(_read_criterion)
    kept_exclude = ListField(_read_criterion)
    quiet_hours = forms.IntegerField(required=False, min_value=1, max_value=LONGEST_QUIET)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        if len(text.encode()) > RAW_LIMIT:
            raise ValidationError(_("With its tags, the text is over 32 KB. Telegram does not accept that."))
        return text

    def clean_media_earlier(self) -> tuple[str, str] | None:
        """A file that Telegram has: ``kind|file_id``."""
        typed: str = self.cleaned_data["media_earlier"]
        kind, _bar, file_id = typed.partition("|")
        if typed and (kind not in Broadcast.Kind.values or not file_id):
            raise ValidationError(_("“%(value)s” is not understood.") % {"value": typed[:40]})
        return (kind, file_id) if typed else None

    def clean_at(self) -> str:
        typed: str = self.cleaned_data["at"]
        if typed and read_moment(typed) is None:
            raise ValidationError(_("Enter the date and time."))
        return typed


@dataclass(frozen=True)
class MessageForms:
    """The message and its lines of buttons, which a browser sends together."""

    message: MessageForm
    buttons: BaseButtonFormSet

    @classmethod
    def posted(cls, data: QueryDict) -> "MessageForms":
        return cls(MessageForm(data), _button_lines(data))

    @classmethod
    def showing(cls, content: Content, *, blank: Iterable[dict[str, str]] = ()) -> "MessageForms":
        """The form of what is stored, with empty lines for more buttons."""
        initial = {
            name: getattr(content, name)
            for name in ("name", "text", "kind", "media_file_id", "link_preview", "silent", "at")
        }
        initial["quiet_hours"] = content.question.quiet_hours
        lines = [*content.buttons, *blank]
        return cls(MessageForm(initial=initial), _button_lines(initial=lines))

    def read(self, before: Content) -> Content:
        """The content with all valid fields; the others keep their stored values."""
        if not self.message.is_bound:
            return before
        self.message.full_clean()
        cleaned = self.message.cleaned_data
        alike = ("name", "text", "link_preview", "silent", "at")
        values: dict[str, Any] = {name: cleaned[name] for name in alike if name in cleaned}
        if "when" in cleaned:
            values["when"] = cleaned["when"] or "now"
        if cleaned.get("preview_for") is not None:
            values["preview_for"] = cleaned["preview_for"]
        if all(name in cleaned for name in MEDIA):
            typed = (cleaned["kind"] or Broadcast.Kind.TEXT.value, cleaned["media_file_id"])
            values["kind"], values["media_file_id"] = cleaned["media_earlier"] or typed
        if all(name in cleaned for name in AUDIENCE):
            values["audience"] = _audience(cleaned).as_json()
        if self.buttons.is_valid():
            values["buttons"] = self.buttons.lines()
        return replace(before, **values)

    def errors(self) -> dict[str, list[str]]:
        """The errors, by the place where they are shown."""
        if not self.message.is_bound:
            return {}
        found = errors_by_place(self.message.errors)
        return found if self.buttons.is_valid() else found | {"buttons": self.buttons.numbered_errors()}


def errors_by_place(errors: ErrorDict) -> dict[str, list[str]]:
    """Errors of fields, by the place where each is shown."""
    found: dict[str, list[str]] = {}
    for name, messages in errors.items():
        found.setdefault(PLACES.get(name, name), []).extend(str(error) for error in messages)
    return found


def _audience(cleaned: dict[str, Any]) -> Audience:
    statuses: dict[tuple[int | None, str], list[int]] = {}
    for course, code, status in cleaned["cell"]:
        statuses.setdefault((course, code), []).append(status)
    streams = [InStream(code, course, tuple(chosen)) for (course, code), chosen in statuses.items()]
    left_out = [ActiveInStream(code=code, course_id=course) for course, code in dict.fromkeys(cleaned["leave_stream"])]
    return Audience(
        include=(*streams, *_in_order(cleaned["group"]), *_named(cleaned["person"]), *cleaned["kept_include"]),
        narrow=tuple(cleaned["kept_narrow"]),
        exclude=(
            *left_out, *_in_order(cleaned["leave_group"]), *_named(cleaned["leave_person"]), *cleaned["kept_exclude"],
        ),
        quiet_hours=cleaned["quiet_hours"],
    )  # fmt: skip


def _in_order(chosen: list[Criterion]) -> list[Criterion]:
    return [criterion for criterion, _label in GROUPS.values() if criterion in chosen]


def _named(ids: list[int]) -> list[Individuals]:
    return [Individuals(ids=tuple(dict.fromkeys(ids)))] if ids else []


# What an action asks for besides the message -------------------------------------------------------------------------


class PersonForm(forms.Form):
    """A person found by the search."""

    chosen = forms.IntegerField(min_value=-LARGEST_BIGINT, max_value=LARGEST_BIGINT)


class TemplateNameForm(forms.Form):
    template_name = forms.CharField(  # type: ignore[assignment]  # fields are no attributes of the form
        max_length=100, error_messages={"required": gettext_lazy("Enter a template name.")}
    )


class TemplateForm(forms.Form):
    template = forms.ModelChoiceField(
        TemplateVersion.objects.all(), error_messages={"required": gettext_lazy("Choose a template.")}
    )


class SegmentNameForm(forms.Form):
    segment_name = forms.CharField(max_length=100, error_messages={"required": gettext_lazy("Enter a segment name.")})
    segment_shared = forms.BooleanField(required=False)
    segment_replace = forms.CharField(required=False, max_length=100)  # the name that was asked about


class SegmentForm(forms.Form):
    """One of the segments that the member of staff may use."""

    segment = forms.ModelChoiceField(
        Segment.objects.none(), error_messages={"required": gettext_lazy("Choose a segment.")}
    )

    def __init__(self, data: QueryDict, *, segments: QuerySet[Segment]) -> None:
        super().__init__(data)
        self.fields["segment"].queryset = segments  # type: ignore[attr-defined]
