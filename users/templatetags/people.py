"""Filters for templates about people."""

from django import template
from django.utils.safestring import SafeString

from hsl_dashboard.templatetags.frame import drawn
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
    return drawn("users/_latest_status.html", value=status)


@register.filter
def lead(temperature: int) -> SafeString:
    """Show how warm a lead is (users.LeadTemperature)."""
    return drawn("users/_lead.html", value=temperature)


@register.filter
def of_person(values: dict[int, object] | None, user_id: int) -> object | None:
    """Give what a page knows of one person."""
    return (values or {}).get(user_id)
