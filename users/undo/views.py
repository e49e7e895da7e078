"""The one address of «Вернуть»: a button in a toast or, without JavaScript, in the message of the next page."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.pages import SeeOther, StaffRequest, came_from, wants_partial
from users.models import UndoableAct
from users.undo.services import UndoRefused, may_undo, undo_act


@require_POST
def act_undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Undo what one did a moment ago, and show the page again as it is then."""
    act = get_object_or_404(UndoableAct, pk=pk)
    if not may_undo(act, request.user):
        raise Http404
    try:
        said = undo_act(act=act, by=request.user, at=timezone.now())
    except UndoRefused as refused:
        if wants_partial(request):
            return render(request, "users/_undo_refused.html", {"text": str(refused)}, status=409)
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
        if wants_partial(request):
            # What was undone may stand anywhere on the page, counts included: the browser shows it anew, where it was.
            return HttpResponse(headers={"HX-Refresh": "true"})
    came = came_from(request)
    return SeeOther(came if is_own_address(came, request) else "/")
