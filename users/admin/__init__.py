"""The Django admin of staff accounts, the bot's people, their events and blocks."""

from users.admin.accounts import staff_of
from users.admin.people import PersonRowsMixin, person_link

__all__ = ["PersonRowsMixin", "person_link", "staff_of"]
