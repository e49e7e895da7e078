"""All drafts of the team, with search; those that wait for approval lead to the page that sends them."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from bookings.labels import Labels
from hsl_dashboard.web.pages import StaffRequest, page_of, render_list
from messaging.audiences.words import describe_audience
from messaging.compose.filters import DraftFilter
from messaging.compose.views.keeping import MAY_WRITE
from messaging.content.content import Content
from messaging.models import Draft

DRAFTS_A_PAGE = 25
GROUPS_NAMED = 2


@require_safe
@permission_required(MAY_WRITE, raise_exception=True)
def draft_list(request: StaffRequest) -> HttpResponse:
    """List every draft: the page of a new message shows only the newest."""
    drafts = Draft.objects.open().waiting_first().select_related("updated_by", "created_by", "asked_by")
    narrowed = DraftFilter(request.GET, queryset=drafts, by=request.user)
    is_valid = narrowed.is_valid()
    found = narrowed.qs if is_valid else drafts.none()
    page = page_of(found, request, size=DRAFTS_A_PAGE, known=found.count())
    labels = Labels.read()
    rows = []
    for draft in page:
        content = Content.from_json(draft.content)
        audience = describe_audience(content.question, labels, most=GROUPS_NAMED)
        rows.append({"draft": draft, "content": content, "audience": audience})
    context = {
        "form": narrowed.form,
        "page": page,
        "rows": rows,
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "new_address": reverse("messaging:compose_message"),
    }
    return render_list(request, "messaging/draft_list.html", context, partial="draft-table", is_valid=is_valid)
