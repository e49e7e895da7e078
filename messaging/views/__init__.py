"""Pages of messages, a module a noun."""

from messaging.views.compose import compose_message
from messaging.views.compose_confirm import compose_confirm
from messaging.views.compose_library import template_list
from messaging.views.compose_link import compose_link

__all__ = ["compose_confirm", "compose_link", "compose_message", "template_list"]
