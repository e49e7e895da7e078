"""A booking edited in place, wherever staff read about it; without htmx, on a page of its own."""

from dataclasses import asdict
from enum import StrEnum
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.forms.bookings import ask_for_reason, wants_words
from bookings.forms.person import BookingForm
from bookings.labels import Labels
from bookings.models import Booking
from bookings.notices import notice_text
from bookings.person.sections import CHANGE_BOOKING, VIEW_BOOKINGS, VIEW_PEOPLE, card_address, card_of
from bookings.services.coupons import CouponRefused
from bookings.services.doubles import ActiveBookingExists
from bookings.services.editing import (
    BookingEdited,
    NothingToSave,
    UnknownStream,
    Values,
    edit_booking,
    future,
    notice_kind,
)
from bookings.services.places import StreamFull
from bookings.services.statuses import BookingGone, ReasonMissing, TransitionNotAllowed
from bookings.services.undoing import offer_booking_undo
from bookings.views.bookings import booking_facts
from bookings.views.conflicts import conflict_rows, value_changes
from hsl_dashboard.web.addresses import is_own_address, page_at
from hsl_dashboard.web.pages import StaffRequest, came_from, lead_to, wants_partial
from hsl_dashboard.web.undo import say_done
from users.models import UndoableAct
from users.person.context import changed_pieces, person_address

# Refusals, and the field beside which each is shown (None: above the form).
REFUSALS: dict[type[Exception], str | None] = {
    NothingToSave: None,
    CouponRefused: "referral_code",
    UnknownStream: "course_stream",
    ReasonMissing: "reason",
    TransitionNotAllowed: "confirmed",
}


class Frame(StrEnum):
    """Where the form stands: what it takes the place of, and what its answer brings."""

    CARD = "card"  # of the person's page
    PAGE = "page"  # the facts on the page of the booking
    DIALOG = "dialog"  # over a list


FRAMES = {"bookings:booking_detail": Frame.PAGE, "bookings:data_quality": Frame.DIALOG}


