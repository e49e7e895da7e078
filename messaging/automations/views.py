"""The page of automations, and the form of a rule."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.pages import StaffRequest, render_page, wants_partial
from messaging.automations.forms import AutomationForm
from messaging.automations.journal import history_of
from messaging.automations.preview import RulePreview, preview_rule
from messaging.automations.reach import facts_of
from messaging.automations.services import AlreadySwitched, RuleEdited, change_automation, switch_automation
from messaging.content.content import Content
from messaging.content.markup import RAW_LIMIT
from messaging.content.placeholders import without_values
from messaging.delivery.services import MessageRefused, send_to_oneself
from messaging.models import Automation, TelegramLink
from messaging.quiet_hours import NIGHT, is_quiet

VIEW, CHANGE, SEND = "messaging.view_automation", "messaging.change_automation", "messaging.send_broadcast"


@require_safe
@permission_required(VIEW, raise_exception=True)
def automation_list(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    facts = facts_of(Automation.objects.all().in_order(), at=now)
    context = {
        "facts": facts,
        "may_change": request.user.has_perm(CHANGE),
        "may_see_people": request.user.has_perm("users.view_telegramuser"),
        "quiet": is_quiet(now),
        **NIGHT,
        "updated_at": now,
    }
    return render_page(request, "messaging/automation_list.html", context, partial="automations")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, CHANGE], raise_exception=True)
def automation_edit(request: StaffRequest, kind: str) -> HttpResponse:
    rule = get_object_or_404(Automation, kind=kind)
    if request.POST.get("do") == "preview":
        return _show_form(request, kind, AutomationForm(request.POST, instance=rule), status=200)
    form = AutomationForm(request.POST or None, instance=rule)
    if request.method != "POST" or not form.is_valid():
        return _show_form(request, kind, form, status=422 if form.errors else 200)
    if request.POST.get("do") == "test":
        return _send_test(request, kind, form)
    try:
        change_automation(rule=rule, to=form.values, seen=form.cleaned_data["seen"], by=request.user)
    except RuleEdited as edited:
        # What was wanted stands in the form still; saved again, it replaces what is there now.
        again = AutomationForm(initial=asdict(edited.yours), instance=Automation.objects.get(kind=kind))
        return _show_form(request, kind, again, status=409, conflict=edited)
    messages.success(request, _("Saved: %(rule)s") % {"rule": rule})
    return redirect("messaging:automation_list")


@require_POST
@permission_required([VIEW, CHANGE], raise_exception=True)
def automation_preview(request: StaffRequest, kind: str) -> HttpResponse:
    """What a student would see of the text as it is typed."""
    stored = get_object_or_404(Automation, kind=kind)
    if not wants_partial(request):
        return redirect("messaging:automation_edit", kind)
    return render(request, "messaging/_rule_preview.html", _preview_context(request, stored))


def _send_test(request: StaffRequest, kind: str, form: AutomationForm) -> HttpResponse:
    """«Отправить себе»: the text as it is typed, for the student of the preview; nothing is saved."""
    if not request.user.has_perm(SEND):
        raise PermissionDenied
    link = TelegramLink.objects.filter(user=request.user).exclude(linked_at=None).first()
    if link is None:
        here = reverse("messaging:automation_edit", args=[kind])
        return redirect(f"{reverse('messaging:compose_link')}?{urlencode({'next': here})}")
    preview = _preview_context(request, Automation.objects.get(kind=kind))["preview"]
    try:
        test = send_to_oneself(
            Content(), text=preview.html, to=link.telegram_user_id, by=request.user, at=timezone.now()
        )
    except MessageRefused as refused:
        form.add_error("template", str(refused))
        return _show_form(request, kind, form, status=422)
    return _show_form(request, kind, form, status=200, test_sent=test.pk)


def _preview_context(request: StaffRequest, rule: Automation) -> dict[str, Any]:
    """The text as it was posted, or as it is stored, for the student who was chosen."""
    chosen, search = request.POST.get("student", ""), request.POST.get("search", "").replace("\0", "")[:200]
    text = request.POST.get("template", rule.template).replace("\r\n", "\n").replace("\0", "")
    if len(text.encode()) > RAW_LIMIT:
        text = rule.template
    is_id = chosen.removeprefix("-").isdecimal() and len(chosen) < len(str(LARGEST_BIGINT))
    may_see_people = request.user.has_perm("users.view_telegramuser")
    preview = (
        preview_rule(rule, text, search=search, chosen=int(chosen) if is_id else None)
        if may_see_people
        else RulePreview(None, without_values(text))
    )
    return {"rule": rule, "preview": preview, "search": search, "may_test": request.user.has_perm(SEND)}


def _show_form(request: StaffRequest, kind: str, form: AutomationForm, *, status: int, **more: Any) -> HttpResponse:
    # The form has changed its own copy of the rule.
    stored = Automation.objects.get(kind=kind)
    context = {
        "form": form,
        "history": history_of(stored),
        "updated_at": timezone.now(),
        **_preview_context(request, stored),
        **more,
    }
    return render(request, "messaging/automation_edit.html", context, status=status)


@require_POST
@permission_required([VIEW, CHANGE], raise_exception=True)
def automation_switch(request: StaffRequest, kind: str) -> HttpResponse:
    rule = get_object_or_404(Automation, kind=kind)
    on = request.POST.get("on") == "1"
    try:
        switch_automation(rule=rule, on=on, by=request.user, at=timezone.now())
    except AlreadySwitched:
        words = _("Already on: %(rule)s") if on else _("Already off: %(rule)s")
        messages.info(request, words % {"rule": rule})
    else:
        words = _("Switched on: %(rule)s") if on else _("Switched off: %(rule)s")
        messages.success(request, words % {"rule": rule})
    return redirect("messaging:automation_list")
