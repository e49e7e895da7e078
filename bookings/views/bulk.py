"""Bulk changes: select or paste rows, preview the changes, make them, see the result of each."""

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, When
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings.forms.bookings import BulkForm, BulkMakeForm, PastedForm
from bookings.labels import Labels
from bookings.lists.filters import BookingFilter
from bookings.models import Booking, BulkChange, BulkRow
from bookings.services.bulk_changes import (
    AT_ONCE,
    Target,
    TooMany,
    first_notice,
    overbooking_of,
    prepare_bulk_change,
    targets_of_bookings,
    targets_of_pasted,
    targets_of_people,
    value_label,
)
from bookings.services.bulk_making import Terms, make_bulk_change
from hsl_dashboard.db import LARGEST_BIGINT, LARGEST_INTEGER
from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.mentions import read_number
from hsl_dashboard.web.pages import StaffRequest, page_of
from hsl_dashboard.web.undo import say_done
from users.models import TelegramUser, User
from users.people.listing import people_list
from users.person.context import person_address
from users.privacy import VIEW_EMAIL

CHANGE_BOOKING, ADD_TAG = "bookings.change_booking", "users.add_persontag"


class NobodyChosen(Exception):
    """No row was ticked, or the filter matches none."""


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("bookings.view_booking", raise_exception=True)
def bulk_prepare(request: StaffRequest) -> HttpResponse:
    """Prepare a change of selected rows or pasted people; nothing is changed yet."""
    if not (request.user.has_perm(CHANGE_BOOKING) or request.user.has_perm(ADD_TAG)):
        raise PermissionDenied
    request.stands_below = urlsplit(_next_address(request)).path
    pasted = "pasted" in request.POST or request.method != "POST"
    form_class = PastedForm if pasted else BulkForm
    form = form_class(request.POST if request.method == "POST" else None, by=request.user)
    if request.method == "POST" and form.is_valid():
        _require_permission(request.user, form.cleaned_data["kind"])
        try:
            change = _prepare(request, form)
        except TooMany as many:
            form.add_error(None, _too_many(many.found))
        except NobodyChosen:
            form.add_error(None, _("Nothing selected: tick some rows first."))
        else:
            return redirect("bookings:bulk_change", change.pk)
    context = {"form": form, "pasted": pasted, "next": _next_address(request), "limit": AT_ONCE}
    return render(request, "bookings/bulk_prepare.html", context, status=422 if form.errors else 200)


def _prepare(request: StaffRequest, form: Any) -> BulkChange:
    data = form.cleaned_data
    targets = targets_of_pasted(data["pasted"]) if "pasted" in data else _chosen_targets(request, data)
    if not targets:
        raise NobodyChosen
    return prepare_bulk_change(
        kind=data["kind"],
        value=data["value"],
        targets=targets,
        by=request.user,
        at=timezone.now(),
        next_address=_next_address(request),
    )


def _chosen_targets(request: StaffRequest, data: dict[str, Any]) -> list[Target]:
    if data["of"] == "people":
        return targets_of_people(_chosen_people(request, data))
    bookings = Booking.objects.with_person()
    if data["scope"] == "all":
        narrowed = BookingFilter(
            QueryDict(data["query"]),
            queryset=bookings,
            labels=Labels.read(),
            with_emails=request.user.has_perm(VIEW_EMAIL),
        )
        found = narrowed.qs if narrowed.is_valid() else bookings.none()
        return targets_of_bookings(_at_most(found))
    return targets_of_bookings(bookings.filter(pk__in=_ids(request, "booking", LARGEST_INTEGER)).order_by("-pk"))


def _chosen_people(request: StaffRequest, data: dict[str, Any]) -> list[TelegramUser]:
    if data["scope"] == "all":
        people = people_list(QueryDict(data["query"]), with_emails=request.user.has_perm(VIEW_EMAIL), folded=True)
        rows = people.sorted_people()
        return [row.telegram_user for row in _at_most(rows)] if people.filter.is_valid() else []
    chosen = TelegramUser.objects.filter(pk__in=_ids(request, "person", LARGEST_BIGINT))
    return list(chosen.order_by("first_name", "pk"))


