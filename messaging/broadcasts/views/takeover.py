"""The page that a school opens after its database was taken over."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from hsl_dashboard.web.pages import StaffRequest
from messaging.broadcasts.takeover import read_takeover


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def takeover(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    found = read_takeover(may=request.user.has_perm, at=now)
    return render(request, "messaging/takeover.html", {"takeover": found, "updated_at": now})
