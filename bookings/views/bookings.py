"""The list of all bookings, and the page of one."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.forms.bookings import bulk_bar
from bookings.history import booking_history
from bookings.labels import Labels
from bookings.lists.filters import BookingFilter
from bookings.lists.rows import rows_of
from bookings.models import Booking
from bookings.notices import last_notice
from bookings.services.payments import account_of
from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.news import asked_since, news_answer, news_since
from hsl_dashboard.web.pages import StaffRequest, page_of, render_list
from users.models import User
from users.people.downloads import EXPORT_PEOPLE
from users.privacy import VIEW_EMAIL

# Filters without a field of their own on the page: links of other pages set them.
KEPT = ("confirmed_since", "confirmed_until", "made_after", "made_before")


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def booking_list(request: StaffRequest) -> HttpResponse:
    labels = Labels.read()
    narrowed = BookingFilter(
        request.GET,
        queryset=Booking.objects.with_person(),
        labels=labels,
        with_emails=request.user.has_perm(VIEW_EMAIL),
    )
    is_valid = narrowed.is_valid()
    found = narrowed.qs if is_valid else Booking.objects.none().newest_first()
    # Before the list is read: a booking that comes in between is new, and not lost.
    newest = Booking.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    page = page_of(found, request, known_more=narrowed.known_more)
    context = {
        "filter": narrowed,
        "form": narrowed.form,
        "page": page,
        "rows": rows_of(page, labels=labels, by=request.user),
        "sort": narrowed.sorted_by,
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "list_address": tidy_address(request.path, request.GET),
        "bulk_form": bulk_bar(request.user, labels.codes),
        "changed": False,
        "may_export": request.user.has_perm(EXPORT_PEOPLE),
        "kept_fields": [narrowed.form[name] for name in KEPT],
        "news": news_since(request, since=newest, **_places()),
        "updated_at": timezone.now(),
    }
    return render_list(request, "bookings/booking_list.html", context, partial="booking-table", is_valid=is_valid)


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def booking_news(request: StaffRequest) -> HttpResponse:
    """Count the bookings of the list that its page has not seen."""
    since = asked_since(request)
    narrowed = BookingFilter(
        request.GET, queryset=Booking.objects.all(), labels=Labels.read(), with_emails=request.user.has_perm(VIEW_EMAIL)
    )
    if since is None or not narrowed.is_valid():
        return HttpResponse(status=204)
    return news_answer(request, narrowed.qs.filter(pk__gt=since), since=since, **_places())


def _places() -> dict[str, Any]:
    ask, show = reverse("bookings:booking_news"), reverse("bookings:booking_list")
    return {"ask": ask, "show": show, "target": "booking-table"}


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def booking_detail(request: StaffRequest, pk: int) -> HttpResponse:
    booking = get_object_or_404(Booking.objects.with_person(), pk=pk)
    context = booking_facts(booking, Labels.read(), by=request.user)
    return render(request, "bookings/booking_detail.html", context)


def booking_facts(booking: Booking, labels: Labels, *, by: User) -> dict[str, Any]:
    """Gather what the page of one booking shows."""
    [row] = rows_of([booking], labels=labels, by=by, with_activity=True)
    return {
        "booking": booking,
        "row": row,
        "history": booking_history(booking, labels),
        "notice": last_notice(booking),
        "account": account_of(booking) if by.has_perm("bookings.view_payment") else None,
        "may_record": by.has_perm("bookings.view_payment") and by.has_perm("bookings.add_payment"),
        "others": Booking.objects.filter(telegram_user=booking.telegram_user_id).exclude(pk=booking.pk).count(),
        "list_address": reverse("bookings:booking_detail", args=[booking.pk]),
        "updated_at": timezone.now(),
    }
