"""Lists as files: CSV for Excel as it streams out of the database, XLSX up to a size; no cell becomes a formula."""

import csv
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from hsl_dashboard.availability.limits import EXPORT, transaction_within
from hsl_dashboard.calendar import FarDay, FarMoment

ROWS_AT_ONCE = 2_000  # rows: what the server-side cursor hands over, and what memory holds
XLSX_ROWS = 100_000  # rows: openpyxl writes about 5,000 a second, and a browser waits a minute
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
# With which a cell becomes a formula (OWASP, CSV injection): full-width signs too, and behind what a reader skips.
FORMULA = re.compile("[\t\r\n]|[\\s\ufeff\u200b-\u200f\u2060\xad]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
EXACT = 10**15  # a number of more digits is rounded by a spreadsheet
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Sheet:
    """What a file holds; ``done`` is called with the number of rows when the last one is out."""

    title: str
    headings: list[str]
    rows: Iterable[Sequence[Any]]
    done: Callable[[int], None] = lambda _number: None
    seconds: bool = False  # in the moments of a CSV


class LineEcho:
    """Stands in for a file: csv.writer writes a line, and gets it back."""

    def write(self, line: str) -> str:
        return line


def file_response(sheet: Sheet, *, name: str, file_format: str) -> HttpResponseBase:
    """Give the list as a download called ``name`` with its ending; ``csv`` or ``xlsx``."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"', "Cache-Control": "no-store"}
    if file_format == "csv":
        return StreamingHttpResponse(csv_lines(sheet), content_type="text/csv; charset=utf-8", headers=headers)
    return FileResponse(xlsx_file(sheet), content_type=XLSX_TYPE, headers=headers)


def csv_lines(sheet: Sheet, *, delimiter: str = ";", mark: str = BYTE_ORDER_MARK) -> Iterator[str]:
    """Stream the lines, as Excel reads them unless told otherwise."""
    writer = csv.writer(LineEcho(), delimiter=delimiter, lineterminator="\r\n")
    yield mark + str(writer.writerow(sheet.headings))
    number = 0
    # In a transaction the cursor stays on the server and gives its first rows at once.
    with transaction_within(EXPORT):
        for row in sheet.rows:
            number += 1
            yield str(writer.writerow([safe_cell(cell, seconds=sheet.seconds) for cell in row]))
    sheet.done(number)


def xlsx_file(sheet: Sheet) -> IO[bytes]:
    """Write a workbook with one sheet into a temporary file; the caller has checked XLSX_ROWS."""
    workbook = Workbook(write_only=True)
    written = workbook.create_sheet(sheet.title)
    written.freeze_panes = "A2"
    written.append(sheet.headings)
    number = 0
    with transaction_within(EXPORT):
        for row in sheet.rows:
            number += 1
            written.append([_typed(written, cell) for cell in row])
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    workbook.save(target)
    target.seek(0)
    sheet.done(number)
    return target


def safe_cell(cell: Any, *, seconds: bool = False) -> Any:
    """Give a cell as text that no spreadsheet takes for a formula; moments in Moscow time."""
    if isinstance(cell, FarMoment | FarDay):
        return str(cell)
    if isinstance(cell, datetime):
        return timezone.localtime(cell).strftime("%d.%m.%Y %H:%M:%S" if seconds else "%d.%m.%Y %H:%M")
    if isinstance(cell, str):
        cell = cell.replace("\0", "")
        return f"'{cell}" if FORMULA.match(cell) else cell
    return "" if cell is None else cell


def _typed(sheet: Any, cell: Any) -> Any:
    """Give a cell of a sheet: a moment as a date, a text as a text even if it begins with "="."""
    if isinstance(cell, FarMoment | FarDay):
        return str(cell)
    if isinstance(cell, datetime):
        return timezone.localtime(cell).replace(tzinfo=None, microsecond=0)
    if isinstance(cell, int) and abs(cell) >= EXACT:
        cell = str(cell)
    if isinstance(cell, str):
        typed = WriteOnlyCell(sheet, NOT_IN_XML.sub("", cell)[:32_767])  # characters: what a cell holds
        typed.data_type = "s"
        return typed
    return cell


def too_long_sentence() -> str:
    """Explain why there is no XLSX file of so many rows."""
    return _("An XLSX file takes at most %(most)d rows here. CSV takes any number and opens in Excel as well.") % {
        "most": XLSX_ROWS
    }
