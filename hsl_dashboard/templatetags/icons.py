"""The tags of ``heroicons``, each icon drawn once a process: a page has dozens, and drawing one copies an XML tree."""

from functools import lru_cache, wraps
from typing import Any

from django import template
from django.utils.safestring import SafeString
from heroicons.templatetags import heroicons

register = template.Library()

ICONS = 1_000  # drawings kept: the templates' icons in their sizes are a few hundred, of half a kilobyte each


def _drawn_once(draw: Any) -> Any:
    @lru_cache(maxsize=ICONS)
    def drawn(name: str, attributes: tuple[tuple[str, Any], ...]) -> SafeString:
        icon: SafeString = draw(name, **dict(attributes))
        return icon

    @wraps(draw)
    def icon(name: str, **attributes: Any) -> SafeString:
        return drawn(name, tuple(attributes.items()))

    return icon


for _draw in (
    heroicons.heroicon_micro,
    heroicons.heroicon_mini,
    heroicons.heroicon_outline,
    heroicons.heroicon_solid,
):
    register.simple_tag(_drawn_once(_draw), name=_draw.__name__)
