"""JSON that a form carries hidden: what it showed when it was opened."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class HiddenJSONField(forms.JSONField):
    """Django's own fails at a hundred thousand brackets, which are valid JSON and deeper than Python reads."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": "…"}) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return initial

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return super().has_changed(initial, data)
        except RecursionError:
            return True
