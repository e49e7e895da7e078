"""The list of people as a file: CSV for Excel as it streams out of the database, XLSX up to a size."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

from django.contrib.postgres.aggregates import StringAgg
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from users.models import PeopleExport, PersonCounts, TelegramUser, User

ROWS_AT_ONCE = 2_000  # rows: what the server-side cursor hands over, and what memory holds
XLSX_ROWS = 100_000  # rows: openpyxl writes about 5,000 a second, and a browser waits a minute
BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # with which a cell becomes a formula (OWASP, CSV injection)
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class TooManyRows(ValueError):
    """XLSX was asked for more rows than a browser would wait for."""


class Line:
    """Stands in for a file: csv.writer writes a line, and gets it back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(people: "QuerySet[Any]", *, streams: dict[str, str], export: PeopleExport) -> Iterator[str]:
    """Stream the lines; when the last one is out, the export's row says how many there were."""
    writer = csv.writer(Line(), delimiter=";", lineterminator="\r\n")
    yield BYTE_ORDER_MARK + str(writer.writerow(_headings(with_emails=export.with_emails)))
    rows = 0
    # In a transaction the cursor stays on the server and gives its first rows at once.
    with transaction.atomic():
        for person in _rows(people, with_emails=export.with_emails):
            rows += 1
            yield str(writer.writerow([_safe(cell) for cell in _cells(person, streams, export)]))
    _finish(export, rows)


def xlsx_file(people: "QuerySet[Any]", *, streams: dict[str, str], export: PeopleExport) -> IO[bytes]:
    """Write a workbook with one sheet into a temporary file.

    Raises:
        TooManyRows: more than XLSX_ROWS people.
    """
    if people.order_by()[: XLSX_ROWS + 1].count() > XLSX_ROWS:
        raise TooManyRows
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(_("People"))
    sheet.freeze_panes = "A2"
    sheet.append(_headings(with_emails=export.with_emails))
    rows = 0
    with transaction.atomic():
        for person in _rows(people, with_emails=export.with_emails):
            rows += 1
            sheet.append([_typed(sheet, cell) for cell in _cells(person, streams, export)])
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    workbook.save(target)
    target.seek(0)
    _finish(export, rows)
    return target


def start_export(*, by: User, query: str, file_format: str, with_emails: bool) -> PeopleExport:
    """Write down who takes which list, before the first row leaves the house."""
    return PeopleExport.objects.create(exported_by=by, query=query, format=file_format, with_emails=with_emails)


def _finish(export: PeopleExport, rows: int) -> None:
    PeopleExport.objects.filter(pk=export.pk).update(rows=rows)


def _rows(people: "QuerySet[Any]", *, with_emails: bool) -> Iterable[PersonCounts]:
    if with_emails:
        emails = TelegramUser.objects.filter(pk=OuterRef("pk")).values("pk")
        joined = StringAgg("free_lessons__email", delimiter=", ", distinct=True)
        people = people.annotate(emails=Subquery(emails.annotate(emails=joined).values("emails")))
    return people.iterator(chunk_size=ROWS_AT_ONCE)


def _headings(*, with_emails: bool) -> list[str]:
    return [
        "ID",
        _("First name"),
        _("Last name"),
        "Username",
        *([_("E-mail")] if with_emails else []),
        _("Language"),
        _("Latest stream"),
        _("Latest status"),
        _("Bookings"),
        _("Events"),
        _("Lessons"),
        _("Lead"),
        _("Last activity, Moscow"),
        _("First seen, Moscow"),
        _("Blocked the bot"),
    ]


def _cells(row: PersonCounts, streams: dict[str, str], export: PeopleExport) -> list[Any]:
    person = row.telegram_user
    return [
        row.pk,
        person.first_name or "",
        person.last_name or "",
        person.username or "",
        *([getattr(row, "emails", "") or ""] if export.with_emails else []),
        row.language_code,
        streams.get(row.latest_stream, row.latest_stream),
        str(row.get_latest_status_display()),
        row.bookings,
        row.events,
        row.lessons,
        str(row.get_temperature_display()),
        row.last_activity_at,
        row.first_seen_at,
        _("yes") if row.blocked else _("no"),
    ]


def _safe(cell: Any) -> Any:
    """Give a cell as text that no spreadsheet takes for a formula; moments in Moscow time."""
    if isinstance(cell, datetime):
        return timezone.localtime(cell).strftime("%d.%m.%Y %H:%M")
    if isinstance(cell, str):
        cell = cell.replace("\0", "")
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    return "" if cell is None else cell


def _typed(sheet: Any, cell: Any) -> Any:
    """Give a cell of a sheet: a moment as a date, a text as a text even if it begins with "="."""
    if isinstance(cell, datetime):
        return timezone.localtime(cell).replace(tzinfo=None, microsecond=0)
    if isinstance(cell, str):
        typed = WriteOnlyCell(sheet, NOT_IN_XML.sub("", cell)[:32_767])  # characters: what a cell holds
        typed.data_type = "s"
        return typed
    return cell
