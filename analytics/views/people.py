"""The people behind a number: as many as the number says."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.models import Journey
from analytics.periods import LONGEST, spell_days, spell_week
from analytics.queries import LENGTH, Funnel, funnel_people, new_people, people_of_cohort
from analytics.views.funnels import STEPS, asked_funnel, chosen_window, scope_label
from bookings.labels import Labels
from hsl_dashboard.web.days import Days, week_of
from hsl_dashboard.web.filters import DayField
from hsl_dashboard.web.pages import StaffRequest, page_of, render_page
from users.models import TelegramUser
from users.person.context import person_address


class BehindForm(forms.Form):
    """Which number: a step of a funnel, a cell of a cohort, or new people of a span."""

    since = DayField(required=False)
    until = DayField(required=False)
    cohort = DayField(required=False)
    week = DayField(required=False)
    funnel = forms.ChoiceField(required=False, choices=[(funnel.value, funnel.label) for funnel in LENGTH])
    step = forms.IntegerField(required=False, min_value=1, max_value=5)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if not cleaned.get("cohort") and not (since and until and 0 <= (until - since).days < LONGEST):
            raise forms.ValidationError(_("Open this list from a number on a page."))
        funnel, step = cleaned.get("funnel"), cleaned.get("step") or 1
        if funnel and step > LENGTH[Funnel(funnel)]:
            raise forms.ValidationError(_("Open this list from a number on a page."))
        return cleaned


@dataclass(frozen=True)
class Behind:
    heading: str
    lead: str
    rows: "QuerySet[Journey]"
    is_funnel: bool = False  # the moment beside each person is their first step, and else their first activity


@dataclass(frozen=True)
class PersonBehind:
    person: TelegramUser | None
    address: str
    journey: Journey


@require_safe
@permission_required("users.view_telegramuser", raise_exception=True)
def people_behind(request: StaffRequest) -> HttpResponse:
    form = BehindForm(request.GET)
    is_valid = form.is_valid()
    behind = _behind(request, form) if is_valid else Behind(_("People"), "", Journey.objects.none().order_by("pk"))
    page = page_of(behind.rows, request, known=behind.rows.count())
    people = TelegramUser.objects.in_bulk([journey.user_id for journey in page])
    context = {
        "form": form,
        "behind": behind,
        "page": page,
        "rows": [PersonBehind(people.get(j.user_id), person_address(j.user_id), j) for j in page],
        "back": reverse("analytics:analytics_overview"),
    }
    status = 200 if is_valid else 422
    return render_page(request, "analytics/people_behind.html", context, partial="people-behind", status=status)


def _behind(request: StaffRequest, form: BehindForm) -> Behind:
    asked = form.cleaned_data
    if asked["cohort"]:
        monday = week_of(asked["cohort"])
        week = week_of(asked["week"] or monday)
        heading = _("Cohort of %(days)s") % {"days": spell_week(monday)}
        return Behind(heading, _("Active in %(days)s") % {"days": spell_week(week)}, people_of_cohort(monday, week))
    days = Days(asked["since"], asked["until"])
    if asked["funnel"]:
        funnel, step = Funnel(asked["funnel"]), asked["step"] or 1
        question = asked_funnel(funnel, request.GET, days, chosen_window(request.GET))
        words = [str(STEPS[funnel][step - 1]), spell_days(days)]
        if question.scope:
            words.append(scope_label(question.scope, Labels.read()))
        return Behind(str(funnel.label), " · ".join(words), funnel_people(question, step), is_funnel=True)
    return Behind(_("New people"), spell_days(days), new_people(days))
