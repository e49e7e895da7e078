"""The states of a broadcast: each move is one conditional UPDATE, so that two who try it do it once."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from messaging.audiences.criteria import Audience
from messaging.audiences.freezing import freeze_audience
from messaging.models import Broadcast, CorrectedMessage, Correction, Recipient, Report, Runner, TelegramLink
from messaging.models.reasons import StateReason
from messaging.models.recipient_types import RecipientType
from users.models.events import NOT_THEIR_OWN

LATE_AFTER = timedelta(minutes=15)  # a scheduled broadcast that is later than this asks a person
RUNNER_SILENT_AFTER = timedelta(seconds=10)
UPLOAD_RESCUE_AFTER = timedelta(minutes=5)  # a file may go up slowly

AT_ONCE = timedelta()
# So long before a broadcast may begin its first runner comes: its loop and its connections stand when it may.
AHEAD = timedelta(seconds=4)

State = Broadcast.State


def rescue_after() -> timedelta:
    """How long after its claim a row's worker must be gone: twice the longest call, and the time around it."""
    return timedelta(seconds=2 * settings.TELEGRAM_CALL_TIMEOUT + 5)


def freeze_and_start(
    broadcast_id: int, *, at: datetime, come_from: tuple[State, ...], wait: timedelta = AT_ONCE
) -> bool:
    """Freeze the audience and start, the first message after ``wait``; False when somebody else did, or the state is
    none of ``come_from``."""
    with transaction.atomic():
        started = Broadcast.objects.filter(pk=broadcast_id, state__in=come_from).update_as_ours(
            state=State.SENDING, state_reason="", started_at=at + wait, sent_at=at, paused_at=None
        )
        if not started:
            return False
        freeze(Broadcast.objects.get(pk=broadcast_id), at=at)
    return True


def freeze(broadcast: Broadcast, *, at: datetime) -> None:
    """Write one row per person in the audience, in the transaction that starts the broadcast."""
    if broadcast.frozen_at is None and broadcast.audience is not None:
        freeze_audience(broadcast, Audience.from_json(broadcast.audience), at=at)
        Broadcast.objects.filter(pk=broadcast.pk).update(frozen_at=at)
    recount(broadcast.pk)


def start_scheduled(*, at: datetime) -> list[int]:
    """Start what is due; what is later than LATE_AFTER is held instead."""
    hold_late(at=at)
    due = Broadcast.objects.scheduled().filter(starts_at__lte=at).order_by("starts_at", "id")
    return [pk for pk in due.values_list("pk", flat=True) if freeze_and_start(pk, at=at, come_from=(State.SCHEDULED,))]


def hold_late(*, at: datetime) -> int:
    """Hold every scheduled broadcast whose time passed while nobody was sending."""
    late = Broadcast.objects.scheduled().filter(starts_at__lt=at - LATE_AFTER)
    return late.update(state=State.HELD, state_reason=StateReason.LATE)


def set_paused(broadcast_id: int, *, reason: str, at: datetime) -> bool:
    """Pause a broadcast; calls in flight still finish."""
    return bool(
        Broadcast.objects.filter(pk=broadcast_id, state=State.SENDING).update(
            state=State.PAUSED, state_reason=reason, paused_at=at
        )
    )


def finish_broadcast(broadcast_id: int, *, at: datetime) -> bool:
    """Finish when nobody waits and nobody is being sent to."""
    unfinished = Recipient.objects.filter(message=OuterRef("pk")).unfinished()
    with transaction.atomic():
        finished = Broadcast.objects.filter(~Exists(unfinished), pk=broadcast_id, state=State.SENDING).update(
            state=State.FINISHED, state_reason="", finished_at=at, halted_until=None
        )
        if finished:
            queue_report(broadcast_id, at=at)
    recount(broadcast_id)
    return bool(finished)


def queue_report(broadcast_id: int, *, at: datetime) -> None:
    """Queue the report to the author, once, if the author linked an account and wants reports.

    Called in the transaction that ends the broadcast. Only messages to an audience are reported, not those of rules,
    bookings or reports: these have no audience.
    """
    wanted = TelegramLink.objects.filter(user=OuterRef("created_by"), wants_reports=True).exclude(linked_at=None)
    ended = Broadcast.objects.filter(Exists(wanted), pk=broadcast_id).exclude(audience=None).exclude(started_at=None)
    ended = ended.exclude(recipient_type=RecipientType.ANSWER)  # the conversation shows what became of it
    if ended.exists():
        Report.objects.bulk_create([Report(broadcast_id=broadcast_id, queued_at=at)], ignore_conflicts=True)


