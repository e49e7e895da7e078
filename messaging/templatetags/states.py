"""Filters for templates about the state of a broadcast."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from messaging.models import Broadcast

register = template.Library()


@register.filter
def state_badge(broadcast: Broadcast) -> SafeString:
    """Show the state of a broadcast as everywhere."""
    return _drawn(broadcast.state, get_language())


@lru_cache(maxsize=50)
def _drawn(state: str, _language: str | None) -> SafeString:
    """Draw a badge once per process and language: a list has many rows and few states."""
    words = render_to_string("messaging/_broadcast_state.html", {"broadcast": Broadcast(state=state)})
    return mark_safe(words.strip())  # noqa: S308 - drawn by a template
