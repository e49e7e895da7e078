"""Blocked people as a file."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from hsl_dashboard.calendar import unknown
from hsl_dashboard.web.spreadsheets import Sheet
from users.models import BlockedUser


def blocked_sheet(blocks: Iterable[BlockedUser], *, words: dict[str, str]) -> Sheet:
    """The list of blocked people; ``words`` say the reasons that Telegram gave."""
    headings = ["ID", _("First name"), "Username", _("Since, Moscow"), _("Why"), _("Who decided")]
    rows = (
        [
            block.pk,
            block.telegram_user.display_name,
            block.telegram_user.username or "",
            block.blocked_at or unknown(),
            words.get(block.reason or "", block.reason or ""),
            "Telegram" if block.reason in words else _("Staff"),
        ]
        for block in blocks
    )
    return Sheet(_("Blocked people"), headings, rows)
