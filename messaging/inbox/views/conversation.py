"""One conversation: what was said, who is there, the person beside it; and the answer."""

import hashlib
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.person.sections import person_bookings
from hsl_dashboard.web.pages import StaffRequest, lead_to, wants_partial
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from messaging.broadcasts.journal import staff_name
from messaging.compose.services.library import newest_versions
from messaging.content.content import Content
from messaging.content.markup import RAW_LIMIT, parse_html
from messaging.content.placeholders import without_values
from messaging.content.preview import render as as_shown
from messaging.delivery.services import MessageRefused
from messaging.inbox.filters import who_may_answer
from messaging.inbox.folding import read_told
from messaging.inbox.forms import SNOOZES, AnswerForm, CannedForm
from messaging.inbox.services import (
    Answer,
    AnsweredMeanwhile,
    AnswerRefused,
    answer_student,
    open_conversation,
    personal_answer,
)
from messaging.inbox.thread import read_thread
from messaging.inbox.today import MAY_ANSWER
from messaging.models import Broadcast, Conversation
from users.models import BlockedUser, TelegramUser
from users.person.context import person_address
from users.person.timeline import TimelinePlace

PRESENT = timedelta(seconds=15)  # a page that is looked at asks every four seconds, or every second
NOTED_FOR = timedelta(seconds=5)  # who is there is not written down at each of these
CANNED = 50  # templates to choose from
TEXT = Broadcast.Kind.TEXT


@require_safe
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_detail(request: StaffRequest, user_id: int) -> HttpResponse:
    conversation = _read_conversation(user_id)
    return _show(request, conversation, AnswerForm(seen=conversation.last_answer_id))


@require_safe
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_live(request: StaffRequest, user_id: int) -> HttpResponse:
    """What was said since, and who is there; 204 while the page shows just that."""
    conversation = _read_conversation(user_id)
    context = _live_context(request, conversation)
    if request.GET.get("mark") == context["mark"]:
        return HttpResponse(status=204)
    return render(request, "messaging/_conversation_live.html", context)


@require_POST
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_answer(request: StaffRequest, user_id: int) -> HttpResponse:
    """Send what was typed; or show it, or put a template in its place, where there is no JavaScript."""
    conversation = get_object_or_404(Conversation.objects.with_people(), pk=user_id)
    if request.POST.get("do") in {"preview", "template"}:
        return _show(request, conversation, _kept_form(request, conversation))
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _refuse(request, conversation, form)
    typed = Answer(**form.cleaned_data)
    try:
        answer_student(person=conversation.telegram_user, answer=typed, by=request.user, at=timezone.now())
    except AnsweredMeanwhile as meanwhile:
        again = AnswerForm(seen=meanwhile.conversation.last_answer_id, text=typed.text)
        return _refuse(request, meanwhile.conversation, again, status=409, meanwhile=True)
    except (AnswerRefused, MessageRefused) as refused:
        form.add_error("text", str(refused))
        return _refuse(request, conversation, form)
    messages.success(request, _("The answer is on its way."))
    # Without a place on the page: a browser that is there already would go to it, and load nothing.
    return lead_to(request, reverse("messaging:conversation_detail", args=[user_id]))


@require_POST
@permission_required(MAY_ANSWER, raise_exception=True)
def answer_preview(request: StaffRequest, user_id: int) -> HttpResponse:
    """What the student would see of the words as they are typed."""
    person = get_object_or_404(TelegramUser, pk=user_id)
    if not wants_partial(request):
        return lead_to(request, reverse("messaging:conversation_detail", args=[user_id]))
    return render(request, "messaging/_answer_preview.html", _preview(request.POST.get("text", ""), person))


def _read_conversation(user_id: int) -> Conversation:
    blocked = Exists(BlockedUser.objects.filter(pk=OuterRef("pk")))
    conversation = read_told(
        Conversation.objects.with_people().annotate(is_blocked=blocked), user_id, at=timezone.now()
    )
    if conversation is None:
        raise Http404
    return conversation


