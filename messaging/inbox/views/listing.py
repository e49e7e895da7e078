"""The list of conversations; staff who may not answer see only how many there are."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from hsl_dashboard.web.news import asked_since, news_answer, news_since
from hsl_dashboard.web.pages import PAGE_SIZE, StaffRequest, page_of, render_list
from messaging.inbox.filters import ConversationFilter, tabs
from messaging.inbox.folding import fold_before_reading
from messaging.inbox.today import MAY_ANSWER, SEE
from messaging.models import Conversation, Recipient, StudentText
from users.privacy import masked_emails

TABLE = "conversation-table"
SNIPPET = 200  # characters
NOT_ARRIVED = (Recipient.State.FAILED, Recipient.State.SKIPPED, Recipient.State.CANCELLED, Recipient.State.UNCERTAIN)


@dataclass(frozen=True)
class ConversationRow:
    """A conversation in the list: its last words, and whether our last answer did not arrive."""

    conversation: Conversation
    words: str
    not_arrived: bool
    address: str


@require_safe
@permission_required(SEE, raise_exception=True)
def conversation_list(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    fold_before_reading(at=now)
    may_read = request.user.has_perms(MAY_ANSWER)
    # What was there before the list is read: a text that comes in between is new, and not lost.
    newest = StudentText.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    narrowed = ConversationFilter(
        request.GET, queryset=_with_words(Conversation.objects.with_people()), by=request.user
    )
    is_valid = narrowed.is_valid()
    rows = narrowed.qs if is_valid and may_read else Conversation.objects.none()
    page = page_of(rows, request, counted_to=PAGE_SIZE if narrowed.is_common else None)
    context = {
        "form": narrowed.form,
        "page": page,
        "rows": [_row(conversation) for conversation in page],
        "tabs": tabs(request.GET, by=request.user),
        "may_read": may_read,
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "news": news_since(request, since=newest, **_places()) if may_read else None,
        "updated_at": now,
    }
    return render_list(request, "messaging/conversation_list.html", context, partial=TABLE, is_valid=is_valid)


@require_safe
@permission_required(MAY_ANSWER, raise_exception=True)
def conversation_news(request: StaffRequest) -> HttpResponse:
    """Count the conversations of the list with texts that its page has not seen."""
    since = asked_since(request)
    if since is None:
        return HttpResponse(status=204)
    fold_before_reading(at=timezone.now())
    narrowed = ConversationFilter(request.GET, queryset=Conversation.objects.all(), by=request.user)
    rows = narrowed.qs if narrowed.is_valid() else Conversation.objects.none()
    wrote = StudentText.objects.filter(pk__gt=since).values("telegram_user")
    return news_answer(request, rows.filter(pk__in=wrote), since=since, **_places())


def _places() -> dict[str, Any]:
    ask, show = reverse("messaging:conversation_news"), reverse("messaging:conversation_list")
    return {"ask": ask, "show": show, "target": TABLE}


def _with_words(rows: "QuerySet[Conversation]") -> "QuerySet[Conversation]":
    """Fetch the last words of each row, and what became of our last answer, for the rows of the page alone."""
    texts = StudentText.objects.filter(telegram_user=OuterRef("pk")).order_by("-written_at", "-pk")
    # By the person too: by the message alone, all recipients of a broadcast might be read for each row.
    answered = Recipient.objects.filter(message=OuterRef("last_answer"), telegram_user=OuterRef("pk"))
    return rows.annotate(
        words=Subquery(texts.values(text=KeyTextTransform("message_text", "event__details"))[:1]),
        answer_state=Subquery(answered.values("state")[:1]),
    )


def _row(conversation: Conversation) -> ConversationRow:
    words = str(conversation.words or "")[: 2 * SNIPPET]  # type: ignore[attr-defined]
    return ConversationRow(
        conversation=conversation,
        words=" ".join(masked_emails(words).split())[:SNIPPET],
        not_arrived=conversation.answer_state in NOT_ARRIVED,  # type: ignore[attr-defined]
        address=reverse("messaging:conversation_detail", args=[conversation.pk]),
    )
