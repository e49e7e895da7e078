"""Filters for templates about the status of a booking."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()


@register.filter
def status_badge(confirmed: int | None) -> SafeString:
    """Show a status (bookings.confirmed) as everywhere."""
    return _badge(confirmed, get_language())


# A list has fifty rows, and a handful of statuses: each is drawn once a process.


@lru_cache(maxsize=100)
def _badge(confirmed: int | None, _language: str | None) -> SafeString:
    return mark_safe(render_to_string("_shared/_status_badge.html", {"status": confirmed}).strip())  # noqa: S308
