"""The list of blocked people, and unblocking a person."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import F
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.pages import StaffRequest, page_of, render_list
from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE
from messaging.delivery.lifecycle import AUTOMATIC_BLOCKS
from messaging.inbound.exports import blocked_sheet
from messaging.inbound.filters import BlockedFilter
from messaging.inbound.forms import UnblockForm
from messaging.models.recipients import reason_label
from users.models import BlockedUser
from users.people.downloads import EXPORT_PEOPLE, list_as_file
from users.services import NotBlocked, unblock_person

SEE = "users.view_blockeduser"
UNBLOCK = "users.delete_blockeduser"

WORDS = {stored: reason for reason, stored in AUTOMATIC_BLOCKS.items()}


@require_safe
@permission_required(SEE, raise_exception=True)
def blocked_list(request: StaffRequest) -> HttpResponse:
    narrowed = _narrowed(request)
    is_valid = narrowed.is_valid()
    found = narrowed.qs if is_valid else BlockedUser.objects.none()
    page = page_of(found, request, known=found.count())
    context = {
        "form": narrowed.form,
        "page": page,
        "rows": [{"block": block, "why": block_reason(block), "automatic": block.reason in WORDS} for block in page],
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "query": tidy_address("", request.GET),
        "may_unblock": request.user.has_perm(UNBLOCK),
        "may_export": request.user.has_perm(EXPORT_PEOPLE),
    }
    return render_list(request, "messaging/blocked_list.html", context, partial="blocked-table", is_valid=is_valid)


@require_POST
@permission_required([SEE, EXPORT_PEOPLE], raise_exception=True)
def blocked_export(request: StaffRequest) -> HttpResponseBase:
    """Export the whole filtered list; by POST, because the export is recorded."""
    narrowed = _narrowed(request)
    labels = {stored: reason_label(reason) for stored, reason in WORDS.items()}
    return list_as_file(
        request,
        sheet=blocked_sheet(narrowed.qs.iterator(chunk_size=ROWS_AT_ONCE), words=labels),
        rows=narrowed.qs,
        name=f"blocked-{timezone.localdate():%Y-%m-%d}",
        list_address=tidy_address(reverse("messaging:blocked_list"), request.GET),
        is_valid=narrowed.is_valid(),
    )


def _narrowed(request: StaffRequest) -> BlockedFilter:
    blocks = BlockedUser.objects.select_related("telegram_user").order_by(F("blocked_at").desc(nulls_last=True), "pk")
    return BlockedFilter(request.GET, queryset=blocks)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([SEE, UNBLOCK], raise_exception=True)
def person_unblock(request: StaffRequest, user_id: int) -> HttpResponse:
    block = get_object_or_404(BlockedUser.objects.select_related("telegram_user"), pk=user_id)
    form = UnblockForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            unblock_person(person=block.telegram_user, by=request.user, reason=form.cleaned_data["reason"])
        except NotBlocked as refused:
            messages.warning(request, str(refused))
        else:
            name = block.telegram_user.display_name
            messages.success(request, _("%(name)s will get messages again.") % {"name": name})
        return redirect("messaging:blocked_list")
    # Not "block": inside {% block %} a template reads Django's own by that name.
    context = {
        "since": block.blocked_at,
        "person": block.telegram_user,
        "why": block_reason(block),
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return render(request, "messaging/person_unblock.html", context, status=status)


def block_reason(block: BlockedUser) -> str:
    """The reason in words; what staff wrote stays as written."""
    return reason_label(WORDS[block.reason]) if block.reason in WORDS else (block.reason or "")
