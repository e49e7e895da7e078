"""Tags of the frame: pieces that a page need not draw each time, and where its switches lead back to."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from hsl_dashboard.web.addresses import address_to_return_to
from hsl_dashboard.web.saved_lists import can_be_saved

register = template.Library()


@register.simple_tag
def drawn(template_name: str, **values: str | int | None) -> SafeString:
    """Show a template that reads nothing of the page but these values: drawn once a process, for each language."""
    return _drawn(template_name, tuple(values.items()), get_language())


register.filter(address_to_return_to)
register.filter(can_be_saved)


def forget_drawn() -> None:
    """Draw everything anew; for tests that change settings."""
    _drawn.cache_clear()


@lru_cache(maxsize=500)
def _drawn(template_name: str, values: tuple[tuple[str, str | int | None], ...], _language: str | None) -> SafeString:
    return mark_safe(render_to_string(template_name, dict(values)).strip())  # noqa: S308 - a template of ours
