"""What others wrote as HTML, as plain words."""

from django import template

from messaging.content.markup import bare_text

register = template.Library()


@register.filter
def plain_text(written: object) -> str:
    """Give the words of a message without its tags, for lists.

    Unlike Django's ``striptags`` it never raises: one person's draft must not close a list for everybody.
    """
    return bare_text(written) if isinstance(written, str) else ""
