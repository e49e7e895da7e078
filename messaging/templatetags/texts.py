"""Shows HTML that others wrote as plain text."""

from django import template

from messaging.content.markup import bare_text

register = template.Library()


@register.filter
def plain_text(written: object) -> str:
    """The text of a message without its tags, for lists.

    Unlike Django's ``striptags`` it never raises: one person's draft must not close a list for everybody.
    """
    return bare_text(written) if isinstance(written, str) else ""
