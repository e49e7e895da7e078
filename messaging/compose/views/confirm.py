"""The last page before sending: the exact number, who is left out and why, and the one button."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hsl_dashboard.availability.heartbeats import silences
from hsl_dashboard.web.pages import StaffRequest
from hsl_dashboard.web.undo import say_done
from messaging.compose.confirmation import (
    LARGE,
    Change,
    Summary,
    changes_since,
    is_large,
    sample_of,
    summarise,
)
from messaging.compose.faults import check_content
from messaging.compose.sentence import button_targets, message_sentence
from messaging.compose.services.approval import approvers_beside
from messaging.compose.services.drafting import (
    ApprovalNeeded,
    DraftChanged,
    ask_for_approval,
    needs_approval,
    save_draft,
    send_draft,
)
from messaging.compose.similar import find_similar
from messaging.compose.views.context import broadcast_address, chosen_person, shown_file
from messaging.content.content import Content
from messaging.content.preview import preview_message
from messaging.delivery.services import MessageRefused
from messaging.delivery.undoing import offer_start_undo
from messaging.models import Draft
from messaging.quiet_hours import end_of_night
from users.models import TelegramUser
from users.staff.confirming import confirm_sending
from users.undo.services import WINDOW

NAMED = 10  # people for whom a message is too long


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["messaging.add_broadcast", "users.view_telegramuser"], raise_exception=True)
def compose_confirm(request: StaffRequest, pk: int) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.select_related("asked_by"), pk=pk)
    if draft.broadcast_id:  # sent already: the form came twice, or a colleague was quicker
        return redirect(broadcast_address(draft.broadcast_id))
    now = timezone.now()
    content = Content.from_json(draft.content)
    if check_content(content, at=now, has_upload=bool(draft.media_upload)).any:
        response = redirect("messaging:compose_message", pk)
        response["Location"] += "?check=1"
        return response
    if request.method != "POST":
        return _look(request, draft, content)
    summary = summarise(content, at=now, lengths=True)
    if not request.user.has_perm("messaging.send_broadcast"):
        raise PermissionDenied
    if "morning" in request.POST:
        return _wait_for_morning(request, draft, content, summary)
    if problem := _problem(request, draft, summary):
        return _ask(request, draft, summary, problem=problem, changes=_changes(request, summary), status=409)
    if "ask" in request.POST and needs_approval(summary.recipients) and not _may_approve(draft, request):
        return _ask_colleague(request, draft, summary)
    confirm_sending(request, recipients=summary.recipients)
    return _send(request, draft, summary)


def _look(request: StaffRequest, draft: Draft, content: Content) -> HttpResponse:
    """Show what would be sent; a large audience is counted behind a page that says so."""
    now = timezone.now()
    if "counted" not in request.GET and is_large(content.question, at=now):
        return render(request, "messaging/compose_counting.html", {"draft": draft, "large": LARGE})
    return _ask(request, draft, summarise(content, at=now, lengths=True))


def _wait_for_morning(request: StaffRequest, draft: Draft, content: Content, summary: Summary) -> HttpResponse:
    """Schedule it for the end of the quiet hours and show this page again."""
    morning = end_of_night(summary.starts_at)
    later = replace(content, when="at", at=f"{morning:%Y-%m-%dT%H:%M}")
    with contextlib.suppress(DraftChanged):  # then the page shows what the colleague wrote
        save_draft(draft=draft, content=later, by=request.user, at=timezone.now(), version=draft.version, saved_from="")
    return redirect("messaging:compose_confirm", draft.pk)


def _problem(request: StaffRequest, draft: Draft, summary: Summary) -> str:
    """Why what was confirmed differs from what would be sent now; '' if it does not."""
    if request.POST.get("version") != str(draft.version):
        return _("The draft has changed since you opened this page. Please check it again.")
    if request.POST.get("recipients") != str(summary.recipients):
        return _("The number of recipients has changed. Please check it again.")
    if not summary.recipients:
        return _("Nobody will get this message.")
    if summary.number_is_typed and _count("".join(request.POST.get("typed", "").split())) != summary.recipients:
        return _("Type the number of recipients: %(count)d.") % {"count": summary.recipients}
    return ""


def _changes(request: StaffRequest, summary: Summary) -> list[Change]:
    """The numbers that have changed since they were shown for confirmation."""
    shown = _count(request.POST.get("recipients", ""))
    reasons = (shown_count.partition(":") for shown_count in request.POST.getlist("left_out"))
    counts = {reason: _count(count) or 0 for reason, _colon, count in reasons}
    return [] if shown is None else changes_since(summary, recipients=shown, reasons=counts)


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 else None


def _may_approve(draft: Draft, request: StaffRequest) -> bool:
    asked_by_another = draft.waits_for_approval and draft.asked_by_id != request.user.pk
    return asked_by_another and request.user.has_perm("messaging.approve_broadcast")


def _ask_colleague(request: StaffRequest, draft: Draft, summary: Summary) -> HttpResponse:
    try:
        told = ask_for_approval(
            draft=draft, by=request.user, at=timezone.now(), version=draft.version, recipients=summary.recipients
        )
    except DraftChanged:
        pass
    else:
        messages.success(request, _("Approval requested. The message will be sent when a colleague approves it."))
        if not told:
            messages.warning(
                request,
                _("Nobody could be told: no colleague who may approve has linked Telegram. Tell one yourself."),
            )
    return redirect("messaging:compose_confirm", draft.pk)


def _send(request: StaffRequest, draft: Draft, summary: Summary) -> HttpResponse:
    now, undo = timezone.now(), None
    try:
        with transaction.atomic():
            broadcast = send_draft(
                draft=draft,
                by=request.user,
                at=now,
                version=draft.version,
                recipients=summary.recipients,
                wait=WINDOW,
            )
            if broadcast.started_at == now + WINDOW:  # not scheduled, and not started by a form that came before
                undo = offer_start_undo(broadcast=broadcast, draft=draft, by=request.user, at=now)
    except (DraftChanged, MessageRefused):
        return redirect("messaging:compose_message", draft.pk)
    except ApprovalNeeded:
        return _ask(request, draft, summary, problem=_("Another staff member must approve this first."), status=403)
    starts = _("Sending starts in 10 seconds.") if undo else _("Sending started.")
    say_done(request, _("The message is scheduled.") if summary.is_scheduled else starts, undo=undo)
    return redirect(broadcast_address(broadcast.pk))


def _ask(
    request: StaffRequest,
    draft: Draft,
    summary: Summary,
    *,
    problem: str = "",
    changes: Sequence[Change] = (),
    status: int = 200,
) -> HttpResponse:
    content = Content.from_json(draft.content)
    sample = sample_of(content.question, at=timezone.now())
    chosen = chosen_person(content, sample)
    file = shown_file(content, draft)
    second_person = needs_approval(summary.recipients)
    context: dict[str, Any] = {
        "draft": draft,
        "sentence": message_sentence(content, summary, file_name=file.get("file_name", "")),
        "button_targets": button_targets(content),
        "approvers": approvers_beside(draft.asked_by or request.user) if second_person else [],
        "content": content,
        "summary": summary,
        "timing": summary,
        "sample": sample,
        "unknown_ids": summary.count.unknown_ids,
        "silences": silences(),
        "too_long": TelegramUser.objects.filter(pk__in=summary.too_long[:NAMED]).order_by("pk"),
        "similar": find_similar(content, at=timezone.now()),
        "bubble": preview_message(content, person=chosen, **file),
        "problem": problem,
        "changes": changes,
        "may_send": request.user.has_perm("messaging.send_broadcast"),
        "second_person": second_person,
        "may_approve": _may_approve(draft, request),
    }
    return render(request, "messaging/compose_confirm.html", context, status=status)
