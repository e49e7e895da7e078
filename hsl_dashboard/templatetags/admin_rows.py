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
        # Each cell begins with <td or <th.
        label = _label(headers[position]) if position < len(headers) else ""
        yield mark_safe(f'{cell[:3]} data-label="{label}"{cell[3:]}')  # noqa: S308 - a cell of Django's own


def _label(header: dict[str, Any]) -> str:
    """Give a column's name, which its head keeps: fifty rows ask for it."""
    if "label" not in header:
        text = str(header["text"])
        # The head of the check boxes is a check box.
        header["label"] = "" if "<input" in text else escape(header["text"])
    label: str = header["label"]
    return label
