"""What every list's filter is made of: bounded fields, a period that makes sense, its values as removable words."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils import formats, timezone
from django.utils.choices import flatten_choices
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField

from hsl_dashboard.web.addresses import ActiveFilter, address_without, tidy_query
from hsl_dashboard.web.days import day_begins, day_ends
from hsl_dashboard.web.keyset import Sorting

SORT = "sort"  # a field of the form that narrows nothing
EMPTY: tuple[Any, ...] = (None, "", [])


class ListSelect(forms.Select):
    """A select that draws its options by itself: Django renders two templates for each of them."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = {str(each) for each in self.format_value(value)}
        attributes = flatatt({"name": name, **self.build_attrs(self.attrs, attrs)})
        return format_html("<select{}>{}</select>", attributes, _options(self.choices, chosen))


def _options(choices: Iterable[Any], chosen: set[str]) -> SafeString:
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<optgroup label="{}">{}</optgroup>', code, _options(label, chosen)),)
            if isinstance(label, list | tuple)
            else (format_html(OPTION, code, SELECTED if str(code) in chosen else "", label),)
            for code, label in choices
        ),
    )


OPTION = '<option value="{}"{}>{}</option>'
SELECTED = mark_safe(" selected")


class FilterForm(forms.Form):
    """The filter's fields together: a period must not end before it begins."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if type(field.widget) is forms.Select:
                field.widget.__class__ = ListSelect

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", ValidationError(_("The period ends before it begins.")))
        return cleaned


class DayField(forms.DateField):
    """A day as the browser's picker or a person writes it, in years that a calendar can count."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%d.%m.%Y"])
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)
        self.validators += [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(2199, 12, 31))]


class DayFilter(django_filters.DateFilter):
    field_class = DayField


class SinceFilter(DayFilter):
    """Rows whose moment, the column ``field_name``, is not before a day of the school."""

    def filter(self, rows: "QuerySet[Any]", day: date | None) -> "QuerySet[Any]":
        return rows.filter(**{f"{self.field_name}__gte": day_begins(day)}) if day else rows


class UntilFilter(DayFilter):
    """Rows whose moment is not after a day of the school."""

    def filter(self, rows: "QuerySet[Any]", day: date | None) -> "QuerySet[Any]":
        return rows.filter(**{f"{self.field_name}__lt": day_ends(day)}) if day else rows


class MomentField(IsoDateTimeField):
    """A moment in years that a calendar can count."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators += [
            MinValueValidator(datetime(1970, 1, 1, tzinfo=UTC)),
            MaxValueValidator(datetime(2199, 12, 31, tzinfo=UTC)),
        ]


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A moment that a page of ours has put into an address; nobody types it."""

    field_class = MomentField

    def __init__(self, *, field_name: str, lookup_expr: str, label: Any) -> None:
        super().__init__(field_name, lookup_expr, label=label, widget=forms.HiddenInput())


class SearchFilter(django_filters.CharFilter):
    """What somebody types to find rows, by ``filter_search`` unless told otherwise."""

    def __init__(self, *, label: Any, placeholder: Any = "", method: str = "filter_search") -> None:
        attrs = {"type": "search", "placeholder": placeholder, "autocomplete": "off", "spellcheck": "false"}
        super().__init__(method=method, label=label, max_length=200, widget=forms.TextInput(attrs=attrs))


class SortFilter(django_filters.ChoiceFilter):
    """What a list is sorted by: a word of ``columns``, with a minus the other way round. The list orders itself."""

    def __init__(self, columns: Mapping[str, Any], *, usual: str) -> None:
        self.columns, self.usual = columns, usual
        words = [sign + name for name in columns for sign in ("", "-")]
        super().__init__(label=_("Sorting"), choices=[(word, word) for word in words])

    def filter(self, rows: "QuerySet[Any]", _word: str) -> "QuerySet[Any]":
        return rows


class ListFilter(django_filters.FilterSet):
    """A list whose address holds its filters; a parameter that is left empty asks for nothing."""

    class Meta:
        form = FilterForm
        fields: list[str] = []

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Any]") -> None:
        super().__init__(tidy_query(data), queryset=queryset)

    def values(self) -> dict[str, Any]:
        """Map the fields that narrow the list to their values; empty while the form is invalid."""
        cleaned = self.form.cleaned_data if self.is_valid() else {}
        return {name: value for name, value in cleaned.items() if name != SORT and value not in EMPTY}

    @property
    def searched(self) -> str:
        """What was typed into the search; empty: nothing."""
        return str(self.values().get("q", ""))

    @property
    def sorted_by(self) -> str:
        """What the list is sorted by: as asked, else as usual."""
        asked = self.form.cleaned_data.get(SORT) if self.is_valid() else ""
        return str(asked or self.filters[SORT].usual)

    @property
    def sorting(self) -> Sorting:
        """The same for a list that is paged by its rows."""
        column = self.filters[SORT].columns[self.sorted_by.removeprefix("-")]
        return Sorting(column, descending=self.sorted_by.startswith("-"))

    def active_filters(self, path: str) -> list[ActiveFilter]:
        """List what narrows the list in words, each with the address without it."""
        return [
            ActiveFilter(str(self.form.fields[name].label), text, address_without(path, self.data, name, raw))
            for name, raw, text in self._active_values()
        ]

    def in_words(self) -> list[str]:
        """Say what narrows the list, as its page does."""
        return [f"{active.label}: {active.value}" for active in self.active_filters("")]

    def _active_values(self) -> Iterator[tuple[str, str | None, str]]:
        """Yield name, the one of several values that the address would lose (None: all), and the words for it."""
        for name, value in self.values().items():
            offered: Iterable[Any] = flatten_choices(getattr(self.form.fields[name], "choices", []))
            choices = {str(key): str(label) for key, label in offered}
            if isinstance(value, list):
                yield from ((name, str(choice), choices.get(str(choice), str(choice))) for choice in value)
            elif isinstance(value, datetime):
                yield name, None, formats.date_format(timezone.localtime(value), "d.m.Y H:i")
            elif isinstance(value, date):
                yield name, None, formats.date_format(value, "d.m.Y")
            else:
                yield name, None, choices.get(str(value), str(value))
