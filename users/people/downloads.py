"""Lists as files, every app's: who takes one is recorded, a workbook has its limit, the rows stream."""

from dataclasses import replace
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from hsl_dashboard.web.pages import StaffRequest
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from hsl_dashboard.web.spreadsheets import XLSX_ROWS, Sheet, file_response, too_long_sentence
from users.models import PeopleExport
from users.staff.confirming import confirm_download, is_many

EXPORT_PEOPLE = "users.export_people"


def list_as_file(
    request: StaffRequest,
    *,
    sheet: Sheet,
    rows: Any,
    name: str,
    list_address: str,
    is_valid: bool = True,
    query: str | None = None,
    with_emails: bool = False,
    confirm_always: bool = False,
) -> HttpResponseBase:
    """Answer the POST for a list as a file with the whole of it, recorded before its first row.

    ``rows`` tells how many there are (a query, or anything with a length); ``name`` is of the file, without ending;
    ``query`` says which list it is, where the address of the request does not. The password is asked for again before a
    list of many, or before any with ``confirm_always``.
    """
    file_format = request.POST.get("format", "")
    if not is_valid or file_format not in PeopleExport.Format.values:
        return HttpResponseBadRequest(_("The filter could not be applied."))
    if file_format == PeopleExport.Format.XLSX and _is_too_long(rows):
        context = {"why": too_long_sentence(), "list_address": list_address, "export_address": request.get_full_path()}
        return render(request, "users/export_too_large.html", context, status=422)
    if (confirm_always or is_many(rows)) and (question := confirm_download(request, list_address=list_address)):
        return question
    export = PeopleExport(
        exported_by=request.user,
        query=(request.get_full_path() if query is None else query)[:10_000],
        format=file_format,
        with_emails=with_emails,
    )
    write_beside(SideWrite.LIST_TAKEN, export.save, about=f"{request.user.get_username()} {file_format}")
    return file_response(replace(sheet, done=partial(_record_length, export)), name=name, file_format=file_format)


def _is_too_long(rows: Any) -> bool:
    if isinstance(rows, QuerySet):
        return rows.order_by()[: XLSX_ROWS + 1].count() > XLSX_ROWS
    return len(rows) > XLSX_ROWS


def _record_length(export: PeopleExport, rows: int) -> None:
    write_beside(SideWrite.LIST_TAKEN, partial(PeopleExport.objects.filter(pk=export.pk).update, rows=rows))