def recount(broadcast_id: int) -> None:
    """Set the two counters of the previous dashboard from the kept counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE message_history b SET total_recipients = counted.total, successful_deliveries = counted.sent
            FROM (SELECT COALESCE(sum(number) FILTER (WHERE state <> 'skipped'), 0) AS total,
                         COALESCE(sum(number) FILTER (WHERE state = 'sent'), 0) AS sent
                  FROM messaging_recipientcount WHERE message_id = %(id)s) AS counted
            WHERE b.id = %(id)s
              AND (b.total_recipients, b.successful_deliveries) IS DISTINCT FROM (counted.total, counted.sent)
            """,
            {"id": broadcast_id},
        )


def rescue_dead_claims(*, at: datetime) -> int:
    """Mark rows claimed by a lost worker as uncertain, and queue its corrections again.

    A worker that only lost the database may still record its answer: that replaces «uncertain».
    """
    uploading = Broadcast.objects.filter(
        pk=OuterRef("message"),
        media_file_id="",
        kind__in=[Broadcast.Kind.PHOTO, Broadcast.Kind.VIDEO, Broadcast.Kind.DOCUMENT],
    )
    dead = Recipient.objects.filter(state=Recipient.State.SENDING, claimed_at__lt=at - rescue_after()).exclude(
        Exists(uploading), claimed_at__gte=at - UPLOAD_RESCUE_AFTER
    )
    rescued = dead.update(
        state=Recipient.State.UNCERTAIN, reason=Recipient.Reason.WORKER_LOST, error_text="", error_code=None
    )
    # Deleting and editing can be repeated.
    CorrectedMessage.objects.filter(state=CorrectedMessage.State.SENDING, claimed_at__lt=at - rescue_after()).update(
        state=CorrectedMessage.State.PENDING
    )
    return rescued


def cancel_leftovers() -> int:
    """Cancel rows that came back to «pending» while their broadcast was being cancelled."""
    return Recipient.objects.filter(state=Recipient.State.PENDING, message__state=State.CANCELLED).update(
        state=Recipient.State.CANCELLED
    )


def end_blocks(*, at: datetime) -> int:
    """End automatic blocks of people who did something in the bot after they were blocked.

    Blocks set by staff stay, and so do blocks of people for whom only staff or the bot did something.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM blocked_users b
            WHERE b.reason = ANY(%s) AND EXISTS (
                SELECT FROM events e WHERE e.user_id = b.user_id AND e.created_at > b.blocked_at AND e.created_at <= %s
                  AND e.event_type <> ALL(%s))
            """,
            [list(AUTOMATIC_BLOCKS.values()), at, list(NOT_THEIR_OWN)],
        )
        ended: int = cursor.rowcount
        return ended


# The failures that end in blocked_users, in the words of that table.
AUTOMATIC_BLOCKS = {
    Recipient.Reason.BLOCKED: "bot_blocked_by_user",
    Recipient.Reason.DEACTIVATED: "user_is_deactivated",
    Recipient.Reason.NOT_STARTED: "bot_not_started",
    Recipient.Reason.NO_CHAT: "chat_not_found",
}


def waiting_for_a_runner(*, at: datetime, wanted: int) -> tuple[list[int], list[int]]:
    """Ids of broadcasts and of corrections that have fewer than ``wanted`` runners, once for each that is missing."""
    alive = Runner.objects.filter(seen_at__gt=at - RUNNER_SILENT_AFTER)
    Runner.objects.filter(seen_at__lt=at - 6 * RUNNER_SILENT_AFTER).delete()
    sending = (
        Broadcast.objects.sending()
        .outside_quiet_hours(at)
        .exclude(halted_until__gt=at)
        .exclude(started_at__gt=at + AHEAD)
        .values_list("pk", flat=True)
    )
    running = Correction.objects.filter(state=Correction.State.RUNNING).values_list("pk", flat=True)
    have_broadcasts = list(alive.filter(broadcast__in=sending).values_list("broadcast_id", flat=True))
    have_corrections = list(alive.filter(correction__in=running).values_list("correction_id", flat=True))
    return (
        [pk for pk in sending for _ in range(wanted - have_broadcasts.count(pk))],
        [pk for pk in running for _ in range(1 - have_corrections.count(pk))],
    )


def others_wait(*, at: datetime, broadcast_id: int | None = None, correction_id: int | None = None) -> bool:
    """Whether anything else has no runner at all, so that this process should make room for it."""
    broadcasts, corrections = waiting_for_a_runner(at=at, wanted=1)
    return bool(set(broadcasts) - {broadcast_id} or set(corrections) - {correction_id})


def longest_halt(*, at: datetime) -> datetime | None:
    """Until when Telegram asked to wait, if that is in the future."""
    halted = Broadcast.objects.filter(halted_until__gt=at).order_by("-halted_until")
    return halted.values_list("halted_until", flat=True).first()
