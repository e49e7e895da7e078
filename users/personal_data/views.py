"""Handing out and erasing everything held about a person: pages of administrators.

Both ask for the password again when it was given more than ACCOUNT_REAUTHENTICATION_TIMEOUT ago: a screen left unlocked
is not enough.
"""

import itertools
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Func, IntegerField, Subquery
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.pages import StaffRequest
from users.audit.words import name_of_rows
from users.models import TelegramUser
from users.person.context import person_address
from users.person.extensions import Fate, PersonTable
from users.personal_data.contents import is_history, owned_tables, personal_data
from users.personal_data.erasure import erase_person, record_export


class EraseForm(forms.Form):
    """Confirmation of an erasure: staff type the person's id."""

    typed = forms.CharField(
        label=gettext_lazy("Telegram id of this person"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, data: Any, *, person: TelegramUser) -> None:
        super().__init__(data)
        self.person = person

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != str(self.person.pk):
            raise forms.ValidationError(_("This is not the id of this person."))
        return typed


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["users.view_telegramuser", "users.export_person"], raise_exception=True)
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def personal_data_export(request: StaffRequest, user_id: int) -> HttpResponse:
    """Show what is held about a person; POST downloads it as JSON and records who took it."""
    person = _person(user_id)
    if request.method != "POST":
        rows = sorted(itertools.chain(*_rows_of(person).values()))
        context = {"person": person, "rows": rows, "back_address": person_address(person.pk)}
        return render(request, "users/personal_data_export.html", context)
    record_export(person=person, by=request.user)
    response = JsonResponse(personal_data(person), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = f'attachment; filename="person-{person.pk}.json"'
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["users.view_telegramuser", "users.erase_person"], raise_exception=True)
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def personal_data_erase(request: StaffRequest, user_id: int) -> HttpResponse:
    """Show what will be deleted and what is kept; POST with the typed id erases."""
    person = _person(user_id)
    form = EraseForm(request.POST if request.method == "POST" else None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            erased = erase_person(person=person, by=request.user, at=timezone.now())
        except TelegramUser.DoesNotExist:
            raise Http404 from None
        words = _("Personal data deleted: %(deleted)s rows deleted, %(kept)s kept without a name.")
        messages.success(request, words % {"deleted": erased.deleted, "kept": erased.kept})
        return redirect("users:person_list")
    context = {"person": person, "form": form, "back_address": person_address(person.pk), **_rows_of(person)}
    return render(request, "users/personal_data_erase.html", context, status=422 if form.errors else 200)


def _rows_of(person: TelegramUser) -> dict[str, list[tuple[str, int]]]:
    going: list[tuple[str, int]] = []
    staying: list[tuple[str, int]] = []
    tables = [table for table in owned_tables() if not is_history(table.model)]
    for table, count in zip(tables, _counts(tables, person), strict=True):
        if count:
            rows = staying if table.fate is Fate.KEPT else going
            rows.append((name_of_rows(table.model), count))
    return {"going": going, "staying": staying}


def _counts(tables: list[PersonTable], person: TelegramUser) -> list[int]:
    """How many rows of each table are theirs (one query)."""
    count = Func(template="count(*)", output_field=IntegerField())  # an aggregate of Django's would group
    each = {
        f"table_{number}": Subquery(table.rows_of(person.pk).order_by().annotate(rows=count).values("rows"))
        for number, table in enumerate(tables)
    }
    [counted] = TelegramUser.objects.filter(pk=person.pk).annotate(**each).values_list(*each)
    return list(counted)


def _person(user_id: int) -> TelegramUser:
    person = TelegramUser.objects.filter(pk=user_id).first() if user_id <= LARGEST_BIGINT else None
    if person is None or person.is_erased:
        raise Http404
    return person
