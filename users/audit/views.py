"""The list of the audit, and its file."""

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.keyset import Sorting, slice_of
from hsl_dashboard.web.pages import PAGE_SIZE, StaffRequest, render_list
from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE, XLSX_ROWS, Sheet, file_response
from users.audit.filters import AuditFilter
from users.audit.lines import AuditLine, audit_lines
from users.models import AuditEntry, PeopleExport
from users.models.audit import record

SEE_AUDIT = "users.view_auditentry"
NEWEST_FIRST = Sorting("at", descending=True)


@require_safe
@permission_required(SEE_AUDIT, raise_exception=True)
def audit_list(request: StaffRequest) -> HttpResponse:
    narrowed = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
    is_valid = narrowed.is_valid()
    page = slice_of(
        narrowed.qs if is_valid else AuditEntry.objects.none(),
        sorting=NEWEST_FIRST,
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
        size=PAGE_SIZE,
        listed=0,
    )
    context = {
        "form": narrowed.form,
        "page": page,
        "lines": list(audit_lines(page.rows)),
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "query": tidy_address("", request.GET),
    }
    return render_list(request, "users/audit_list.html", context, partial="audit-table", is_valid=is_valid)


@require_POST
@permission_required(SEE_AUDIT, raise_exception=True)
def audit_export(request: StaffRequest) -> HttpResponseBase:
    """Download the whole filtered audit; that it was is a line of it."""
    narrowed = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
    file_format = request.POST.get("format", "")
    if not narrowed.is_valid() or file_format not in PeopleExport.Format.values:
        return HttpResponseBadRequest(_("The filter could not be applied."))
    rows: QuerySet[AuditEntry] = narrowed.qs.order_by(*NEWEST_FIRST.order())
    if file_format == PeopleExport.Format.XLSX and rows.order_by()[: XLSX_ROWS + 1].count() > XLSX_ROWS:
        return render(request, "users/export_too_large.html", {"most": XLSX_ROWS}, status=422)
    query = request.GET.urlencode()[:1_000]
    record("audit.exported", by=request.user, data={"query": query, "format": file_format})
    lines = audit_lines(rows.iterator(chunk_size=ROWS_AT_ONCE))
    headings = [_("Date, Moscow"), _("Who"), _("What"), _("Number"), _("Person"), _("Was and is"), _("Reason")]
    headings += [_("Address"), _("Request or task")]
    sheet = Sheet(_("Audit"), headings, map(_cells, lines), done=_note_nothing, seconds=True)
    return file_response(sheet, name=f"audit-{timezone.localdate():%Y-%m-%d}", file_format=file_format)


def _note_nothing(_rows: int) -> None:
    """The line of the audit was written before: whoever stops the download has begun to read."""


def _cells(line: AuditLine) -> list[object]:
    entry = line.entry
    changes = "; ".join(f"{change.label}: {change.was or '—'} → {change.now or '—'}" for change in line.changes)
    who = line.who or _("The bot or a task")
    person = entry.telegram_user_id or ""
    return [entry.at, who, line.what, line.number, person, changes, entry.reason, entry.address, entry.request]
