"""The list of the audit, and its file."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.pages import PAGE_SIZE, StaffRequest, render_list
from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE, Sheet
from users.audit.filters import AuditFilter
from users.audit.lines import AuditLine, audit_lines
from users.audit.walking import NEWEST_FIRST, WALKED, AuditPage, audit_page
from users.models import AuditEntry
from users.people.downloads import list_as_file

SEE_AUDIT = "users.view_auditentry"
NOTHING = AuditPage(rows=[], number=1, before="", after="", counted=None)


@require_safe
@permission_required(SEE_AUDIT, raise_exception=True)
def audit_list(request: StaffRequest) -> HttpResponse:
    narrowed = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
    is_valid = narrowed.is_valid()
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    page = audit_page(narrowed, before=before, after=after, size=PAGE_SIZE) if is_valid else NOTHING
    context = {
        "form": narrowed.form,
        "page": page,
        "walked": WALKED,
        "lines": list(audit_lines(page.rows)),
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "query": tidy_address("", request.GET),
    }
    return render_list(request, "users/audit_list.html", context, partial="audit-table", is_valid=is_valid)


@require_POST
@permission_required(SEE_AUDIT, raise_exception=True)
def audit_export(request: StaffRequest) -> HttpResponseBase:
    """Download the whole filtered audit. POST, because it records who took it."""
    narrowed = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
    is_valid = narrowed.is_valid()
    found = (narrowed.qs if is_valid else AuditEntry.objects.none()).order_by(*NEWEST_FIRST.order())
    headings = [_("Date, Moscow"), _("Who"), _("What"), _("Number"), _("Person"), _("Before and after"), _("Reason")]
    headings += [_("Address"), _("Request or task")]
    lines = map(_cells, audit_lines(found.iterator(chunk_size=ROWS_AT_ONCE)))
    return list_as_file(
        request,
        sheet=Sheet(_("Audit"), headings, lines, seconds=True),
        rows=found,
        name=f"audit-{timezone.localdate():%Y-%m-%d}",
        list_address=tidy_address(reverse("users:audit_list"), request.GET),
        is_valid=is_valid,
    )


def _cells(line: AuditLine) -> list[object]:
    entry = line.entry
    changes = "; ".join(f"{change.label}: {change.was or '—'} → {change.now or '—'}" for change in line.changes)
    who = line.who or _("The bot or a task")
    person = entry.telegram_user_id or ""
    return [entry.at, who, line.what, line.number, person, changes, entry.reason, entry.address, entry.request]
