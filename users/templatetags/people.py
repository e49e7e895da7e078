"""Filters for templates about people."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from users.person.context import person_address

register = template.Library()
register.filter(person_address)


@register.filter
def named(names: dict[str, str] | None, code: str) -> str:
    """Give the name of a code, or the code where nobody named it."""
    return (names or {}).get(code, code)


@register.filter
def latest_status(status: int) -> SafeString:
    """Show the status of a person's newest booking (users.LatestStatus)."""
    return _rendered("users/_latest_status.html", status, get_language())


@register.filter
def lead(temperature: int) -> SafeString:
    """Show how warm a lead is (users.LeadTemperature)."""
    return _rendered("users/_lead.html", temperature, get_language())


@lru_cache(maxsize=100)
def _rendered(name: str, value: int, _language: str | None) -> SafeString:
    # A badge has ten values and stands in fifty rows twice; its icon is drawn once a process.
    return mark_safe(render_to_string(name, {"value": value}).strip())  # noqa: S308
