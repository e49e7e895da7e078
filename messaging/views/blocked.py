"""People whom nothing is sent to: who, since when, why; and letting one be written to again."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.tables import person_address
from hsl_dashboard.addresses import tidy_address
from hsl_dashboard.web import StaffRequest, page_of, render_page, wants_partial
from messaging.filters import BlockedFilter
from messaging.history_forms import UnblockForm
from messaging.lifecycle import AUTOMATIC_BLOCKS
from messaging.statistics import reason_label
from users.models import BlockedUser
from users.services import NotBlocked, unblock_person

SEE = "users.view_blockeduser"
UNBLOCK = "users.delete_blockeduser"

WORDS = {stored: reason for reason, stored in AUTOMATIC_BLOCKS.items()}


@require_safe
@permission_required(SEE, raise_exception=True)
def blocked_list(request: StaffRequest) -> HttpResponse:
    narrowed = BlockedFilter(request.GET, queryset=BlockedUser.objects.select_related("telegram_user"))
    is_valid = narrowed.is_valid()
    found = narrowed.qs if is_valid else BlockedUser.objects.none()
    page = page_of(found.order_by(F("blocked_at").desc(nulls_last=True), "pk"), request)
    context = {
        "form": narrowed.form,
        "page": page,
        "rows": [
            {
                "block": block,
                "person_address": person_address(block.telegram_user),
                "why": block_reason(block),
                "automatic": block.reason in WORDS,
            }
            for block in page
        ],
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "may_unblock": request.user.has_perm(UNBLOCK),
    }
    response = render_page(
        request, "messaging/blocked_list.html", context, partial="blocked-table", status=200 if is_valid else 422
    )
    if wants_partial(request):
        address = tidy_address(request.path, request.GET)
        response["HX-Push-Url"] = "false" if request.htmx.current_url_abs_path == address else address
    return response


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
            messages.success(request, _("%(name)s can be written to again.") % {"name": name})
        return redirect("messaging:blocked_list")
    context = {"block": block, "person": block.telegram_user, "why": block_reason(block), "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "messaging/person_unblock.html", context, status=status)


def block_reason(block: BlockedUser) -> str:
    """Why, in words; what staff wrote stays as they wrote it."""
    return reason_label(WORDS[block.reason]) if block.reason in WORDS else (block.reason or "")
