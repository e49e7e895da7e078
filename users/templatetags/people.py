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
    """Give the name of a code, or the code itself if it has no name."""
    return (names or {}).get(code, code)


@register.filter
def latest_status(status: int) -> SafeString:
    """Show the status of a person's newest booking (users.LatestStatus)."""
    return drawn("users/_latest_status.html", "value", status, get_language())


@register.filter
def lead(temperature: int) -> SafeString:
    """Show how warm a lead is (users.LeadTemperature)."""
    return drawn("users/_lead.html", "value", temperature, get_language())


@lru_cache(maxsize=200)
def drawn(template_name: str, variable: str, value: int | None, _language: str | None) -> SafeString:
    """Draw a badge. It has a handful of values and stands in fifty rows: each is drawn once a process and language."""
    return mark_safe(render_to_string(template_name, {variable: value}).strip())  # noqa: S308


@register.filter
def of_person(values: dict[int, object] | None, user_id: int) -> object | None:
    """Give what a page knows of one person."""
    return (values or {}).get(user_id)
