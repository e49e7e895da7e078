"""Numbers below zero with a minus, which is as wide as a plus; a hyphen is half of one."""

from django import template

register = template.Library()


@register.filter
def minus(number: object) -> str:
    """Write a number, or what another filter made of it, with one sign everywhere."""
    return str(number).replace("-", "−", 1)
