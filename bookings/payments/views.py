"""The page of waiting payments, what staff decide on it, and the rules of the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

import pghistory
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.forms.bookings import ask_for_reason
from bookings.forms.waiting import (
    LATER,
    AskPaymentForm,
    ConfirmPaymentForm,
    DeclinePaymentForm,
    LaterPaymentForm,
    PaymentRulesForm,
    later_moment,
)
from bookings.history import booking_history
from bookings.labels import Labels, money_text
from bookings.models import Booking, Payment, PaymentRules, WaitingPayment, status_label
from bookings.notices import NoticeKind
from bookings.payments.presence import note_open
from bookings.payments.queue import OpenPayment, WaitingList, drawn_moment
from bookings.payments.upkeep import DECIDE, remember_waiting
from bookings.services.places import StreamFull
from bookings.services.statuses import BookingChanged, BookingGone, ReasonMissing, TransitionNotAllowed
from bookings.services.telling import status_notices
from bookings.services.waiting import (
    PaymentNotWaiting,
    ask_about_payment,
    bring_back_payment,
    confirm_payment,
    decline_payment,
    payment_words,
    put_off_payment,
    take_payment,
)
from hsl_dashboard.web.mentions import read_number
from hsl_dashboard.web.news import News
from hsl_dashboard.web.pages import SeeOther, StaffRequest, render_page_or_piece, wants_partial
from hsl_dashboard.web.undo import say_done
from users.models import UndoableAct, User

VIEW_BOOKINGS = "bookings.view_booking"
ADD_PAYMENT = "bookings.add_payment"
CHANGE_RULES = "bookings.change_paymentrules"
PAGE = "bookings/payment_queue.html"


@dataclass(frozen=True)
class Decided:
    """What became of an act, beside the answer to it."""

    kind: str  # of the toast
    text: str
    undo: UndoableAct | None = None


may_decide = permission_required([VIEW_BOOKINGS, DECIDE], raise_exception=True)


@require_safe
@may_decide
def payment_queue(request: StaffRequest) -> HttpResponse:
    return _show(request, asked=read_number(request.GET.get("open", "")))


@require_POST
@may_decide
def payment_confirm(request: StaffRequest, pk: int) -> HttpResponse:
    booking = _booking(pk)
    form = _confirm_form(request, booking, is_full=True, data=request.POST)
    if not form.is_valid():
        return _show(request, asked=pk, refused={"confirm": form})
    cleaned = form.cleaned_data
    confirm = partial(
        confirm_payment,
        booking=booking,
        seen=cleaned["expected"],
        by=request.user,
        at=timezone.now(),
        notify=cleaned["notify"],
        reason=cleaned["reason"],
        overbook=cleaned["overbook"],
        **form.payment,
    )
    try:
        sentence = partial(_confirmed_sentence, booking, is_told=cleaned["notify"])
        return _done(request, booking, confirm, sentence, undo=itemgetter(1))
    except ReasonMissing as missing:
        form.add_error("reason", str(missing))
    except StreamFull as no_places:
        ask_for_reason(form)
        return _show(request, asked=pk, refused={"confirm": form}, full=no_places)
    return _show(request, asked=pk, refused={"confirm": form})


@require_POST
@may_decide
def payment_decline(request: StaffRequest, pk: int) -> HttpResponse:
    booking = _booking(pk)
    form = DeclinePaymentForm(request.POST)
    if not form.is_valid():
        return _show(request, asked=pk, refused={"decline": form})
    cleaned = form.cleaned_data
    decline = partial(
        decline_payment,
        booking=booking,
        seen=cleaned["expected"],
        by=request.user,
        at=timezone.now(),
        reason=cleaned["reason"],
        words=cleaned["words"],
    )
    said = _("Booking № %(number)s: the payment is declined.")
    told = _("Booking № %(number)s: the payment is declined. The message to the student is queued.")
    sentence = (told if cleaned["words"] else said) % {"number": pk}
    return _done(request, booking, decline, lambda _done: sentence, undo=lambda act: act)


@require_POST
@may_decide
def payment_ask(request: StaffRequest, pk: int) -> HttpResponse:
    booking = _booking(pk)
    form = AskPaymentForm(request.POST)
    if not form.is_valid():
        return _show(request, asked=pk, refused={"ask": form})
    words = form.cleaned_data["words"]
    ask = partial(ask_about_payment, booking=booking, by=request.user, at=timezone.now(), words=words)
    said = _("Booking № %(number)s: the message to the student is queued.") % {"number": pk}
    return _done(request, booking, ask, lambda _done: said, undo=lambda act: act)


@require_POST
@may_decide
def payment_put_off(request: StaffRequest, pk: int) -> HttpResponse:
    booking = _booking(pk)
    form = LaterPaymentForm(request.POST)
    if not form.is_valid():
        return _show(request, asked=pk, status=422)
    until = later_moment(form.cleaned_data["later"], at=timezone.now())
    put_off = partial(put_off_payment, booking=booking, until=until, by=request.user)
    said = _("Booking № %(number)s is put off until %(moment)s.")
    values = {"number": pk, "moment": timezone.localtime(until).strftime("%d.%m.%Y %H:%M")}
    return _done(request, booking, put_off, lambda _done: said % values)


@require_POST
@may_decide
def payment_bring_back(request: StaffRequest, pk: int) -> HttpResponse:
    booking = _booking(pk)
    bring_back = partial(bring_back_payment, booking=booking, by=request.user)
    said = _("Booking № %(number)s waits in the queue again.") % {"number": pk}
    return _done(request, booking, bring_back, lambda _done: said)


@require_POST
@may_decide
def payment_take(request: StaffRequest, pk: int) -> HttpResponse:
    """Assign a payment to oneself; who has it gives it back."""
    booking = _booking(pk)
    seen = User.objects.filter(pk=read_number(request.POST.get("seen", "")) or 0).first()
    take = partial(take_payment, booking=booking, by=request.user, seen=seen)
    given_back = _("Booking № %(number)s is back in the shared queue.")
    taken = _("Booking № %(number)s is yours.")
    said = (given_back if seen == request.user else taken) % {"number": pk}
    return _done(request, booking, take, lambda _done: said, stays=True)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(CHANGE_RULES, raise_exception=True)
def payment_rules(request: StaffRequest) -> HttpResponse:
    """Set the limits, the link to the chat and the words."""
    form = PaymentRulesForm(request.POST if request.method == "POST" else None, rules=PaymentRules.read())
    may_see = request.user.has_perms([VIEW_BOOKINGS, DECIDE])
    template = "bookings/payment_rules.html"
    if request.method != "POST":
        return render(request, template, {"form": form, "may_see": may_see})
    if not form.is_valid():
        return render(request, template, {"form": form, "may_see": may_see}, status=422)
    with transaction.atomic(), pghistory.context(user=request.user.pk):
        PaymentRules.objects.bulk_create([PaymentRules(pk=1)], ignore_conflicts=True)
        # One conditional UPDATE: of two who edit the same rules, the second is told.
        saved = PaymentRules.objects.filter(pk=1, **form.cleaned_data["seen"]).update(**form.values)
    if not saved:
        form = PaymentRulesForm(rules=PaymentRules.read())
        return render(request, template, {"form": form, "may_see": may_see, "conflict": True}, status=409)
    messages.success(request, _("The rules of payments are saved."))
    return SeeOther(reverse("bookings:payment_rules"))


# Showing --------------------------------------------------------------------------------------------------------------


def _booking(pk: int) -> Booking:
    booking: Booking = get_object_or_404(Booking.objects.with_person().select_related("money"), pk=pk)
    return booking


def _show(
    request: StaffRequest,
    *,
    asked: int | None = None,
    behind: tuple[datetime, int] | None = None,
    refused: dict[str, Any] | None = None,
    full: StreamFull | None = None,
    said: Decided | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the queue with one payment open; ``refused`` is a form that comes back, with errors or ``full``."""
    asks_itself = request.htmx.target == "payment-rows"
    drawn = drawn_moment(request.GET.get("drawn", "")) if asks_itself else None
    queue = WaitingList(request.GET, request.user, timezone.now(), drawn=drawn)
    tabs = queue.tabs()
    page = queue.page()
    rows = queue.rows(page)
    chosen = queue.choose(rows, asked=asked, behind=behind)
    if chosen:
        note_open(chosen.waiting.pk, request.user, leaves="X-Leaves" in request.headers)
    # On a page where nobody waited the first payment opens by itself.
    is_first = asks_itself and asked is None and chosen is not None
    opened = queue.read(chosen) if chosen and (is_first or not asks_itself) else None
    place = {"open": str(chosen.waiting.pk)} if chosen else {}
    here, drawn = queue.address(**place), queue.drawn or queue.newest
    context = {
        "tabs": tabs,
        "tab": queue.tab,
        "page": page,
        "rows": rows,
        "query": queue.address().partition("?")[2],
        "poll_address": queue.address(**place, drawn=drawn.isoformat() if drawn else ""),
        "news": News(here, here, "payment-queue", queue.news()),
        "chosen": chosen,
        "opened": opened,
        "rules": queue.rules,
        "later": LATER.items(),
        "refused": next(iter(refused or {}), ""),
        "full": full,
        "said": said,
        "updated_at": queue.at,
        **(_forms(request, opened, queue) if opened else {}),
        **{f"{name}_form": form for name, form in (refused or {}).items()},
    }
    piece = "bookings/_payment_rows.html" if asks_itself and not is_first else f"{PAGE}#payment-queue"
    response = render_page_or_piece(request, PAGE, piece, context, status=422 if refused else status)
    _say_where(response, request, here, is_first=is_first)
    return response


