"""Filters for templates about the state of a broadcast and of its copies."""

from django import template
from django.utils.safestring import SafeString

from hsl_dashboard.templatetags.frame import drawn
from messaging.models import Broadcast, Recipient

register = template.Library()


@register.filter
def state_badge(broadcast: Broadcast) -> SafeString:
    """Show the state of a broadcast as everywhere."""
    return drawn("messaging/_broadcast_state.html", state=broadcast.state, label=broadcast.get_state_display())


@register.filter
def result_badge(recipient: Recipient) -> SafeString:
    """Show what became of the copy for one person."""
    duplicate = recipient.reason == Recipient.Reason.DUPLICATE
    label = recipient.get_state_display()
    return drawn("messaging/_recipient_state.html", state=recipient.state, duplicate=duplicate, label=label)
