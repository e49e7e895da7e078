"""The history of messages, and the page of one message: progress, recipients, outcome."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.decorators import permission_required
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from bookings.labels import Labels
from hsl_dashboard.availability.heartbeats import silences
from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.pages import StaffRequest, page_of, render_list, render_page, wants_partial
from messaging.broadcasts.exports import recipient_sheet
from messaging.broadcasts.filters import BroadcastFilter, RecipientFilter
from messaging.broadcasts.journal import broadcast_history
from messaging.broadcasts.outcome import DID, OUTCOME_DEFINITIONS, outcome_of
from messaging.broadcasts.privacy import TO_INDIVIDUALS, may_read, may_read_letters
from messaging.broadcasts.questions import people_expected
from messaging.broadcasts.recipient_rows import TroubledFirst
from messaging.broadcasts.reports import ending_of, will_be_told
from messaging.broadcasts.rows import broadcast_row, broadcast_rows
from messaging.broadcasts.services.acts import retryable_counts
from messaging.broadcasts.statistics import DEFINITIONS, CorrectionNumbers, Tally, corrections_of, pace_of
from messaging.broadcasts.versions import shown, versions_of
from messaging.content.media import StoredFile
from messaging.content.serving import file_answer
from messaging.delivery.own_test import result_of
from messaging.models import Broadcast, CorrectedMessage, Draft, FormerText, Recipient
from messaging.models.automations import resumes_at
from messaging.models.recipient_types import RecipientType
from messaging.models.recipients import reason_label
from users.people.downloads import EXPORT_PEOPLE, list_as_file

SEE = "messaging.view_broadcast"
SEND = "messaging.send_broadcast"
WRITE = ("messaging.add_broadcast", "users.view_telegramuser")  # what the form asks for
APPROVE = "messaging.approve_broadcast"
WAITING_SHOWN = 12
MESSAGES_A_PAGE = 25
RECIPIENTS_A_PAGE = 30
WATCHED_AHEAD = timedelta(days=1)  # a page is hardly open for longer
BEGINS_WITHIN = 10  # seconds after its time, when all is well
STOP_POLLING = 286  # htmx swaps the answer in and asks no more

State = Broadcast.State


@require_safe
@permission_required(SEE, raise_exception=True)
def broadcast_list(request: StaffRequest) -> HttpResponse:
    labels = Labels.read()
    everything = Broadcast.objects.select_related("created_by")
    narrowed = BroadcastFilter(request.GET, queryset=everything, labels=labels, by=request.user)
    is_valid = narrowed.is_valid()
    found = narrowed.qs if is_valid else everything.none()
    page = page_of(found.newest_first(), request, size=MESSAGES_A_PAGE, known=found.count())
    active_filters = narrowed.active_filters(request.path)
    to_come = everything.filter(state__in=[State.SCHEDULED, State.HELD]).order_by(
        Coalesce("starts_at", "scheduled_at"), "pk"
    )[:20]
    context = {
        "form": narrowed.form,
        "page": page,
        "rows": broadcast_rows(page, labels=labels, by=request.user),
        "to_come": [] if active_filters or page.number > 1 else broadcast_rows(to_come, labels=labels, by=request.user),
        "waiting": [] if active_filters or page.number > 1 else _waiting_for(request),
        "active_filters": active_filters,
        "clear_address": request.path,
        "updated_at": timezone.now(),
        "new_address": reverse("messaging:compose_message") if request.user.has_perms(WRITE) else "",
    }
    return render_list(request, "messaging/broadcast_list.html", context, partial="broadcast-table", is_valid=is_valid)


def _waiting_for(request: StaffRequest) -> list[Draft]:
    """Drafts that somebody else asks this member of staff to approve."""
    if not request.user.has_perms((*WRITE, APPROVE)):
        return []
    return list(Draft.objects.waiting_for(request.user).select_related("asked_by").order_by("asked_at")[:WAITING_SHOWN])


@require_safe
@permission_required(SEE, raise_exception=True)
def broadcast_detail(request: StaffRequest, pk: int) -> HttpResponse:
    broadcast = _broadcast_of(request, pk)
    tally = Tally.read(broadcast, at=timezone.now())
    context = recipient_context(request, broadcast, tally)
    if not wants_partial(request):
        context |= progress_context(request, broadcast, tally)
        context |= _history_context(request, broadcast, context["corrections"])
    is_valid = context["form"].is_valid()
    return render_list(
        request, "messaging/broadcast_detail.html", context, partial="recipient-table", is_valid=is_valid
    )


@require_safe
@permission_required(SEE, raise_exception=True)
def broadcast_progress(request: StaffRequest, pk: int) -> HttpResponse:
    """Only the progress: polled while the message is sent, and once more when it stops; ``?paused`` knows that."""
    broadcast = _broadcast_of(request, pk)
    if not wants_partial(request):
        return redirect("messaging:broadcast_detail", pk)
    context = progress_context(request, broadcast, Tally.read(broadcast, at=timezone.now()))
    is_still_paused = broadcast.state == State.PAUSED and "paused" in request.GET
    if context["moves"] or context["begins_in"] or is_still_paused:
        return render(request, "messaging/_broadcast_progress.html", context)
    context |= _history_context(request, broadcast, context["corrections"])
    response = render(request, "messaging/_broadcast_ended.html", context, status=STOP_POLLING)
    response["HX-Trigger"] = "broadcast-ended"  # the table of recipients reads itself again
    return response


@require_safe
@permission_required(SEE, raise_exception=True)
def broadcast_outcome(request: StaffRequest, pk: int) -> HttpResponse:
    broadcast = get_object_or_404(Broadcast, pk=pk)
    [row] = broadcast_rows([broadcast], labels=Labels.read(), by=request.user)
    outcome = outcome_of(broadcast, at=timezone.now())
    context = {
        "row": row,
        "broadcast": broadcast,
        "outcome": outcome,
        "did": {did: f"message={broadcast.pk}&did={did}" for did in DID},
        "presses": any(measure.name == "presses" for measure in outcome.measures),
        "definitions": OUTCOME_DEFINITIONS,
    }
    return render_page(request, "messaging/broadcast_outcome.html", context, partial="broadcast-outcome")


@require_safe
@permission_required(SEE, raise_exception=True)
def broadcast_expected(request: StaffRequest, pk: int) -> HttpResponse:
    """How many would get a message that has not begun, as of now: its page asks after it has painted."""
    broadcast = get_object_or_404(Broadcast, pk=pk)
    if not wants_partial(request):
        return redirect("messaging:broadcast_detail", pk)
    people, left_out = people_expected(broadcast)
    context = {"broadcast": broadcast, "people": people, "left_out": sum(left_out.values())}
    return render(request, "messaging/_broadcast_expected.html", context)


@require_safe
@permission_required(SEND, raise_exception=True)
def own_test(request: StaffRequest, pk: int) -> HttpResponse:
    """What became of a test to oneself: the page it was sent from asks until that is known."""
    test = get_object_or_404(Broadcast, pk=pk, recipient_type=RecipientType.TEST, created_by=request.user)
    if not wants_partial(request):
        return redirect("messaging:broadcast_detail", pk)
    return render(request, "messaging/_own_test.html", {"test": result_of(test, by=request.user)})


@require_safe
@permission_required(SEE, raise_exception=True)
def broadcast_file(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The file of a message, or a small picture of it (``?small``); a letter's only for who may read letters."""
    broadcast = get_object_or_404(Broadcast, pk=pk)
    if not may_read(broadcast, request.user):
        raise PermissionDenied
    return file_answer(StoredFile.of(broadcast), small="small" in request.GET)


