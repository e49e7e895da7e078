"""The JSON routes of messages: sending, history, one message with its acts, deleting a copy."""

from messaging.api import messages, sending

ROUTERS = (sending.router, messages.router)

__all__ = ["ROUTERS"]
