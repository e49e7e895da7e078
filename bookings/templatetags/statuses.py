"""Filters for templates about the status of a booking."""

from django import template
from django.utils.safestring import SafeString

from hsl_dashboard.templatetags.frame import drawn

register = template.Library()


@register.filter
def status_badge(confirmed: int | None) -> SafeString:
    """Show a status (bookings.confirmed) as everywhere."""
    return drawn("_shared/_status_badge.html", "status", confirmed)