def _say_where(response: HttpResponse, request: StaffRequest, here: str, *, is_first: bool) -> None:
    """Tell htmx which part of the page this is, and the address of what is open now."""
    if is_first:
        response["HX-Retarget"], response["HX-Reswap"] = "#payment-queue", "outerHTML show:none settle:0ms"
    if wants_partial(request) and (is_first or request.method == "POST"):
        response["HX-Replace-Url"] = here


def _forms(request: StaffRequest, opened: OpenPayment, queue: WaitingList) -> dict[str, Any]:
    booking = opened.booking
    declined, asked = (
        payment_words(booking=booking, kind=kind, rules=queue.rules, labels=queue.labels)
        for kind in (NoticeKind.PAYMENT_DECLINED, NoticeKind.PAYMENT_ASKED)
    )
    return {
        "confirm_form": _confirm_form(request, booking, is_full=opened.is_full, has_payment=opened.has_payment),
        "decline_form": DeclinePaymentForm(initial={"expected": booking.confirmed, "words": declined}),
        "ask_form": AskPaymentForm(initial={"words": asked}),
        "notices": status_notices(booking, [Booking.Status.CONFIRMED]),
    }


def _confirm_form(
    request: StaffRequest, booking: Booking, *, is_full: bool, has_payment: bool = False, data: Any = None
) -> ConfirmPaymentForm:
    worth = booking.money
    return ConfirmPaymentForm(
        data,
        records=request.user.has_perm(ADD_PAYMENT),
        is_full=is_full,
        asks_reason=booking.confirmed == Booking.Status.CANCELLED,
        initial={
            "expected": booking.confirmed,
            "amount": None if has_payment else worth.expected or None,
            "currency": worth.currency,
            "notify": True,
        },
    )


