"""The recipients of a broadcast as a CSV file for Excel, as it streams out of the database."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.models import Recipient
from messaging.statistics import reason_label
from users.models import PeopleExport, User

ROWS_AT_ONCE = 2_000  # rows: what the server-side cursor hands over
BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # with which a cell becomes a formula (OWASP, CSV injection)


class Line:
    """Stands in for a file: csv.writer writes a line, and gets it back."""

    def write(self, line: str) -> str:
        return line


def start_recipient_export(*, by: User, query: str) -> PeopleExport:
    """Write down who takes which list, before the first row leaves the house."""
    return PeopleExport.objects.create(exported_by=by, query=query, format=PeopleExport.Format.CSV, with_emails=False)


def recipient_lines(recipients: "QuerySet[Recipient]", *, export: PeopleExport) -> Iterator[str]:
    """Stream the lines; when the last one is out, the export's row says how many there were."""
    writer = csv.writer(Line(), delimiter=";", lineterminator="\r\n")
    headings = [
        "ID",
        _("Name"),
        "Username",
        _("What became of it"),
        _("Reason"),
        _("Telegram's code"),
        _("Telegram's words"),
        _("Attempts"),
        _("Delivered, Moscow"),
    ]
    yield BYTE_ORDER_MARK + str(writer.writerow(headings))
    rows = 0
    # In a transaction the cursor stays on the server and gives its first rows at once.
    with transaction.atomic():
        for recipient in recipients.iterator(chunk_size=ROWS_AT_ONCE):
            rows += 1
            yield str(writer.writerow([_safe(cell) for cell in _cells(recipient)]))
    PeopleExport.objects.filter(pk=export.pk).update(rows=rows)


def _cells(recipient: Recipient) -> list[Any]:
    person = recipient.telegram_user
    return [
        recipient.telegram_user_id,
        person.display_name,
        person.username or "",
        str(recipient.get_state_display()),
        reason_label(recipient.reason) if recipient.reason else "",
        recipient.error_code,
        recipient.error_text,
        recipient.attempt,
        recipient.sent_at,
    ]


def _safe(cell: Any) -> Any:
    """Give a cell as text that no spreadsheet takes for a formula; moments in Moscow time."""
    if isinstance(cell, datetime):
        return timezone.localtime(cell).strftime("%d.%m.%Y %H:%M:%S")
    if isinstance(cell, str):
        cell = cell.replace("\0", "")
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    return "" if cell is None else cell
