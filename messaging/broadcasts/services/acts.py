"""Pause, resume and cancel a broadcast, retry the failed, decide about the uncertain."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from messaging.delivery import lifecycle, tasks
from messaging.delivery.services import Act, BroadcastMoved, State, move, note_act, recorded
from messaging.models import Broadcast, Recipient
from messaging.models.reasons import StateReason, with_words
from users.models import BlockedUser, User

Reason = Recipient.Reason


# What another try may change: the text was edited, the person may be back, or nobody knows why it failed.
RETRYABLE = frozenset({Reason.BAD_REQUEST, Reason.BLOCKED, Reason.NOT_STARTED, Reason.NO_CHAT, Reason.FORBIDDEN, ""})


def pause_broadcast(*, broadcast: Broadcast, by: User, at: datetime) -> None:
    """Stop within two seconds; what is under way at this moment ends as it ends.

    Raises:
        BroadcastMoved: it is not being sent.
    """
    with recorded(by):
        if not lifecycle.set_paused(broadcast.pk, reason=StateReason.STAFF, at=at):
            raise BroadcastMoved(broadcast.pk)


def resume_broadcast(*, broadcast: Broadcast, by: User) -> None:
    """Go on exactly where it stopped.

    Raises:
        BroadcastMoved: it is not paused.
    """
    move(broadcast.pk, come_from=(State.PAUSED,), by=by, state=State.SENDING, state_reason="")


def cancel_broadcast(*, broadcast: Broadcast, by: User, at: datetime, reason: str = "") -> None:
    """Stop for good: who has not been written to is not any more.

    Raises:
        BroadcastMoved: it is over.
    """
    with transaction.atomic():
        move(
            broadcast.pk,
            come_from=(State.SCHEDULED, State.HELD, State.SENDING, State.PAUSED),
            by=by,
            reason=reason,
            state=State.CANCELLED,
            state_reason=with_words(StateReason.STAFF, reason) if reason else "",
            finished_at=at,
        )
        lifecycle.queue_report(broadcast.pk, at=at)
    lifecycle.cancel_leftovers()


def retry_failed(*, broadcast: Broadcast, by: User, reasons: Iterable[str] = RETRYABLE) -> int:
    """«Повторить неудачные»: queue again those that failed for one of ``reasons``; give their number.

    Only what another try can change: never people who are blocked still, nor deactivated accounts.

    Raises:
        BroadcastMoved: it was never sent, or is cancelled.
    """
    rows = _retryable(broadcast).filter(reason__in=list(reasons))
    return _queue_again(broadcast, rows, Act.RETRIED, by=by)


def retryable_counts(*, broadcast: Broadcast) -> dict[str, int]:
    """How many ``retry_failed`` would take, by reason."""
    return dict(_retryable(broadcast).values_list("reason").annotate(people=Count("pk")).order_by("reason"))


def count_as_delivered(*, broadcast: Broadcast, by: User, at: datetime, recipients: Iterable[int] | None = None) -> int:
    """Say of uncertain ones that they arrived: those given, or all; give how many it was."""
    with recorded(by):
        decided = _uncertain(broadcast, recipients).update(
            state=Recipient.State.SENT, reason="", decided_by=by, decided_at=at
        )
        note_act(broadcast, Act.COUNTED_DELIVERED, count=decided)
        lifecycle.recount(broadcast.pk)
    return decided


def send_uncertain_again(
    *, broadcast: Broadcast, by: User, at: datetime, recipients: Iterable[int] | None = None
) -> int:
    """Send to uncertain ones again, who may then have it twice: those given, or all; give how many it was.

    Raises:
        BroadcastMoved: it is cancelled, or was never sent.
    """
    return _queue_again(
        broadcast, _uncertain(broadcast, recipients), Act.SENT_AGAIN, by=by, decided_by=by, decided_at=at
    )


def _retryable(broadcast: Broadcast) -> QuerySet[Recipient]:
    still_blocked = BlockedUser.objects.filter(telegram_user=OuterRef("telegram_user"))
    return Recipient.objects.failed().filter(~Exists(still_blocked), message=broadcast, reason__in=RETRYABLE)


def _uncertain(broadcast: Broadcast, recipients: Iterable[int] | None) -> QuerySet[Recipient]:
    rows = Recipient.objects.uncertain().filter(message=broadcast).exclude(reason=Reason.DUPLICATE)
    return rows if recipients is None else rows.filter(pk__in=list(recipients))


def _queue_again(broadcast: Broadcast, rows: QuerySet[Recipient], act: Act, *, by: User, **changes: Any) -> int:
    """Let rows wait for a runner again; one that is paused stays so, with more to do when it goes on."""
    with recorded(by):
        over = [State.FINISHED, State.SENDING, State.PAUSED]
        if not Broadcast.objects.select_for_update().filter(pk=broadcast.pk, state__in=over).exists():
            raise BroadcastMoved(broadcast.pk)
        count = rows.update(
            state=Recipient.State.PENDING,
            reason="",
            error_code=None,
            error_text="",
            next_try_at=timezone.now(),
            **changes,
        )
        note_act(broadcast, act, count=count)
        if count:
            Broadcast.objects.filter(pk=broadcast.pk, state=State.FINISHED).update(
                state=State.SENDING, finished_at=None
            )
            transaction.on_commit(lambda: tasks.wake_broadcast(broadcast.pk))
    return count
