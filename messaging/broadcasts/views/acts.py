"""What staff do with a message on its page: start, pause, take back, try again, decide, copy. Services do the work."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from bookings.labels import Labels
from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.pages import StaffRequest, wants_partial
from hsl_dashboard.web.undo import say_done
from hsl_dashboard.web.uploads import found_no_room
from messaging.broadcasts.questions import (
    Question,
    cancel_question,
    delete_question,
    edit_question,
    retry_question,
    schedule_question,
    start_question,
)
from messaging.broadcasts.rows import broadcast_rows
from messaging.broadcasts.services.acts import (
    cancel_broadcast,
    count_as_delivered,
    pause_broadcast,
    resume_broadcast,
    retry_failed,
    send_uncertain_again,
)
from messaging.broadcasts.services.copying import clone_broadcast, resend_to_missed, take_back
from messaging.broadcasts.services.correcting import delete_for_everyone, edit_for_everyone
from messaging.broadcasts.statistics import numbers_of
from messaging.content.media import NoRoom, StoredFile, no_room_sentence, readable_name, store_file
from messaging.delivery.services import (
    BroadcastMoved,
    MessageRefused,
    TooLate,
    edit_broadcast,
    schedule_broadcast,
    start_broadcast,
)
from messaging.delivery.undoing import offer_start_undo
from messaging.models import Broadcast, Draft
from messaging.quiet_hours import is_quiet, quiet_sentence
from users.models import UndoableAct
from users.staff.confirming import confirm_reaching, confirm_sending
from users.undo.services import WINDOW

SEE = "messaging.view_broadcast"
SEND = "messaging.send_broadcast"
WRITE = ("messaging.add_broadcast", "users.view_telegramuser")  # what the form asks for

State = Broadcast.State
DONE = 302  # what a form that was accepted answers
may_send = permission_required([SEE, SEND], raise_exception=True)
may_write = permission_required([SEE, *WRITE], raise_exception=True)
asks = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class ActDone:
    """What was done, and how it can be undone."""

    sentence: str
    undo: UndoableAct | None = None


@asks
@may_send
def broadcast_start(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast, _form: forms.Form) -> ActDone:
        now = timezone.now()
        with transaction.atomic():
            before = Broadcast.objects.select_for_update().get(pk=broadcast.pk)
            start_broadcast(broadcast=broadcast, by=request.user, at=now, wait=WINDOW)
            undo = offer_start_undo(broadcast=broadcast, before=before, by=request.user, at=now)
        return ActDone(_("Sending starts in 10 seconds."), undo)

    return _ask_then(request, pk, start_question, act)


@require_POST
@may_send
def broadcast_pause(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast) -> str:
        pause_broadcast(broadcast=broadcast, by=request.user, at=timezone.now())
        return _("Paused: nobody else gets it until you resume.")

    return _do(request, pk, act)


@require_POST
@may_send
def broadcast_resume(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast) -> str:
        resume_broadcast(broadcast=broadcast, by=request.user)
        return _("Sending resumes where it stopped.")

    return _do(request, pk, act)


@asks
@may_send
def broadcast_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast, form: forms.Form) -> str:
        reason = form.cleaned_data["reason"]
        cancel_broadcast(broadcast=broadcast, by=request.user, at=timezone.now(), reason=reason)
        return _("Cancelled: nobody else will get it.")

    if "pause" in request.POST:
        # Nobody else gets it while one thinks about it.
        with contextlib.suppress(BroadcastMoved):
            pause_broadcast(broadcast=get_object_or_404(Broadcast, pk=pk), by=request.user, at=timezone.now())
        return redirect("messaging:broadcast_cancel", pk)
    return _ask_then(request, pk, cancel_question, act)


@asks
@may_send
def broadcast_schedule(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast, form: forms.Form) -> str:
        moment = form.cleaned_data["starts_at"]
        schedule_broadcast(broadcast=broadcast, starts_at=moment, by=request.user)
        if is_quiet(moment):
            messages.warning(request, quiet_sentence(is_scheduled=True))
        return _("Scheduled for %(moment)s, Moscow time.") % {
            "moment": timezone.localtime(moment).strftime("%d.%m.%Y %H:%M")
        }

    return _ask_then(request, pk, schedule_question, act)


@asks
@may_send
def broadcast_edit(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast, form: forms.Form) -> str:
        text = form.cleaned_data["text"].replace("\r\n", "\n")
        if broadcast.state in {State.FINISHED, State.CANCELLED}:
            edit_for_everyone(broadcast=broadcast, by=request.user, at=timezone.now(), text=text)
            return _("The text is being changed for everyone who got the message.")
        upload = form.cleaned_data.get("media_upload")
        file = StoredFile(store_file(upload), readable_name(upload.name)) if upload else StoredFile()
        edit_broadcast(broadcast=broadcast, by=request.user, at=timezone.now(), text=text, file=file)
        return _("The text is changed for everyone who has not received the message yet.")

    def ask(broadcast: Broadcast, data: Any) -> Question:
        return edit_question(broadcast, data, request.FILES if data else None)

    return _ask_then(request, pk, ask, act)


@asks
@may_send
def broadcast_delete(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast, _form: forms.Form) -> str:
        delete_for_everyone(broadcast=broadcast, by=request.user, at=timezone.now())
        return _("The message is being deleted from the chats.")

    return _ask_then(request, pk, delete_question, act)


@asks
@may_send
def broadcast_retry(request: StaffRequest, pk: int) -> HttpResponse:
    def act(broadcast: Broadcast, form: forms.Form) -> str:
        reasons = ["" if reason == "none" else reason for reason in form.cleaned_data.get("reasons", [])]
        count = retry_failed(broadcast=broadcast, by=request.user, reasons=reasons)
        return _again(broadcast, count)

    return _ask_then(request, pk, retry_question, act)


@require_POST
@may_send
def broadcast_decide(request: StaffRequest, pk: int) -> HttpResponse:
    """Decide about uncertain recipients: the selected ones, or all."""
    named = [int(pk) for pk in request.POST.getlist("recipient") if pk.isascii() and pk.isdecimal()]
    recipients = None if "all" in request.POST else named

    def act(broadcast: Broadcast) -> str:
        now, by = timezone.now(), request.user
        if request.POST.get("verdict") == "again":
            uncertain = numbers_of([broadcast])[broadcast.pk].uncertain
            confirm_sending(request, recipients=uncertain if recipients is None else len(recipients))
            return _again(broadcast, send_uncertain_again(broadcast=broadcast, by=by, at=now, recipients=recipients))
        count = count_as_delivered(broadcast=broadcast, by=by, at=now, recipients=recipients)
        return ngettext(
            "%(count)d recipient is now counted as delivered.",
            "%(count)d recipients are now counted as delivered.",
            count,
        ) % {"count": count}

    return _do(request, pk, act)


@require_POST
@may_write
def broadcast_clone(request: StaffRequest, pk: int) -> HttpResponse:
    return _copy(request, pk, clone_broadcast)


@require_POST
@may_write
def broadcast_missed(request: StaffRequest, pk: int) -> HttpResponse:
    """«Тем, кому не дошло»: a draft for them."""
    return _copy(request, pk, resend_to_missed)


@require_POST
@may_send
@may_write
def broadcast_take_back(request: StaffRequest, pk: int) -> HttpResponse:
    """«Вернуть в черновик»: cancel a message that has not started and open it in the form."""
    try:
        return _copy(request, pk, take_back)
    except BroadcastMoved as moved:
        messages.warning(request, moved_sentence(moved))
        return redirect("messaging:broadcast_detail", pk)


def _copy(request: StaffRequest, pk: int, make: Callable[..., Draft]) -> HttpResponse:
    """Make a copy and open it in the form."""
    broadcast = get_object_or_404(Broadcast, pk=pk)
    draft = make(broadcast=broadcast, by=request.user, at=timezone.now(), submission_token=_token(request))
    messages.success(request, _("Draft created. Nothing is sent until you send it."))
    return redirect("messaging:compose_message", draft.pk)


def _token(request: StaffRequest) -> UUID | None:
    """The form's token: posted twice, it makes one copy."""
    try:
        return UUID(request.POST.get("token", ""))
    except ValueError:
        return None