def _at_most(rows: Any) -> list[Any]:
    found = list(rows[: AT_ONCE + 1])
    if len(found) > AT_ONCE:
        raise TooMany(rows.count())
    return found


def _ids(request: StaffRequest, name: str, largest: int) -> list[int]:
    values = request.POST.getlist(name)[: AT_ONCE + 1]
    return [number for value in values if (number := read_number(value, largest=largest)) is not None]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("bookings.view_booking", raise_exception=True)
def bulk_change(request: StaffRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the preview of a change, or its results; sending the form twice makes it once."""
    change = get_object_or_404(BulkChange, pk=pk, made_by=request.user)
    request.stands_below = urlsplit(change.next).path
    _require_permission(request.user, change.kind)
    overbooking = overbooking_of(change)
    needs_reason = change.rows.filter(state=BulkRow.State.READY, needs_reason=True).count()
    form = BulkMakeForm(
        request.POST if request.method == "POST" else None,
        required=bool(overbooking or needs_reason),
        tells=change.kind != BulkChange.Kind.TAG,
    )
    if request.method == "POST" and change.finished_at:
        return redirect("bookings:bulk_change", change.pk)
    if request.method == "POST" and form.is_valid():
        if not overbooking or form.cleaned_data["overbook"]:
            undo = make_bulk_change(change=change, terms=_terms(request, form))
            say_done(request, _done_in_words(change), undo=undo if undo.done["rows"] else None)
            return redirect("bookings:bulk_change", change.pk)
        form.add_error(None, _("The places have been taken in the meantime. Look at the numbers and decide again."))
    context = {
        "change": change,
        "form": form,
        "overbooking": overbooking,
        "needs_reason": needs_reason,
        **_facts(change, request),
    }
    return render(request, "bookings/bulk_change.html", context, status=422 if form.errors else 200)


def _done_in_words(change: BulkChange) -> str:
    done = change.rows.filter(state=BulkRow.State.DONE).count()
    return ngettext("%(count)d row changed.", "%(count)d rows changed.", done) % {"count": done}


def _terms(request: StaffRequest, form: BulkMakeForm) -> Terms:
    data = form.cleaned_data
    return Terms(
        by=request.user,
        at=timezone.now(),
        reason=data["reason"].strip(),
        overbook=data["overbook"],
        notify=data.get("notify", False),
    )


def _facts(change: BulkChange, request: StaffRequest) -> dict[str, Any]:
    states = dict(change.rows.order_by().values_list("state").annotate(Count("pk")))
    # Rows that were not changed come first: they need attention.
    is_fine = Case(When(state__in=[BulkRow.State.REFUSED, BulkRow.State.FAILED], then=0), default=1)
    rows = change.rows.select_related("telegram_user", "booking").order_by(is_fine, "position")
    page: Any = page_of(rows, request, known=sum(states.values()))
    labels = Labels.read()
    page.object_list = [
        {
            "row": row,
            "person_address": person_address(row.telegram_user.pk) if row.telegram_user else "",
            "stream": labels.stream(row.booking.course_id, row.seen_stream) if row.booking else "",
            "course": labels.course(row.booking.course_id) if row.booking else "",
        }
        for row in page
    ]
    return {
        "page": page,
        "names_bookings": change.rows.exclude(booking=None).exists(),
        "counts": {str(state): states.get(state, 0) for state in BulkRow.State},
        "total": sum(states.values()),
        "value": value_label(change),
        "preview": first_notice(change),
    }


def _next_address(request: StaffRequest) -> str:
    asked = request.POST.get("next", "") or request.GET.get("next", "")
    return asked if is_own_address(asked, request) else reverse("bookings:booking_list")


def _too_many(found: int) -> str:
    words = _("%(found)s found, but at most %(limit)s can be changed at once. Narrow the filter.")
    return words % {"found": found, "limit": AT_ONCE}


def _require_permission(user: User, kind: str) -> None:
    if not user.has_perm(ADD_TAG if kind == BulkChange.Kind.TAG else CHANGE_BOOKING):
        raise PermissionDenied
