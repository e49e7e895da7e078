"""Filters for templates about bookings: the status, the address."""

from django import template
from django.utils.safestring import SafeString

from bookings.lists.rows import booking_address
from hsl_dashboard.templatetags.frame import drawn

register = template.Library()
register.filter(booking_address)


@register.filter
def status_badge(confirmed: int | None) -> SafeString:
    """Show a status (bookings.confirmed) as everywhere."""
    return drawn("_shared/_status_badge.html", status=confirmed)
