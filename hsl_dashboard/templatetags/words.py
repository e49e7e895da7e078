"""Words on pages: constant translations, looked up once a language; what others wrote in HTML, as plain text."""

import re
from html import unescape
from typing import Any

from django import template
from django.template.base import Node, Parser, Token
from django.template.context import Context
from django.templatetags import i18n
from django.utils.translation import get_language

from hsl_dashboard.web.clients import device_name

register = template.Library()
register.filter(device_name)


class ConstantTranslateNode(Node):
    """A text without variables: the same each time, for a language."""

    def __init__(self, node: i18n.TranslateNode) -> None:
        self.node = node
        self.said: dict[tuple[str | None, bool], str] = {}

    def render(self, context: Context) -> str:
        key = get_language(), context.autoescape
        if key not in self.said:
            self.said[key] = self.node.render(context)
        return self.said[key]


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    node: Any = i18n.do_translate(parser, token)
    text = node.filter_expression
    is_constant = text.var.lookups is None and not text.filters
    return ConstantTranslateNode(node) if is_constant and not (node.asvar or node.message_context) else node


# A tag ends before the next one begins: read in one pass, whatever somebody wrote.
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot);")


@register.filter
def plain_text(written: object) -> str:
    """The words of a message without its tags, for lists.

    Unlike Django's ``striptags`` it never raises: one person's draft must not close a list for everybody.
    """
    if not isinstance(written, str):
        return ""
    return _ENTITY.sub(lambda found: unescape(found.group()), _TAG.sub("", written))
