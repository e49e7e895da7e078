"""Linking one's own Telegram account, to which «Отправить себе» sends."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.pages import StaffRequest
from messaging.audiences.choices import find_people
from messaging.compose.services.linking import (
    CodeRefused,
    CodeTooSoon,
    TooManyCodes,
    choose_reports,
    confirm_link,
    send_link_code,
    unlink,
)
from messaging.models import TelegramLink
from users.models import TelegramUser


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("users.view_telegramuser", raise_exception=True)
def compose_link(request: StaffRequest) -> HttpResponse:
    back = (request.POST or request.GET).get("next", "")
    back = back if is_own_address(back, request) else ""
    if request.method == "POST":
        return _act(request, back)
    return _show(request, back)


def _act(request: StaffRequest, back: str) -> HttpResponse:
    verb, _colon, argument = request.POST.get("do", "").partition(":")
    now = timezone.now()
    if verb == "send":
        # Python refuses to read thousands of digits; an id has at most 19.
        number = int(argument) if argument.isdecimal() and len(argument) <= 19 else None
        person = get_object_or_404(TelegramUser, pk=number)
        try:
            send_link_code(user=request.user, to=person, at=now)
        except CodeTooSoon:
            return _show(request, back, problem=_("A code was sent a moment ago. Wait a minute."), status=429)
        except TooManyCodes:
            problem = _("No more codes can be sent today. Try again tomorrow, or ask an administrator.")
            return _show(request, back, problem=problem, status=429)
        return _show(request, back)
    if verb == "unlink":
        unlink(user=request.user)
        return _show(request, back)
    if verb == "reports":
        choose_reports(user=request.user, wanted=argument == "on")
        return _show(request, back)
    try:
        confirm_link(user=request.user, code=request.POST.get("code", ""), at=now)
    except CodeRefused:
        problem = _("The code is wrong or more than ten minutes old. Check it, or request another one.")
        return _show(request, back, problem=problem, status=422)
    messages.success(request, _("Your Telegram account is linked: “Send to me” goes there."))
    return redirect(back or "messaging:compose_link")


def _show(request: StaffRequest, back: str, *, problem: str = "", status: int = 200) -> HttpResponse:
    link = TelegramLink.objects.filter(user=request.user).select_related("telegram_user").first()
    words = request.GET.get("q", "")
    back_label = _("New message") if back.startswith(reverse("messaging:compose_message")) else _("Back")
    context = {
        "back_label": back_label,
        "link": link,
        "search": words,
        "found": find_people(words),
        "problem": problem,
        "next": back,
    }
    return render(request, "messaging/compose_link.html", context, status=status)