@require_POST
@permission_required([SEE, EXPORT_PEOPLE], raise_exception=True)
def recipient_export(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Export the whole filtered table; by POST, because the export is recorded."""
    broadcast = get_object_or_404(Broadcast, pk=pk)
    former = broadcast.former_texts.order_by("pk").values_list("pk", flat=True)
    rows = _recipients_of(broadcast)
    narrowed = RecipientFilter(request.GET, queryset=rows, broadcast=broadcast, former=list(former))
    found = TroubledFirst(narrowed.qs)
    return list_as_file(
        request,
        sheet=recipient_sheet(found),
        rows=found,
        name=f"message-{pk}-recipients",
        list_address=tidy_address(reverse("messaging:broadcast_detail", args=[pk]), request.GET),
        is_valid=narrowed.is_valid(),
    )


def _broadcast_of(request: StaffRequest, pk: int) -> Broadcast:
    """Find a message, with the ids of its copies and of its former texts."""
    copies = Broadcast.objects.filter(original=OuterRef("pk")).order_by("pk")
    if not may_read_letters(request.user):
        copies = copies.exclude(TO_INDIVIDUALS)
    former = FormerText.objects.filter(broadcast=OuterRef("pk")).order_by("pk")
    found = Broadcast.objects.select_related("created_by", "approved_by", "original").annotate(
        copy_ids=ArraySubquery(copies.values("pk")), former_ids=ArraySubquery(former.values("pk"))
    )
    return get_object_or_404(found, pk=pk)


def progress_context(request: StaffRequest, broadcast: Broadcast, tally: Tally) -> dict[str, Any]:
    """Gather what changes while a broadcast or its correction runs."""
    now = timezone.now()
    row = broadcast_row(broadcast, tally.numbers, labels=Labels.read(), by=request.user)
    corrections = corrections_of(broadcast)
    halted = broadcast.halted_until if broadcast.halted_until and broadcast.halted_until > now else None
    retryable = retryable_counts(broadcast=broadcast) if row.numbers.failed else {}
    return {
        "row": row,
        "broadcast": broadcast,
        "pace": pace_of(broadcast, row.numbers, at=now) if row.is_running else None,
        "silences": silences() if row.is_running or row.is_to_come else [],
        "halted_until": halted if row.is_running else None,
        "resumes_at": resumes_at(broadcast.recipient_type, at=now) if row.is_running else None,
        "next_try_at": _next_try(broadcast, now) if row.is_running and not halted else None,
        "corrections": corrections,
        "ending": ending_of(broadcast) if row.is_over else None,
        "tells_me": will_be_told(request.user, about=broadcast) if row.is_running else None,
        # Paused or cancelled, it still finishes the calls that are under way.
        "moves": row.is_running
        or row.numbers.sending > 0
        or any(numbers.correction.state == "running" for numbers in corrections),
        "begins_in": _begins_in(broadcast, now),
        "causes": tally.causes(retryable=retryable),
        "retryable": sum(retryable.values()),
        "correctable": tally.correctable if row.numbers.sent else None,
        "definitions": DEFINITIONS,
        "now": now,
        "may_send": request.user.has_perm(SEND),
        "may_write": request.user.has_perms(WRITE),
        # Posted twice, a form makes one copy.
        "tokens": {"clone": uuid4(), "missed": uuid4(), "take_back": uuid4()},
    }


def recipient_context(request: StaffRequest, broadcast: Broadcast, tally: Tally) -> dict[str, Any]:
    """Gather a page of the recipients."""
    recipients = _recipients_of(broadcast)
    former = broadcast.former_ids  # type: ignore[attr-defined]  # _broadcast_of
    narrowed = RecipientFilter(request.GET, queryset=recipients, broadcast=broadcast, former=former)
    is_valid = narrowed.is_valid()
    counted = None if narrowed.values() else tally.by_state
    rows_found = TroubledFirst(narrowed.qs if is_valid else recipients.none(), counted=counted if is_valid else {})
    page = page_of(rows_found, request, size=RECIPIENTS_A_PAGE, known=len(rows_found))
    rows = [
        {
            "recipient": recipient,
            "reason": reason_label(recipient.reason) if recipient.reason else "",
            "corrected": CorrectedMessage(state=recipient.corrected, error_text=recipient.corrected_words or "")
            if recipient.corrected
            else None,
        }
        for recipient in page
    ]
    return {
        "broadcast": broadcast,
        "form": narrowed.form,
        "has_versions": narrowed.has_versions,
        "page": page,
        "recipients": rows,
        "has_corrections": any(row["corrected"] for row in rows),
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "query": tidy_address("", request.GET),
        "here": tidy_address(request.path, request.GET),
        "may_send": request.user.has_perm(SEND),
        "may_export": request.user.has_perm(EXPORT_PEOPLE),
    }


def _recipients_of(broadcast: Broadcast) -> "QuerySet[Recipient]":
    return Recipient.objects.filter(message=broadcast).with_person().select_related("decided_by")


def _history_context(
    request: StaffRequest, broadcast: Broadcast, corrections: list[CorrectionNumbers]
) -> dict[str, Any]:
    changed = bool(broadcast.former_ids)  # type: ignore[attr-defined]  # _broadcast_of, as copy_ids
    never_sent = broadcast.state in {State.SCHEDULED, State.HELD} or (
        broadcast.state == State.CANCELLED and broadcast.started_at is None
    )
    return {
        "text": shown(broadcast.message_text),
        "versions": versions_of(broadcast) if changed and may_read(broadcast, request.user) else [],
        "story": broadcast_history(broadcast, [numbers.correction for numbers in corrections]),
        "copies": broadcast.copy_ids,  # type: ignore[attr-defined]
        "updated_at": timezone.now(),
        "shows_outcome": bool(broadcast.started_at or broadcast.sent_at) and not never_sent,
    }


def _begins_in(broadcast: Broadcast, now: datetime) -> int | None:
    """In how many seconds its page looks whether it has begun; None where that is far away, or waits for staff."""
    planned = broadcast.starts_at  # those of the previous dashboard are not started here
    if broadcast.state != State.SCHEDULED or planned is None or planned > now + WATCHED_AHEAD:
        return None
    return max(round((planned - now).total_seconds()), 0) + BEGINS_WITHIN


def _next_try(broadcast: Broadcast, now: Any) -> Any:
    """When the first of those who wait is tried again; None while somebody can be sent to now."""
    waiting = Recipient.objects.pending().filter(message=broadcast).order_by("next_try_at", "pk")
    first = waiting.values_list("next_try_at", flat=True).first()
    return first if first and first > now else None
