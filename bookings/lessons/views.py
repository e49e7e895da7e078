"""The registrations for free lessons: the list, its export, the sums of each lesson and date."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from bookings.lessons.exports import lessons_sheet
from bookings.lessons.filters import LessonFilter
from bookings.lessons.lesson_dates import DEFINITIONS, lesson_dates
from bookings.lessons.steps import fold_some, some_wait
from bookings.models import LessonSteps
from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.keyset import Slice, slice_of
from hsl_dashboard.web.pages import PAGE_SIZE, StaffRequest, render_list
from hsl_dashboard.web.paging import COUNTED
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.people.downloads import EXPORT_PEOPLE, list_as_file
from users.person.context import person_address
from users.privacy import VIEW_EMAIL, masked_email

LESSONS_AT_ONCE = 25  # lessons: six links each
# Registrations of a first name that is everywhere: more are not counted, each needs a look at its person.
COUNTED_OF_COMMON = 1_000
VIEW_LESSONS = "bookings.view_freelessonregistration"


@require_safe
@permission_required(VIEW_LESSONS, raise_exception=True)
def lesson_list(request: StaffRequest) -> HttpResponse:
    waits = count_waiting_lessons()
    narrowed = _narrowed(request)
    is_valid = narrowed.is_valid()
    found = narrowed.qs if is_valid else LessonSteps.objects.none()
    is_alone = narrowed.common and set(narrowed.values()) == {"q"}
    counted = COUNTED_OF_COMMON if is_alone else COUNTED
    page: Slice[LessonSteps] = slice_of(
        _with_people(found),
        sorting=narrowed.sorting,
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
        size=PAGE_SIZE,
        listed=counted,
    )
    context = {
        **_around(request, narrowed, waits=waits),
        "page": page,
        "rows": [_row(steps) for steps in page.rows],
        "count": min(page.counted or 0, counted),
        "more": (page.counted or 0) > counted,
        "sort": narrowed.sorted_by,
        "may_export": request.user.has_perm(EXPORT_PEOPLE),
    }
    return render_list(request, "bookings/lesson_list.html", context, partial="lesson-table", is_valid=is_valid)


@require_safe
@permission_required(VIEW_LESSONS, raise_exception=True)
def lesson_dates_list(request: StaffRequest) -> HttpResponse:
    waits = count_waiting_lessons()
    narrowed = _narrowed(request)
    is_valid = narrowed.is_valid()
    asked = narrowed.form.cleaned_data if is_valid else {}
    sums = (
        lesson_dates(
            size=LESSONS_AT_ONCE + 1,
            lesson=asked.get("lesson") or "",
            since=asked.get("lesson_since"),
            until=asked.get("lesson_until"),
            after=request.GET.get("after", ""),
        )
        if is_valid
        else []
    )
    context = {
        **_around(request, narrowed, waits=waits),
        "lessons": sums[:LESSONS_AT_ONCE],
        "after": sums[LESSONS_AT_ONCE - 1].place if len(sums) > LESSONS_AT_ONCE else "",
        "definitions": DEFINITIONS,
        "today": timezone.localdate(),
    }
    return render_list(
        request, "bookings/lesson_dates_list.html", context, partial="lesson-dates-table", is_valid=is_valid
    )


@require_POST
@permission_required([VIEW_LESSONS, EXPORT_PEOPLE], raise_exception=True)
def lesson_export(request: StaffRequest) -> HttpResponseBase:
    """Download the whole filtered list. POST, because it records who took it."""
    count_waiting_lessons()
    narrowed = _narrowed(request)
    is_valid = narrowed.is_valid()
    found = (narrowed.qs if is_valid else LessonSteps.objects.none()).order_by(*narrowed.sorting.order())
    with_emails = request.user.has_perm(VIEW_EMAIL)
    return list_as_file(
        request,
        sheet=lessons_sheet(_with_people(found), with_emails=with_emails),
        rows=found,
        name=f"free-lessons-{timezone.localdate():%Y-%m-%d}",
        list_address=tidy_address(reverse("bookings:lesson_list"), request.GET),
        is_valid=is_valid,
        with_emails=with_emails,
    )


def count_waiting_lessons() -> bool:
    """Count those whom triggers have marked since the last look; say whether some still wait."""
    if some_wait():
        write_beside(SideWrite.LESSONS_COUNTED, fold_some)
        return some_wait()
    return False


def _narrowed(request: StaffRequest) -> LessonFilter:
    return LessonFilter(request.GET, queryset=LessonSteps.objects.all(), with_emails=request.user.has_perm(VIEW_EMAIL))


def _with_people(rows: "QuerySet[LessonSteps]") -> "QuerySet[LessonSteps]":
    """Fetch the registrations and the people too: every row shows them."""
    return rows.select_related("registration__telegram_user")


def _row(steps: LessonSteps) -> dict[str, Any]:
    registration = steps.registration
    return {
        "steps": steps,
        "person": registration.telegram_user,
        "person_address": person_address(registration.telegram_user_id),
        "email": masked_email(registration.email or ""),
    }


def _around(request: StaffRequest, narrowed: LessonFilter, *, waits: bool) -> dict[str, Any]:
    return {
        "form": narrowed.form,
        "waits": waits,
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "query": tidy_address("", request.GET),
        "updated_at": timezone.now(),
    }
