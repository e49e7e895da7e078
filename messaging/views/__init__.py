"""Pages of messages, a module a noun."""

from messaging.views.automations import automation_edit, automation_list, automation_switch
from messaging.views.compose import compose_message
from messaging.views.compose_confirm import compose_confirm
from messaging.views.compose_library import template_list
from messaging.views.compose_link import compose_link
from messaging.views.webhook import telegram_webhook

__all__ = [
    "automation_edit",
    "automation_list",
    "automation_switch",
    "compose_confirm",
    "compose_link",
    "compose_message",
    "telegram_webhook",
    "template_list",
]
