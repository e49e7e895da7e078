"""The recipients of a broadcast as a file."""

from typing import Any

from django.utils.translation import gettext as _

from hsl_dashboard.web.spreadsheets import Sheet
from messaging.broadcasts.journal import staff_name
from messaging.broadcasts.recipient_rows import TroubledFirst
from messaging.models import CorrectedMessage, Recipient
from messaging.models.reasons import telegram_words
from messaging.models.recipients import reason_label


def recipient_sheet(recipients: TroubledFirst) -> Sheet:
    """The table of recipients as it stands on the page, all of its pages."""
    headings = [
        "ID",
        _("First name"),
        "Username",
        _("Result"),
        _("Reason"),
        _("Telegram's code"),
        _("Telegram's words"),
        _("Attempts"),
        _("Last tried, Moscow"),
        _("Delivered, Moscow"),
        _("Decided by"),
        _("Deletion or edit"),
    ]
    rows = (_recipient_cells(recipient) for recipient in recipients.iterator())
    return Sheet(_("Recipients"), headings, rows, seconds=True)


def _recipient_cells(recipient: Recipient) -> list[Any]:
    person = recipient.telegram_user
    corrected = recipient.corrected  # type: ignore[attr-defined]  # TroubledFirst.iterator
    result = str(CorrectedMessage.State(corrected).label) if corrected else ""
    words = recipient.corrected_words or ""  # type: ignore[attr-defined]
    return [
        recipient.telegram_user_id,
        person.display_name,
        person.username or "",
        str(recipient.get_state_display()),
        reason_label(recipient.reason) if recipient.reason else "",
        recipient.error_code,
        telegram_words(recipient.error_text),
        recipient.attempt,
        recipient.claimed_at,
        recipient.sent_at,
        staff_name(recipient.decided_by),
        f"{result}: {words}" if words else result,
    ]
