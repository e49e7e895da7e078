"""The page of leads: how many are how warm, why, and the rules that administrators set."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from hsl_dashboard.web.pages import StaffRequest
from users.leads import FIELDS, RulesEdited, change_lead_rules, rules_explained, values_of
from users.models import LeadRules, LeadTemperature
from users.people.statistics import leads_by_temperature

VIEW_PEOPLE = "users.view_telegramuser"
CHANGE = "users.change_leadrules"
SHOWN = (LeadTemperature.HOT, LeadTemperature.WARM, LeadTemperature.COOL)


class LeadRulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules, and the ones that staff saw."""

    class Meta:
        model = LeadRules
        fields = FIELDS
        labels = {
            "window_days": gettext_lazy("Window, days"),
            "hot_events": gettext_lazy("Hot: events, at least"),
            "hot_days": gettext_lazy("Hot: days, at least"),
            "warm_events": gettext_lazy("Warm: events, at least"),
            "warm_days": gettext_lazy("Warm: days, at least"),
            "cool_events": gettext_lazy("Cool: events, at least"),
        }
        help_texts = {"window_days": gettext_lazy("Days that count, today included, Moscow time.")}

    seen = forms.RegexField(r"\A\d{1,9}(,\d{1,9}){5}\Z", widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, rules: LeadRules) -> None:
        seen = ",".join(str(value) for value in values_of(rules).values())
        super().__init__(data, instance=LeadRules(pk=1, **values_of(rules)), initial={"seen": seen})

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        rules = LeadRules(**{name: cleaned[name] for name in FIELDS})
        if not rules.hot_events >= rules.warm_events >= rules.cool_events:
            self.add_error("hot_events", _("Hot needs at least as many events as warm, and warm as many as cool."))
        if rules.hot_days < rules.warm_days:
            self.add_error("hot_days", _("Hot needs at least as many days as warm."))
        if rules.hot_days > rules.window_days:
            self.add_error("window_days", _("The window must be at least as long as the days that hot needs."))
        return cleaned

    @property
    def values(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in FIELDS}

    @property
    def seen_values(self) -> dict[str, int]:
        return dict(zip(FIELDS, map(int, self.cleaned_data["seen"].split(",")), strict=True))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(VIEW_PEOPLE, raise_exception=True)
def lead_rules(request: StaffRequest) -> HttpResponse:
    may_change = request.user.has_perm(CHANGE)
    if request.method != "POST":
        return _show(request, LeadRulesForm(rules=LeadRules.read()), may_change=may_change)
    if not may_change:
        raise PermissionDenied
    form = LeadRulesForm(request.POST, rules=LeadRules.read())
    if not form.is_valid():
        return _show(request, form, may_change=True, status=422)
    try:
        change_lead_rules(to=form.values, seen=form.seen_values, by=request.user)
    except RulesEdited:
        return _show(request, LeadRulesForm(rules=LeadRules.read()), may_change=True, status=409, conflict=True)
    messages.success(request, _("The rules are saved. Everybody is being recounted."))
    return HttpResponseRedirect(reverse("users:lead_rules"))


def _show(
    request: StaffRequest, form: LeadRulesForm, *, may_change: bool, status: int = 200, conflict: bool = False
) -> HttpResponse:
    rules = LeadRules.read()
    counts = leads_by_temperature()
    context = {
        "form": form,
        "rules": rules,
        "explained": rules_explained(rules),
        "may_change": may_change,
        "conflict": conflict,
        "degrees": [
            {
                "value": degree.value,
                "count": counts.get(degree.value, 0),
                "address": f"{reverse('users:person_list')}?lead={degree.value}&sort=-events",
            }
            for degree in SHOWN
        ],
    }
    return render(request, "users/lead_rules.html", context, status=status)
