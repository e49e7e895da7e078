"""The page of one's own notices in Telegram."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hsl_dashboard.web.pages import SeeOther, StaffRequest
from messaging.models import TelegramLink
from messaging.notices.forms import NoticesForm
from messaging.notices.services import choose_notices
from messaging.quiet_hours import NIGHT
from users.models import BlockedUser


@require_http_methods(["GET", "HEAD", "POST"])
def notice_settings(request: StaffRequest) -> HttpResponse:
    """Switch each notice on or off, for oneself."""
    link = (
        TelegramLink.objects.filter(user=request.user).exclude(linked_at=None).select_related("telegram_user").first()
    )
    if request.method == "POST" and link:
        form = NoticesForm(request.POST, user=request.user)
        if form.is_valid():
            choose_notices(user=request.user, wanted=form.wanted, at=timezone.now())
            messages.success(request, _("Your notices are saved."))
            return SeeOther(reverse("messaging:notice_settings"))
    context = {
        "link": link,
        "is_blocked": link is not None and BlockedUser.objects.filter(pk=link.telegram_user_id).exists(),
        "form": NoticesForm(user=request.user),
        "may_link": request.user.has_perm("users.view_telegramuser"),
        "night": NIGHT,
    }
    # Without an account there is nothing to switch: the page says so, to a form from an older page too.
    status = 409 if request.method == "POST" else 200
    return render(request, "messaging/notice_settings.html", context, status=status)
