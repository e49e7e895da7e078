"""The list of people, and its export."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.pages import StaffRequest, render_list
from users.leads import lead_activity, rules_explained
from users.models import LeadRules, LeadTemperature
from users.people.downloads import EXPORT_PEOPLE, list_as_file
from users.people.exports import people_sheet
from users.people.listing import people_list
from users.person.extensions import list_bar
from users.privacy import VIEW_EMAIL

VIEW_PEOPLE = "users.view_telegramuser"


@require_safe
@permission_required(VIEW_PEOPLE, raise_exception=True)
def person_list(request: StaffRequest) -> HttpResponse:
    people = people_list(request.GET, with_emails=request.user.has_perm(VIEW_EMAIL))
    page, count = people.page(request.GET)
    is_valid = people.filter.is_valid()
    rules = LeadRules.read()
    warm = [row.pk for row in page.rows if row.temperature > LeadTemperature.COLD]
    context = {
        "lead_rules": rules,
        "lead_explained": rules_explained(rules),
        "lead_why": lead_activity(warm, rules),
        "form": people.filter.form,
        "page": page,
        "count": count,
        "streams": people.filter.stream_names,
        "sort": people.filter.sorted_by,
        "active_filters": people.filter.active_filters(request.path),
        "clear_address": request.path,
        "leads_due_since": people.upkeep.due,
        "as_of": people.as_of,
        "may_export": request.user.has_perm(EXPORT_PEOPLE),
        "list_address": tidy_address(request.path, request.GET),
        "updated_at": people.as_of or timezone.now(),
        **list_bar(request),
    }
    return render_list(request, "users/person_list.html", context, partial="person-table", is_valid=is_valid)


@require_POST
@permission_required([VIEW_PEOPLE, EXPORT_PEOPLE], raise_exception=True)
def person_export(request: StaffRequest) -> HttpResponseBase:
    """Download the whole filtered list. POST, because it records who took it."""
    with_emails = request.user.has_perm(VIEW_EMAIL)
    people = people_list(request.GET, with_emails=with_emails, folded=True)
    rows = people.sorted_people()
    return list_as_file(
        request,
        sheet=people_sheet(rows, streams=people.filter.stream_names, with_emails=with_emails),
        rows=rows,
        name=f"people-{timezone.localdate():%Y-%m-%d}",
        list_address=tidy_address(reverse("users:person_list"), request.GET),
        is_valid=people.filter.is_valid(),
        query=request.GET.urlencode(),
        with_emails=with_emails,
        confirm_always=True,
    )
