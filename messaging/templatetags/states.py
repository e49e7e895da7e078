"""Filters for templates about the state of a broadcast and of its copies."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from messaging.models import Broadcast, Recipient

register = template.Library()


@register.filter
def state_badge(broadcast: Broadcast) -> SafeString:
    """Show the state of a broadcast as everywhere."""
    return _drawn(broadcast.state, get_language())


@register.filter
def result_badge(recipient: Recipient) -> SafeString:
    """Show what became of the copy for one person."""
    return _drawn_result(recipient.state, recipient.reason == "duplicate", get_language())


@lru_cache(maxsize=50)
def _drawn(state: str, _language: str | None) -> SafeString:
    """Draw a badge once per process and language: a list has many rows and few states."""
    words = render_to_string("messaging/_broadcast_state.html", {"broadcast": Broadcast(state=state)})
    return mark_safe(words.strip())  # noqa: S308 - drawn by a template


@lru_cache(maxsize=50)
def _drawn_result(state: str, duplicate: bool, _language: str | None) -> SafeString:
    label = Recipient.State(state).label
    words = render_to_string(
        "messaging/_recipient_state.html", {"state": state, "duplicate": duplicate, "label": label}
    )
    return mark_safe(words.strip())  # noqa: S308 - drawn by a template
