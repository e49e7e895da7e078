"""The page of data problems: every kind with its count, and the rows of one kind."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.quality.counts import remember_problems
from bookings.quality.problems import find_problems
from hsl_dashboard.web.pages import StaffRequest, render_page


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def data_quality(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    findings = find_problems(may=request.user.has_perm, at=now)
    asked = request.GET.get("kind", "")
    shown = next((finding for finding in findings if finding.kind.name == asked), None)
    shown = shown or next((finding for finding in findings if finding.count), findings[0])
    remember_problems(findings)
    page, troubles = shown.page(request.GET.get("page"))
    for trouble in troubles:
        trouble.repairs[:] = [
            repair for repair in trouble.repairs if not repair.permission or request.user.has_perm(repair.permission)
        ]
    context = {
        "findings": findings,
        "shown": shown,
        "page": page,
        "troubles": troubles,
        "names_people": any(trouble.person for trouble in troubles),
        "names_dates": any(trouble.at for trouble in troubles),
        "names_repairs": any(trouble.repairs for trouble in troubles),
        "total": sum(finding.count for finding in findings),
        "updated_at": now,
    }
    return render_page(request, "bookings/data_quality.html", context, partial="troubles")
