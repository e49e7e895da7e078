"""Rows of the Django admin's lists, whose cells come as finished HTML."""

from collections.abc import Iterator
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def labelled(row: Any, headers: list[dict[str, Any]]) -> Iterator[SafeString]:
    """Name each cell after its column, as our own tables do: on a phone a row is a card."""
    # A row that is edited in its list brings a hidden field more, which has no column.
    for position, cell in enumerate(row):
        text = headers[position]["text"] if position < len(headers) else ""
        # The head of the check boxes is a check box; each cell begins with <td or <th.
        label = "" if "<input" in str(text) else escape(text)
        yield mark_safe(f'{cell[:3]} data-label="{label}"{cell[3:]}')  # noqa: S308 - a cell of Django's own
