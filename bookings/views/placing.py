"""Staff book a course for a person, or move them to another stream."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.forms.bookings import ask_for_reason, wants_words
from bookings.forms.person import NewBookingForm, StreamForm
from bookings.labels import Labels
from bookings.models import Booking
from bookings.notices import NoticeKind, notice_text
from bookings.person.sections import ADD_BOOKING, CHANGE_BOOKING, VIEW_BOOKINGS, VIEW_PEOPLE, card_address, card_of
from bookings.services.coupons import CouponRefused, find_coupon
from bookings.services.doubles import ActiveBookingExists
from bookings.services.editing import (
    AlreadyInStream,
    BookingEdited,
    NoActiveBooking,
    UnknownStream,
    Values,
    future,
    latest_active_booking,
    move_to_stream,
    notice_kind,
)
from bookings.services.making import create_booking
from bookings.services.places import StreamFull
from bookings.services.undoing import offer_booking_undo
from hsl_dashboard.web.pages import StaffRequest, render_page, wants_partial
from hsl_dashboard.web.undo import say_done
from users.models import TelegramUser, UndoableAct
from users.person.context import person_address

NEW_BOOKING_FIELDS = ("status", "discount_percent", "referral_code", "reason", "second", "overbook", "notify")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW_PEOPLE, VIEW_BOOKINGS, ADD_BOOKING], raise_exception=True)
def booking_new(request: StaffRequest, user_id: int) -> HttpResponse:
    person = get_object_or_404(TelegramUser, pk=user_id)
    if request.method != "POST":
        return _show_new(request, person, NewBookingForm(), status=200)
    form = NewBookingForm(request.POST)
    if not form.is_valid():
        return _show_new(request, person, form)
    if "preview" in request.POST:
        preview = notice_text(booking=_wanted(person, form), kind=NoticeKind.CREATED) if wants_words(form) else ""
        return _show_new(request, person, form, status=200, preview=preview)
    try:
        asked = {name: form.cleaned_data[name] for name in NEW_BOOKING_FIELDS}
        course, code = form.cleaned_data["place"]
        made = create_booking(
            person=person, course=course, stream_code=code, by=request.user, at=timezone.now(), **asked
        )
    except ActiveBookingExists as exists:
        if exists.may_override and form.cleaned_data["second"]:
            form.add_error("reason", _("Give a reason: it is kept in the booking's history."))
        return _show_new(request, person, form, exists=exists)
    except StreamFull as full:
        ask_for_reason(form)
        return _show_new(request, person, form, full=full)
    except (CouponRefused, UnknownStream) as refused:
        form.add_error("referral_code" if isinstance(refused, CouponRefused) else "place", str(refused))
        return _show_new(request, person, form)
    messages.success(request, _("Booking № %(number)s is made.") % {"number": made.pk})
    return HttpResponseRedirect(card_address(made))


def _wanted(person: TelegramUser, form: NewBookingForm) -> Booking:
    """Give the booking that the form asks for; it is never saved."""
    course, code = form.cleaned_data["place"]
    percent = form.cleaned_data["discount_percent"]
    if percent is None and (coupon := find_coupon(form.cleaned_data["referral_code"])):
        percent = coupon.discount_percent
    return Booking(telegram_user=person, course=course, course_stream=code, discount_percent=percent)


def _show_new(
    request: StaffRequest, person: TelegramUser, form: NewBookingForm, *, status: int = 422, **more: Any
) -> HttpResponse:
    context = {"person": person, "form": form, "person_address": person_address(person.pk), **more}
    return render(request, "bookings/booking_new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW_PEOPLE, VIEW_BOOKINGS, CHANGE_BOOKING], raise_exception=True)
def person_stream(request: StaffRequest, user_id: int) -> HttpResponse:
    """Move a person's latest active booking, which the form names, to another stream."""
    person = get_object_or_404(TelegramUser, pk=user_id)
    booking = latest_active_booking(person)
    if request.method != "POST":
        return _show_stream(request, person, booking, _stream_form(booking), status=200)
    form = _stream_form(booking, request.POST)
    if not form.is_valid():
        return _show_stream(request, person, booking, form)
    if "preview" in request.POST and booking:
        to = Values.of(booking).with_stream(form.cleaned_data["to"])
        kind = notice_kind({"course_stream"}, to)
        preview = notice_text(booking=future(booking, to), kind=kind) if wants_words(form) else ""
        return _show_stream(request, person, booking, form, status=200, preview=preview)
    now = timezone.now()
    try:
        with transaction.atomic():
            moved = move_to_stream(
                person=person,
                code=form.cleaned_data["to"],
                seen=form.cleaned_data["booking"],
                by=request.user,
                at=now,
                reason=form.cleaned_data["reason"],
                overbook=form.cleaned_data["overbook"],
                notify=form.cleaned_data["notify"],
            )
            assert booking is not None  # else move_to_stream refuses
            undo = offer_booking_undo(booking=moved, before=Values.of(booking), by=request.user, at=now)
    except BookingEdited:
        again = _stream_form(booking, initial=form.cleaned_data)
        return _show_stream(request, person, booking, again, status=409, conflict=True)
    except StreamFull as full:
        ask_for_reason(form)
        return _show_stream(request, person, booking, form, full=full)
    except (NoActiveBooking, AlreadyInStream, UnknownStream) as refused:
        form.add_error("to", str(refused))
        return _show_stream(request, person, booking, form)
    return _show_moved(request, moved, undo)


def _stream_form(booking: Booking | None, data: Any = None, *, initial: dict[str, Any] | None = None) -> StreamForm:
    shown = {"booking": booking.pk if booking else None}
    return StreamForm(data, course_id=booking.course_id if booking else None, initial=(initial or {}) | shown)


def _show_stream(
    request: StaffRequest,
    person: TelegramUser,
    booking: Booking | None,
    form: StreamForm,
    *,
    status: int = 422,
    **more: Any,
) -> HttpResponse:
    context = {
        "person": person,
        "form": form,
        "card": card_of(booking, Labels.read(), by=request.user) if booking else None,
        "person_address": person_address(person.pk),
        **more,
    }
    return render_page(request, "bookings/person_stream.html", context, partial="stream-dialog", status=status)


def _show_moved(request: StaffRequest, moved: Booking, undo: UndoableAct) -> HttpResponse:
    text = _("Booking № %(number)s is now in “%(stream)s”.")
    stream = Labels.read().stream(moved.course_id, moved.course_stream)
    say_done(request, text % {"number": moved.pk, "stream": stream}, undo=undo)
    if wants_partial(request):
        return HttpResponse(headers={"HX-Redirect": person_address(moved.telegram_user_id)})
    return HttpResponseRedirect(card_address(moved))