def _done(
    request: StaffRequest,
    booking: Booking,
    act: Callable[[], Any],
    sentence: Callable[[Any], str],
    *,
    undo: Callable[[Any], UndoableAct | None] = lambda _done: None,
    stays: bool = False,
) -> HttpResponse:
    """Do it, say so, and open the next payment, or with ``stays`` the same; ``undo`` finds what can be undone."""
    place = WaitingPayment.objects.filter(pk=booking.pk).values_list("since", "pk").first()
    kind, status, undoable = "success", 200, None
    try:
        done = act()
        said, undoable = sentence(done), undo(done)
    except BookingGone:
        kind, status, said = "warning", 409, _("Booking № %(number)s has been deleted.") % {"number": booking.pk}
    except BookingChanged as changed:
        kind, status, said = "warning", 409, _changed_sentence(booking, changed)
    except TransitionNotAllowed:
        kind, status, said = "error", 409, _("You are not allowed to do this.")
    except PaymentNotWaiting as gone:
        kind, status, said = "warning", 409, str(gone)
    remember_waiting()
    asked = booking.pk if stays else None
    if wants_partial(request):
        return _show(request, asked=asked, behind=place, said=Decided(kind, said, undoable), status=status)
    if kind == "success":
        say_done(request, said, undo=undoable)
    else:
        messages.warning(request, said)
    return SeeOther(_next_address(request, asked=asked, behind=place))


def _next_address(request: StaffRequest, *, asked: int | None, behind: tuple[datetime, int] | None) -> str:
    queue = WaitingList(request.GET, request.user, timezone.now())
    chosen = queue.choose(queue.rows(queue.page()), asked=asked, behind=behind)
    return queue.address(open=str(chosen.waiting.pk)) if chosen else queue.address()


def _confirmed_sentence(booking: Booking, done: tuple[Payment | None, UndoableAct], *, is_told: bool) -> str:
    payment, _act = done
    values = {"number": booking.pk}
    if payment is None:
        said = _("Booking № %(number)s is confirmed. No payment is recorded.") % values
    else:
        amount = money_text(payment.amount, payment.currency)
        said = _("Booking № %(number)s is confirmed, payment recorded: %(amount)s.") % {**values, "amount": amount}
    told = _("The message to the student is queued.")
    return f"{said} {told}" if is_told else said


def _changed_sentence(booking: Booking, changed: BookingChanged) -> str:
    """Say who was first: a member of staff, or the bot."""
    last = next((moment for moment in booking_history(booking, Labels.read()) if moment.status), None)
    values = {
        "number": booking.pk,
        "status": status_label(changed.theirs),
        "who": (last and last.actor) or _("the bot"),
    }
    return (
        _("Booking № %(number)s is “%(status)s” already, by %(who)s. Nothing was changed, recorded or sent from here.")
        % values
    )