def _preview(typed: str, person: TelegramUser) -> dict[str, Any]:
    text = typed.replace("\r\n", "\n").replace("\0", "").strip()
    if len(text.encode("utf-8", "replace")) > RAW_LIMIT:
        text = ""
    try:
        words, missing = personal_answer(text, person), ""
    except AnswerRefused as refused:
        words, missing = without_values(text), str(refused)
    return {"bubble_text": as_shown(parse_html(words)), "missing": missing, "person": person}


def _kept_form(request: StaffRequest, conversation: Conversation) -> AnswerForm:
    """Put what was typed, or the template chosen instead, into a form without errors."""
    canned = CannedForm(request.POST)
    use = request.POST.get("do") == "template" and canned.is_valid()
    text = Content.from_json(canned.cleaned_data["template"].content).text if use else request.POST.get("text", "")
    return AnswerForm(seen=conversation.last_answer_id, text=text.replace("\0", ""))


def _refuse(
    request: StaffRequest, conversation: Conversation, form: AnswerForm, *, status: int = 422, **more: Any
) -> HttpResponse:
    if not wants_partial(request):
        return _show(request, conversation, form, status=status, **more)
    context = {**_form_context(request, conversation, form), **more}
    return render(request, "messaging/_answer_form.html", context, status=status)


def _show(
    request: StaffRequest, conversation: Conversation, form: AnswerForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    person = conversation.telegram_user
    context = {
        **_live_context(request, conversation),
        **_form_context(request, conversation, form),
        "section": person_bookings(request, person),
        "person_address": person_address(person.pk),
        "may_be_assigned": who_may_answer(),
        "snoozes": [(name, label) for name, (label, _length) in SNOOZES.items()],
        **more,
    }
    return render(request, "messaging/conversation_detail.html", context, status=status)


def _live_context(request: StaffRequest, conversation: Conversation) -> dict[str, Any]:
    """Gather what was said and who else is there, and note that this member of staff is."""
    now, person = timezone.now(), conversation.telegram_user
    also_here = ""
    if conversation.is_seen_by_another(request.user.pk, since=now - PRESENT):
        also_here = staff_name(conversation.opened_by)
    before = TimelinePlace.decode(request.GET.get("before", ""))
    thread = read_thread(person, before=before)
    is_unread = conversation.state == Conversation.State.UNREAD
    if is_unread or not conversation.is_seen_by(request.user.pk, since=now - NOTED_FOR):
        note = partial(open_conversation, person_id=person.pk, by=request.user, at=now)
        write_beside(SideWrite.CONVERSATION_OPENED, note)
    if is_unread:
        conversation.state = Conversation.State.WAITING  # it is read now
    told = (thread.mark, str(conversation.state), conversation.assignee_id, conversation.snoozed_until, also_here)
    return {
        "conversation": conversation,
        "person": person,
        "thread": thread,
        "before": before.encode() if before else "",
        "also_here": also_here,
        "mark": hashlib.sha256(repr(told).encode()).hexdigest()[:12],
        "waits": any(said.waits for said in thread.said),
        "may_see_messages": request.user.has_perm("messaging.view_broadcast"),
    }


def _form_context(request: StaffRequest, conversation: Conversation, form: AnswerForm) -> dict[str, Any]:
    person = conversation.telegram_user
    # Read with the page; an answer comes without it.
    blocked = getattr(conversation, "is_blocked", None)
    if blocked is None:
        blocked = BlockedUser.objects.filter(pk=person.pk).exists()
    templates = [version for version in newest_versions()[:CANNED] if _is_plain(version.content)] if not blocked else []
    return {
        "conversation": conversation,
        "person": person,
        "form": form,
        "blocked": blocked,
        "answered_by": staff_name(conversation.answered_by),
        "templates": [(version.pk, version.template.name, version.content.get("text", "")) for version in templates],
        **_preview(form["text"].value() or "", person),
    }


def _is_plain(content: Any) -> bool:
    """Say whether a template is only text: an answer has no file and no buttons."""
    return isinstance(content, dict) and content.get("kind", TEXT) == TEXT and not content.get("buttons")
