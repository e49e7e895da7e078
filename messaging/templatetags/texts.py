"""Shows HTML that others wrote as plain text."""

from collections.abc import Mapping

from django import template

from messaging.content.markup import bare_text
from messaging.content.placeholders import with_fallbacks
from messaging.models.reasons import telegram_words

register = template.Library()
register.filter("telegram_words", telegram_words)


@register.filter
def at(values: "Mapping[str, int]", key: str) -> int:
    """The number under a key; 0 where there is none."""
    return values.get(key, 0)


@register.filter
def plain_text(written: object) -> str:
    """The text of a message without its tags, for lists.

    Unlike Django's ``striptags`` it never raises: one person's draft must not close a list for everybody.
    """
    return bare_text(written) if isinstance(written, str) else ""


@register.filter
def title_text(written: object) -> str:
    """The same of a text that is still to be filled in: with its fallbacks."""
    return with_fallbacks(plain_text(written))
