"""What staff do with a conversation besides answering it, one address each."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hsl_dashboard.web.pages import StaffRequest, lead_to
from hsl_dashboard.web.undo import say_done
from messaging.inbox import services
from messaging.inbox.filters import who_may_answer
from messaging.inbox.forms import AssignForm, SnoozeForm
from messaging.inbox.today import MAY_ANSWER
from messaging.models import Conversation


@require_POST
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_close(request: StaffRequest, user_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=user_id)
    if act := services.close_conversation(person_id=user_id, by=request.user, at=timezone.now()):
        say_done(request, _("The conversation is closed. It opens again when the student writes."), undo=act)
    return _to_list(request)


@require_POST
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_reopen(request: StaffRequest, user_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=user_id)
    if act := services.reopen_conversation(person_id=user_id, by=request.user, at=timezone.now()):
        say_done(request, _("The conversation waits for an answer again."), undo=act)
    return _to_conversation(request, user_id)


@require_POST
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_unread(request: StaffRequest, user_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=user_id)
    if act := services.mark_unread(person_id=user_id, by=request.user, at=timezone.now()):
        say_done(request, _("The conversation is unread again."), undo=act)
    return _to_list(request)


@require_POST
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_snooze(request: StaffRequest, user_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=user_id)
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Choose a time within the next year."))
        return _to_conversation(request, user_id)
    until = form.cleaned_data["moment"]
    act = services.snooze_conversation(person_id=user_id, until=until, by=request.user, at=timezone.now())
    shown = timezone.localtime(until).strftime("%d.%m.%Y %H:%M")
    say_done(request, _("Snoozed until %(time)s, or until the student writes.") % {"time": shown}, undo=act)
    return _to_list(request)


@require_POST
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_assign(request: StaffRequest, user_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=user_id)
    form = AssignForm(request.POST, among=who_may_answer())
    if not form.is_valid():
        messages.warning(request, _("This member of staff cannot answer students."))
    else:
        to, seen = form.cleaned_data["to"], form.cleaned_data["seen"]
        if not services.assign_conversation(person_id=user_id, to=to, seen=seen, by=request.user):
            messages.warning(request, _("Somebody else has changed who answers. Nothing was done."))
    return _to_conversation(request, user_id)


def _to_list(request: StaffRequest) -> HttpResponse:
    return lead_to(request, reverse("messaging:conversation_list"))


def _to_conversation(request: StaffRequest, user_id: int) -> HttpResponse:
    return lead_to(request, reverse("messaging:conversation_detail", args=[user_id]))
