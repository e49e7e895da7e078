"""The page of automations, and the form of a rule."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.web.pages import StaffRequest, render_page
from messaging.automations.forms import AutomationForm
from messaging.automations.journal import history_of
from messaging.automations.reach import facts_of, reach_of
from messaging.automations.services import AlreadySwitched, RuleEdited, change_automation, switch_automation
from messaging.models import Automation
from messaging.quiet_hours import NIGHT, is_quiet

VIEW, CHANGE = "messaging.view_automation", "messaging.change_automation"


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
    form = AutomationForm(request.POST or None, instance=rule)
    if request.method != "POST" or not form.is_valid():
        return _show_form(request, kind, form, status=422 if form.errors else 200)
    try:
        change_automation(rule=rule, to=form.values, seen=form.cleaned_data["seen"], by=request.user)
    except RuleEdited as edited:
        # What was wanted stands in the form still; saved again, it replaces what is there now.
        again = AutomationForm(initial=asdict(edited.yours), instance=Automation.objects.get(kind=kind))
        return _show_form(request, kind, again, status=409, conflict=edited)
    messages.success(request, _("Saved: %(rule)s") % {"rule": rule})
    return redirect("messaging:automation_list")


def _show_form(request: StaffRequest, kind: str, form: AutomationForm, *, status: int, **more: Any) -> HttpResponse:
    # The form has changed its own copy of the rule.
    stored = Automation.objects.get(kind=kind)
    now = timezone.now()
    context = {
        "form": form,
        "rule": stored,
        "reach": reach_of(stored, at=now),
        "history": history_of(stored),
        "updated_at": now,
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
