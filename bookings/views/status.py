"""Changing a booking's status: the choice, the confirmation, the change, and conflicts."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import ResolverMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.forms.bookings import StatusForm, ask_for_reason, bulk_bar
from bookings.history import BookingMoment, booking_history
from bookings.labels import Labels
from bookings.lists.rows import rows_of
from bookings.models import Booking, status_label
from bookings.services.editing import Values
from bookings.services.payments import account_of, record_payment
from bookings.services.places import StreamFull, stream_full
from bookings.services.statuses import (
    BookingChanged,
    BookingGone,
    Move,
    ReasonMissing,
    TransitionNotAllowed,
    change_booking_status,
    moves_for,
)
from bookings.services.telling import status_notices
from bookings.services.undoing import offer_booking_undo
from bookings.views.bookings import booking_facts
from bookings.views.streams import choose_stream, stream_counts
from bookings.views.workshops import workshop_counts
from hsl_dashboard.web.addresses import is_own_address, page_at, tidy_address
from hsl_dashboard.web.pages import StaffRequest, came_from, lead_to, render_page, wants_partial
from hsl_dashboard.web.undo import say_done
from users.models import UndoableAct

VIEW_MONEY, ADD_PAYMENT = "bookings.view_payment", "bookings.add_payment"
QUESTION = "bookings/booking_status.html"


@dataclass
class Wish:
    """What staff asked for: a move of a booking, and the page they came from."""

    booking: Booking
    form: StatusForm
    next: str  # where they go back to
    seen: int | None  # the status they saw
    move: Move | None  # None: they may not make it

    @property
    def to(self) -> int | None:
        to: int | None = self.form.cleaned_data.get("to")
        return to

    @property
    def is_stale(self) -> bool:
        """Whether the booking changed after staff saw it: the conflict is shown before any question."""
        return self.seen != self.booking.confirmed

    @property
    def page(self) -> ResolverMatch:
        match = page_at(self.next)
        assert match is not None
        return match

    @property
    def place(self) -> str:
        """The id of what the answer replaces on the page they came from."""
        return "booking" if self.page.view_name == "bookings:booking_detail" else f"booking-{self.booking.pk}"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["bookings.view_booking", "bookings.change_booking"], raise_exception=True)
def booking_status(request: StaffRequest, pk: int) -> HttpResponse:
    wish = _read_wish(request, get_object_or_404(Booking.objects.with_person(), pk=pk))
    if request.method != "POST" and "to" not in request.GET:
        return _offer(request, wish)
    if not wish.form.is_valid():
        return _ask(request, wish, status=422)
    if wish.is_stale:
        return _show_conflict(
            request, wish, BookingChanged(theirs=wish.booking.confirmed, yours=wish.form.cleaned_data["to"])
        )
    if request.method != "POST":
        return _ask(request, wish)
    if wish.move and wish.move.asks and not wish.form.cleaned_data["sure"]:
        return _ask(request, wish) if wants_partial(request) else redirect(_question_address(wish))
    return _change(request, wish)


def _read_wish(request: StaffRequest, booking: Booking) -> Wish:
    data = request.POST if request.method == "POST" else request.GET
    form = StatusForm(data)
    form.is_valid()
    seen = form.cleaned_data.get("expected", booking.confirmed) if "expected" in data else booking.confirmed
    moves = moves_for(seen, by=request.user)
    move = next((move for move in moves if move.to == form.cleaned_data.get("to")), None)
    own = reverse("bookings:booking_detail", args=[booking.pk])
    next_address = data.get("next") or came_from(request)
    return Wish(booking, form, next_address if is_own_address(next_address, request) else own, seen, move)


def _change(request: StaffRequest, wish: Wish) -> HttpResponse:
    reason = wish.form.cleaned_data["reason"]
    assert wish.to is not None
    payment = wish.form.payment if request.user.has_perm(ADD_PAYMENT) else None
    now = timezone.now()
    before = replace(Values.of(wish.booking), confirmed=wish.seen)
    try:
        with transaction.atomic():
            change_booking_status(
                booking=wish.booking,
                to=wish.to,
                by=request.user,
                at=now,
                reason=reason,
                expected=wish.seen,
                overbook=wish.form.cleaned_data["overbook"],
                notify=wish.form.cleaned_data["notify"],
            )
            paid = None
            if payment:
                amount, currency = payment
                paid = record_payment(
                    booking=wish.booking, amount=amount, currency=currency, by=request.user, received_at=now
                )
            undo = offer_booking_undo(booking=wish.booking, before=before, by=request.user, at=now, payment=paid)
    except BookingGone:
        raise Http404 from None
    except BookingChanged as changed:
        return _show_conflict(request, wish, changed)
    except ReasonMissing as missing:
        wish.form.add_error("reason", str(missing))
        return _ask(request, wish, status=422)
    except StreamFull as full:
        ask_for_reason(wish.form)
        return _ask(request, wish, status=422, full=full)
    except TransitionNotAllowed:
        return _ask(request, wish, status=422)
    return _show_change(request, wish, undo)


def _offer(request: StaffRequest, wish: Wish) -> HttpResponse:
    """Show the statuses to choose from, and whether the booking changed since the list was drawn."""
    moves = moves_for(wish.booking.confirmed, by=request.user)
    last_change = _last_change(wish.booking) if wish.is_stale else None
    full = stream_full(wish.booking) if any(move.to == Booking.Status.CONFIRMED for move in moves) else None
    notices = status_notices(wish.booking, [move.to for move in moves])
    return _ask(request, wish, moves=moves, stale=wish.is_stale, last_change=last_change, full=full, notices=notices)


def _ask(request: StaffRequest, wish: Wish, *, status: int = 200, **more: Any) -> HttpResponse:
    """Ask for confirmation or say why not, on a page of its own or in a dialog."""
    move = more.get("again", wish.move)
    if move and "moves" not in more:
        is_confirmed = move.to == Booking.Status.CONFIRMED
        more = {"full": stream_full(wish.booking) if is_confirmed else None} | more
        more["notices"] = status_notices(wish.booking, [move.to])
    context = {
        "booking": wish.booking,
        "stream": Labels.read().stream(wish.booking.course_id, wish.booking.course_stream),
        "form": wish.form,
        "move": wish.move,
        "seen": wish.seen,
        "to": wish.to,
        "next": wish.next,
        "place": wish.place,
        "account": account_of(wish.booking) if request.user.has_perm(VIEW_MONEY) else None,
        "dialog": wants_partial(request),
        "moves": None,  # those to choose from; here one is chosen
        **more,
    }
    response = render_page(request, QUESTION, context, partial="status-dialog", status=status)
    if wants_partial(request):
        response["HX-Retarget"] = "#overlay"
        response["HX-Reswap"] = "innerHTML"
    return response


def _question_address(wish: Wish) -> str:
    query = QueryDict(mutable=True)
    query.update({"to": str(wish.to), "expected": "" if wish.seen is None else str(wish.seen), "next": wish.next})
    if wish.form.cleaned_data["notify"]:
        query["notify"] = "on"
    return f"{reverse('bookings:booking_status', args=[wish.booking.pk])}?{query.urlencode()}"


def _show_conflict(request: StaffRequest, wish: Wish, changed: BookingChanged) -> HttpResponse:
    """Show both values; staff keep the other one or insist, where the rules allow it."""
    wish.booking.refresh_from_db(fields=["confirmed"])
    again = next((move for move in moves_for(changed.theirs, by=request.user) if move.to == changed.yours), None)
    return _ask(request, wish, status=409, conflict=changed, last_change=_last_change(wish.booking), again=again)


def _last_change(booking: Booking) -> BookingMoment | None:
    """Find who changed the status last, and when."""
    return next((entry for entry in booking_history(booking, Labels.read()) if entry.status), None)


def _show_change(request: StaffRequest, wish: Wish, undo: UndoableAct) -> HttpResponse:
    old = status_label(wish.seen)
    notified = wish.form.cleaned_data["notify"]
    changed = _("Booking № %(number)s: “%(old)s” is now “%(new)s”.")
    changed_and_queued = _("Booking № %(number)s: “%(old)s” is now “%(new)s”. The message to the student is queued.")
    sentence = (changed_and_queued if notified else changed) % {
        "number": wish.booking.pk,
        "old": old,
        "new": wish.booking.status_label,
    }
    if not wants_partial(request):
        say_done(request, sentence, undo=undo)
        return HttpResponseRedirect(f"{wish.next}#{wish.place}")
    if wish.page.view_name == "bookings:data_quality":  # the list has one problem less
        say_done(request, sentence, undo=undo)
        return lead_to(request, wish.next)
    context = _answer_context(request, wish) | {"sentence": sentence, "view": wish.page.view_name, "changed": True}
    context["undo"] = undo
    return render(request, "bookings/_status_changed.html", context)


def _answer_context(request: StaffRequest, wish: Wish) -> dict[str, Any]:
    """Gather the row that changed, and the counts of the page that it stands on."""
    labels = Labels.read()
    query = QueryDict(urlsplit(wish.next).query)
    if wish.page.view_name == "bookings:booking_detail":
        return booking_facts(wish.booking, labels, by=request.user)
    on_stream = wish.page.view_name == "bookings:stream_detail"
    [row] = rows_of([wish.booking], labels=labels, by=request.user, with_activity=on_stream)
    context = {"row": row, "list_address": tidy_address(urlsplit(wish.next).path, query), "oob": True}
    context["bulk_form"] = bulk_bar(request.user, labels.codes)  # the row keeps its check box
    if on_stream:
        return context | stream_counts(choose_stream(wish.page.kwargs["code"], query), labels, query)
    if wish.page.view_name == "bookings:workshop_list":
        return context | {"bulk_form": None} | workshop_counts(labels, query)
    return context
