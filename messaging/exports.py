"""The recipients of a broadcast, and blocked people, as files."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from hsl_dashboard.spreadsheets import XLSX_ROWS, Sheet
from messaging.history import staff_name
from messaging.models import CorrectedMessage, Recipient
from messaging.recipient_rows import TroublesFirst
from messaging.statistics import reason_label
from users.exports import finish_export
from users.models import BlockedUser, PeopleExport


def recipient_sheet(recipients: TroublesFirst, *, export: PeopleExport) -> Sheet:
    """The table of recipients as it stands on the page, all of its pages."""
    headings = [
        "ID",
        _("Name"),
        "Username",
        _("What became of it"),
        _("Reason"),
        _("Telegram's code"),
        _("Telegram's words"),
        _("Attempts"),
        _("Last tried, Moscow"),
        _("Delivered, Moscow"),
        _("Decided by"),
        _("Deleting, changing"),
    ]
    rows = (_recipient_cells(recipient) for recipient in recipients.iterator())
    return Sheet(_("Recipients"), headings, rows, done=partial(finish_export, export), seconds=True)


def _recipient_cells(recipient: Recipient) -> list[Any]:
    person = recipient.telegram_user
    corrected = recipient.corrected  # type: ignore[attr-defined]  # TroublesFirst.iterator
    result = str(CorrectedMessage.State(corrected).label) if corrected else ""
    words = recipient.corrected_words or ""  # type: ignore[attr-defined]
    return [
        recipient.telegram_user_id,
        person.display_name,
        person.username or "",
        str(recipient.get_state_display()),
        reason_label(recipient.reason) if recipient.reason else "",
        recipient.error_code,
        recipient.error_text,
        recipient.attempt,
        recipient.claimed_at,
        recipient.sent_at,
        staff_name(recipient.decided_by),
        f"{result}: {words}" if words else result,
    ]


def blocked_sheet(blocks: Iterable[BlockedUser], *, words: dict[str, str], export: PeopleExport) -> Sheet:
    """The list of blocked people; ``words`` say the reasons that Telegram gave."""
    headings = ["ID", _("Name"), "Username", _("Since, Moscow"), _("Why"), _("Who decided")]
    rows = (
        [
            block.pk,
            block.telegram_user.display_name,
            block.telegram_user.username or "",
            block.blocked_at,
            words.get(block.reason or "", block.reason or ""),
            "Telegram" if block.reason in words else _("Staff"),
        ]
        for block in blocks
    )
    return Sheet(_("Blocked people"), headings, rows, done=partial(finish_export, export))


def too_long_sentence() -> str:
    """What is said instead of a workbook that nobody would wait for."""
    return _("A workbook takes at most %(most)d rows here. CSV takes any number and opens in Excel as well.") % {
        "most": XLSX_ROWS
    }
