"""The page of automations: every rule with its words, its switch, what it did and whom it would reach; and its form."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.web import StaffRequest, render_page
from messaging.automation import KINDS, Automation
from messaging.automation_form import AutomationForm
from messaging.automation_history import history_of
from messaging.automation_reach import facts_of, reach_of
from messaging.quiet import NIGHT, is_quiet
from messaging.services import AlreadySwitched, change_automation, switch_automation

VIEW, CHANGE = "messaging.view_automation", "messaging.change_automation"


@require_safe
@permission_required(VIEW, raise_exception=True)
def automation_list(request: StaffRequest) -> HttpResponse:
    return render_page(request, "messaging/automation_list.html", _list(request), partial="automations")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, CHANGE], raise_exception=True)
def automation_edit(request: StaffRequest, kind: str) -> HttpResponse:
    rule = get_object_or_404(Automation, kind=kind)
    stored = Automation.objects.get(pk=rule.pk)
    form = AutomationForm(request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid():
        change_automation(
            rule=stored,
            template=form.cleaned_data["template"],
            offset=form.cleaned_data["offset"],
            include_earlier=form.cleaned_data.get("include_earlier", stored.include_earlier),
            by=request.user,
        )
        messages.success(request, _("Saved: %(rule)s") % {"rule": stored})
        return redirect("messaging:automation_list")
    now = timezone.now()
    context = {
        "form": form,
        "rule": stored,
        "reach": reach_of(stored, at=now),
        "history": history_of(stored),
        "updated_at": now,
    }
    return render(request, "messaging/automation_edit.html", context, status=422 if form.errors else 200)


@require_POST
@permission_required([VIEW, CHANGE], raise_exception=True)
def automation_switch(request: StaffRequest, kind: str) -> HttpResponse:
    rule = get_object_or_404(Automation, kind=kind)
    on = request.POST.get("on") == "1"
    try:
        switch_automation(rule=rule, on=on, by=request.user, at=timezone.now())
    except AlreadySwitched:
        words = _("It is on already: %(rule)s") if on else _("It is off already: %(rule)s")
        messages.info(request, words % {"rule": rule})
    else:
        words = _("Switched on: %(rule)s") if on else _("Switched off: %(rule)s")
        messages.success(request, words % {"rule": rule})
    return redirect("messaging:automation_list")


def _list(request: StaffRequest) -> dict[str, Any]:
    now = timezone.now()
    facts = facts_of(Automation.objects.all().in_order(), at=now)
    return {
        "facts": facts,
        "missing": len(KINDS) - len(facts),
        "may_change": request.user.has_perm(CHANGE),
        "may_see_people": request.user.has_perm("users.view_telegramuser"),
        "quiet": is_quiet(now),
        **NIGHT,
        "updated_at": now,
    }
