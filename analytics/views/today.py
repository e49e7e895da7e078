"""The page of today: loads at once, and fills in its parts."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from analytics.queries import Freshness
from analytics.today import latest_events, metrics
from bookings.statistics import DEFINITIONS
from bookings.today import stream_cards
from hsl_dashboard.web.pages import StaffRequest, lead_to, render_page
from hsl_dashboard.web.today import today_lines
from users.models import TodayVisit

PARTS = ("waiting", "quality", "figures", "streams", "events")


@require_safe
def today(request: StaffRequest) -> HttpResponse:
    """Give the page with its parts still to come, or with one of them, or that part alone."""
    part = request.GET.get("part", "")
    shown = part if part in PARTS else ""
    context: dict[str, Any] = {"shown": shown, "updated_at": timezone.now(), "query": ""}
    if shown:
        context |= _part(shown, request)
    return render_page(request, "analytics/today.html", context, partial=shown or "today-parts")


def _part(part: str, request: StaffRequest) -> dict[str, Any]:
    at, user = timezone.now(), request.user
    if part == "waiting":
        return {"lines": list(today_lines(user, at, slow=False))}
    if part == "quality":
        return {"repairs": list(today_lines(user, at, slow=True))}
    if part == "figures":
        fresh = Freshness.read()
        return {"metrics": metrics(user, at, fresh), "fresh": fresh}
    if part == "streams":
        cards = stream_cards(at) if user.has_perm("bookings.view_booking") else []
        return {"cards": cards, "definitions": DEFINITIONS}
    return {"events": latest_events(at) if user.has_perm("users.view_telegramuser") else []}


@require_POST
def today_viewed(request: StaffRequest) -> HttpResponse:
    """«Просмотрено»: what has come until now is not new any more."""
    TodayVisit.objects.update_or_create(user=request.user, defaults={"at": timezone.now()})
    return lead_to(request, "/")
