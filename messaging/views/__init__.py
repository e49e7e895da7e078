"""Pages of messages, a module a noun."""

from messaging.views.compose import compose_message
from messaging.views.compose_confirm import compose_confirm

__all__ = ["compose_confirm", "compose_message"]
