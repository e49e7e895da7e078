"""The activity log of a broadcast: who did what, from the audit tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import IntegerField, OuterRef, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from messaging.models import Broadcast, Correction
from messaging.models.reasons import StateReason, describe_reason
from users.models import User
from users.models.staff import shown_name

State = Broadcast.State

MOVES = {
    State.SCHEDULED: gettext_lazy("Was scheduled"),
    State.SENDING: gettext_lazy("Sending started"),
    State.PAUSED: gettext_lazy("Was paused"),
    State.CANCELLED: gettext_lazy("Was cancelled"),
    State.FINISHED: gettext_lazy("Has finished"),
    State.HELD: gettext_lazy("Was held"),
}

# Written by delivery.services.note_act.
ACTS = {
    "retried": ngettext_lazy(
        "Sent again to %(count)d person who did not get it",
        "Sent again to %(count)d people who did not get it",
        "count",
    ),
    "sent_again": ngettext_lazy(
        "Sent again to %(count)d person with an unknown result",
        "Sent again to %(count)d people with an unknown result",
        "count",
    ),
    "counted_delivered": ngettext_lazy(
        "Counted as delivered: %(count)d person with an unknown result",
        "Counted as delivered: %(count)d people with an unknown result",
        "count",
    ),
}


@dataclass(frozen=True)
class BroadcastMoment:
    """One moment in the life of a broadcast; ``actor`` is empty where the engine did it."""

    at: datetime | None
    what: str
    actor: str = ""
    reason: str = ""


def broadcast_history(broadcast: Broadcast, corrections: Sequence[Correction]) -> list[BroadcastMoment]:
    """List what happened to a broadcast, newest first (one query); ``corrections`` are all of it, newest first."""
    events = broadcast.events.select_related("pgh_context")  # type: ignore[attr-defined]
    by = Cast(KeyTextTransform("user", "pgh_context__metadata"), IntegerField())
    name = User.objects.filter(pk=OuterRef("by")).values(name=shown_name())
    rows: list[Any] = list(events.annotate(by=by, actor=Subquery(name)).order_by("pgh_created_at", "pgh_id"))
    entries = [*_state_entries(rows), *_correction_entries(reversed(corrections))]
    if not any(row.pgh_label == "insert" for row in rows):
        entries.append(BroadcastMoment(at=broadcast.created_at, what=_("Sent by the previous dashboard")))
    unknown = datetime.min.replace(tzinfo=UTC)
    entries.reverse()  # of two at the same moment, the later comes first
    return sorted(entries, key=lambda entry: entry.at or unknown, reverse=True)


def _state_entries(rows: list[Any]) -> Iterator[BroadcastMoment]:
    before: Any = None
    for row in rows:
        context = row.pgh_context.metadata if row.pgh_context else {}
        if row.pgh_label in ACTS:
            what: str = ACTS[row.pgh_label] % {"count": context.get("count", 0)}
        else:
            what, before = _describe_change(before, row), row
        if what:
            # The name beside it already says that staff did it.
            reason = context.get("reason") or (
                "" if row.state_reason == StateReason.STAFF else describe_reason(row.state_reason)
            )
            yield BroadcastMoment(at=row.pgh_created_at, what=what, actor=row.actor or "", reason=reason)


def _describe_change(before: Any, row: Any) -> str:
    if before is None or before.state != row.state:
        if before is not None and row.state == State.SENDING and before.state == State.PAUSED:
            return _("Resumed")
        if before is not None and row.state == State.SENDING and before.state == State.FINISHED:
            return ""  # the entry of the retry says more
        return str(MOVES[State(row.state)]) if row.state in State.values else str(row.state)
    if (before.starts_at or before.scheduled_at) != (row.starts_at or row.scheduled_at):
        return _("Rescheduled")
    if (before.message_text, before.buttons) != (row.message_text, row.buttons):
        return _describe_text(row)
    if before.media_upload != row.media_upload:
        return _("File replaced") if row.media_upload else _("File deleted after its time")
    return ""


def _describe_text(row: Any) -> str:
    if row.state in {State.FINISHED, State.CANCELLED}:
        return ""  # the entry of the correction says more
    return _("Text changed for those who wait") if row.started_at else _("Text changed before sending")


def _correction_entries(corrections: Iterable[Correction]) -> Iterator[BroadcastMoment]:
    for correction in corrections:
        deleted = correction.kind == Correction.Kind.DELETE
        what = _("Deleted for everyone") if deleted else _("Text changed for everyone")
        yield BroadcastMoment(correction.created_at, what, staff_name(correction.created_by))


def staff_name(user: User | None) -> str:
    return user.shown_name if user else ""