def _again(broadcast: Broadcast, count: int) -> str:
    if broadcast.state == State.PAUSED:
        return _("Queued again: %(count)d. They will get the message when you resume sending.") % {"count": count}
    return ngettext("Sending again to %(count)d recipient.", "Sending again to %(count)d recipients.", count) % {
        "count": count
    }


def _do(request: StaffRequest, pk: int, act: Callable[[Broadcast], str]) -> HttpResponse:
    """Do it, or say why not, and return to the page it was asked from."""
    broadcast = get_object_or_404(Broadcast, pk=pk)
    try:
        messages.success(request, act(broadcast))
    except BroadcastMoved as moved:
        messages.warning(request, moved_sentence(moved))
    own = reverse("messaging:broadcast_detail", args=[pk])
    to = request.POST.get("next", "")
    return HttpResponseRedirect(to if is_own_address(to, request) else own)


def _ask_then(
    request: StaffRequest,
    pk: int,
    ask: Callable[[Broadcast, Any], Question],
    act: Callable[[Broadcast, forms.Form], "str | ActDone"],
) -> HttpResponse:
    """Show the question on GET; on POST do it, or show the question again with the reason for the refusal."""
    broadcast = get_object_or_404(Broadcast.objects.select_related("created_by"), pk=pk)
    question = ask(broadcast, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if question.form.is_valid() and (asked := confirm_reaching(request, people=question.people)):
            return asked
        status = _try(request, broadcast, question, act)
        if status == DONE:
            return redirect("messaging:broadcast_detail", pk)
    [row] = broadcast_rows([broadcast], labels=Labels.read(), by=request.user)
    context = {"row": row, "broadcast": broadcast, "question": question, "form": question.form}
    if request.method != "POST" and wants_partial(request):  # the facts ask for themselves while they change
        return render(request, "messaging/broadcast_question.html#question-facts", context)
    return render(request, "messaging/broadcast_question.html", context, status=status)


def _try(
    request: StaffRequest,
    broadcast: Broadcast,
    question: Question,
    act: "Callable[[Broadcast, forms.Form], str | ActDone]",
) -> int:
    """Do it if the form is valid; add the refusal to the form, and give the status of the answer."""
    form = question.form
    if found_no_room(request):
        form.add_error(None, no_room_sentence())
        return 507
    if not form.is_valid():
        return 422
    try:
        said = act(broadcast, form)
        said = said if isinstance(said, ActDone) else ActDone(said)
        say_done(request, said.sentence, undo=said.undo)
    except MessageRefused as refused:
        text = form.data.get("text", "").replace("\r\n", "\n")
        for problem in refused.problems:
            form.add_error(question.field, problem.with_place(text))
        return 422
    except BroadcastMoved as moved:
        form.add_error(None, moved_sentence(moved))
        return 409
    except NoRoom:
        form.add_error(None, no_room_sentence())
        return 507
    except TooLate:
        form.add_error(None, _("48 hours have passed: Telegram no longer allows changing it."))
        return 422
    return DONE


def moved_sentence(moved: BroadcastMoved) -> str:
    label = State(moved.state).label if moved.state in State.values else moved.state
    return _("The message has already changed: it is now “%(state)s”.") % {"state": label}