@require_safe
@permission_required([VIEW_PEOPLE, VIEW_BOOKINGS], raise_exception=True)
def person_booking(request: StaffRequest, user_id: int, pk: int) -> HttpResponse:
    """Return the card when editing is cancelled; without htmx, the person's page."""
    booking = _booking_of(user_id, pk)
    if not wants_partial(request):
        return HttpResponseRedirect(card_address(booking))
    if _frame(request) == Frame.PAGE:
        return _show_whole_page(request, booking, Labels.read())
    context = {"card": card_of(booking, Labels.read(), by=request.user), "focus": True}
    return render(request, "bookings/_person_booking.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW_PEOPLE, VIEW_BOOKINGS, CHANGE_BOOKING], raise_exception=True)
def booking_edit(request: StaffRequest, user_id: int, pk: int) -> HttpResponse:
    booking = _booking_of(user_id, pk)
    labels = Labels.read()
    if request.method != "POST":
        return _show_form(request, booking, BookingForm(booking=booking, by=request.user, labels=labels), labels)
    form = BookingForm(request.POST, booking=booking, by=request.user, labels=labels)
    if not form.is_valid():
        return _show_form(request, booking, form, labels, status=422)
    if "preview" in request.POST:
        preview = _preview(booking, form) if wants_words(form) else None
        changes = value_changes(form.cleaned_data["seen"], form.values, labels) if preview else []
        return _show_form(request, booking, form, labels, preview=preview, changes=changes)
    return _save(request, booking, form, labels)


def _booking_of(user_id: int, pk: int) -> Booking:
    """Find a booking of this person, or answer 404."""
    return get_object_or_404(Booking.objects.with_person(), pk=pk, telegram_user_id=user_id)


def _frame(request: StaffRequest) -> Frame:
    view = page_at(came_from(request))
    return FRAMES.get(view.view_name, Frame.CARD) if view else Frame.CARD


def _save(request: StaffRequest, booking: Booking, form: BookingForm, labels: Labels) -> HttpResponse:
    now = timezone.now()
    # What was seen, as the columns hold it exactly: a NULL comes back as NULL.
    held, seen = Values.of(booking), form.cleaned_data["seen"]
    before = seen if held.differs(seen) else held
    try:
        with transaction.atomic():
            edit_booking(
                booking=booking,
                to=form.values,
                seen=seen,
                by=request.user,
                at=now,
                reason=form.cleaned_data["reason"],
                second=form.cleaned_data["second"],
                overbook=form.cleaned_data["overbook"],
                notify=form.cleaned_data["notify"],
            )
            undo = offer_booking_undo(booking=booking, before=before, by=request.user, at=now)
    except BookingGone:
        raise Http404 from None
    except BookingEdited as conflict:
        return _show_conflict(request, booking, form, conflict, labels)
    except ActiveBookingExists as exists:
        if exists.may_override and form.cleaned_data["second"]:
            form.add_error("reason", _("Give a reason: it is kept in the booking's history."))
        return _show_form(request, booking, form, labels, status=422, exists=exists)
    except StreamFull as full:
        ask_for_reason(form)
        return _show_form(request, booking, form, labels, status=422, full=full)
    except tuple(REFUSALS) as refused:
        not_allowed = _("The school's rules do not allow this status change.")
        why = not_allowed if isinstance(refused, TransitionNotAllowed) else str(refused)
        form.add_error(REFUSALS[type(refused)], why)
        return _show_form(request, booking, form, labels, status=422)
    return _show_edited(request, booking, labels, notified=form.cleaned_data["notify"], undo=undo)


def _show_form(
    request: StaffRequest, booking: Booking, form: BookingForm, labels: Labels, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "booking": booking,
        "person": booking.telegram_user,
        "card": card_of(booking, labels, by=request.user),
        "form": form,
        "in_place": wants_partial(request),
        "frame": _frame(request),
        "next": _next_address(request, booking),
        "person_address": person_address(booking.telegram_user_id),
        **more,
    }
    return render(request, _template(request), context, status=status)


def _template(request: StaffRequest) -> str:
    if not wants_partial(request):
        return "bookings/booking_edit.html"
    in_dialog = _frame(request) == Frame.DIALOG
    return "bookings/booking_edit.html#edit-dialog" if in_dialog else "bookings/_booking_form.html"


def _next_address(request: StaffRequest, booking: Booking) -> str:
    asked = request.POST.get("next", "") or came_from(request)
    view = page_at(asked) if is_own_address(asked, request) else None
    return asked if view and view.view_name in FRAMES else card_address(booking)


def _preview(booking: Booking, form: BookingForm) -> str:
    """Write the message that saving this form would send; empty when nothing has changed."""
    changed = form.values.differs(form.cleaned_data["seen"])
    return notice_text(booking=future(booking, form.values), kind=notice_kind(changed, form.values)) if changed else ""


def _show_conflict(
    request: StaffRequest, booking: Booking, form: BookingForm, conflict: BookingEdited, labels: Labels
) -> HttpResponse:
    """Show the three versions of each field; saving the form again overwrites the current values."""
    booking.refresh_from_db()
    kept = {name: form.cleaned_data[name] for name in ("reason", "second", "overbook", "notify")}
    yours = asdict(conflict.yours)
    if conflict.yours.course_id != booking.course_id:
        yours["course_stream"] = f"{conflict.yours.course_id}:{conflict.yours.course_stream or ''}"
    again = BookingForm(booking=booking, by=request.user, labels=labels, initial=yours | kept)
    rows = conflict_rows(conflict, labels)
    return _show_form(request, booking, again, labels, status=409, conflict=rows)


def _show_whole_page(
    request: StaffRequest, booking: Booking, labels: Labels, *, sentence: str = "", undo: UndoableAct | None = None
) -> HttpResponse:
    """Answer on the booking's own page: the facts, and the history that has a line more."""
    context = {**booking_facts(booking, labels, by=request.user), "sentence": sentence, "changed": True, "undo": undo}
    response = render(request, "bookings/_booking_saved.html", context)
    response["HX-Retarget"] = "#booking"
    response["HX-Reswap"] = "outerHTML"
    return response


def _show_edited(
    request: StaffRequest, booking: Booking, labels: Labels, *, notified: bool, undo: UndoableAct
) -> HttpResponse:
    saved = _("Booking № %(number)s is saved.")
    saved_and_queued = _("Booking № %(number)s is saved. The message to the student is queued.")
    sentence = (saved_and_queued if notified else saved) % {"number": booking.pk}
    if not wants_partial(request) or _frame(request) == Frame.DIALOG:
        say_done(request, sentence, undo=undo)
        return lead_to(request, _next_address(request, booking))
    if _frame(request) == Frame.PAGE:
        return _show_whole_page(request, booking, labels, sentence=sentence, undo=undo)
    context = {
        "card": card_of(booking, labels, by=request.user),
        "sentence": sentence,
        "undo": undo,
        "focus": True,
        **changed_pieces(request, booking.telegram_user_id),
    }
    return render(request, "bookings/_booking_edited.html", context)
