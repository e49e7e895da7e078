"""Automations at work: due messages go into the outbox, from there to the engine, and their results come back.

Each step is one transaction and can be repeated, also by two processes at once. Only the engine calls Telegram.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from bookings.models import Booking, FreeLessonRegistration
from messaging.automations.due import Due, find_due
from messaging.content.placeholders import BookingValues, MissingValue, Values, personalise, read_values, russian_date
from messaging.delivery.lifecycle import recount
from messaging.models import Automation, Broadcast, Outbox, Recipient
from messaging.models.recipient_types import RecipientType
from messaging.quiet_hours import is_quiet
from users.models import BlockedUser

AT_ONCE = 500  # messages of a rule in one tick; the rest follow in the next
STILL_OPEN = timedelta(days=30)  # so long a failed or uncertain one may still become another by staff's decision

State = Outbox.State


# Into the outbox ------------------------------------------------------------------------------------------------------


def fire_automations(*, at: datetime) -> int:
    """Queue the due messages of all active rules, once; none in the quiet hours. Returns their number."""
    if is_quiet(at):
        return 0
    return sum(_fire(rule, at=at) for rule in Automation.objects.switched_on().order_by("pk"))


def _fire(rule: Automation, *, at: datetime) -> int:
    due = find_due(rule, at=at, limit=AT_ONCE)
    if not due:
        return 0
    # Of two ticks at once, the second finds the unique keys taken and queues nothing.
    Outbox.objects.bulk_create(_letters(rule, due, at=at), ignore_conflicts=True)
    return len(due)


def _letters(rule: Automation, due: list[Due], *, at: datetime) -> Iterable[Outbox]:
    known = known_values(due)
    for message, values in zip(due, known, strict=True):
        letter = Outbox(
            rule=rule,
            kind=rule.kind,
            telegram_user_id=message.person_id,
            booking=message.booking,
            change_id=message.change_id,
            registration=message.registration,
            occurs_on=message.occurs_on,
            queued_at=at,
            state=State.QUEUED,
        )
        try:
            letter.message_text = personalise(rule.template, values)
        except MissingValue:
            letter.message_text = rule.template
            letter.state, letter.reason, letter.settled_at = State.FAILED, Recipient.Reason.NO_VALUE, at
        yield letter


def known_values(due: list[Due]) -> list[Values]:
    """The placeholder values of each message: of the person, and of this booking or lesson."""
    people = read_values([message.person_id for message in due], ["first_name", "username"])
    of_bookings = BookingValues.read()
    return [people.get(message.person_id, {}) | _values_of(message, of_bookings) for message in due]


def _values_of(due: Due, of_bookings: BookingValues) -> Values:
    if due.booking is not None:
        return of_bookings.of(due.booking.course_id, due.booking.course_stream)
    return {"starts_on": russian_date(due.occurs_on)} if due.occurs_on else {}


# To the engine --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Batch:
    """Messages that are sent as one broadcast: those of a rule, or a single one that staff asked for."""

    letters: list[Outbox]

    @property
    def broadcast(self) -> Broadcast:
        first = self.letters[0]
        return Broadcast(
            message_text=first.rule.template if first.rule else first.message_text,
            recipient_type=RecipientType.AUTOMATION if first.rule else RecipientType.INDIVIDUAL,
            recipient_group=first.kind if first.rule else None,
            created_by_id=first.queued_by_id,
        )


def hand_over(*, at: datetime) -> list[int]:
    """Pass the queued messages to the engine; returns the ids of their broadcasts, which need a runner."""
    with transaction.atomic():
        queued = Outbox.objects.due(at)
        if is_quiet(at):
            queued = queued.filter(rule=None)  # staff's own letters go out when staff say so
        locked = queued.order_by("pk").select_for_update(skip_locked=True, of=("self",))
        letters = list(locked.select_related("rule", "telegram_user")[:AT_ONCE])
        letters = _claim_lessons(_without_outdated(letters, at=at))
        return [_send(batch, at=at) for batch in _batches(letters)]


def _without_outdated(letters: list[Outbox], *, at: datetime) -> list[Outbox]:
    outdated = Outbox.objects.filter(pk__in=[letter.pk for letter in letters]).outdated(at)
    withdrawn = set(outdated.values_list("pk", flat=True))
    Outbox.objects.filter(pk__in=withdrawn).update(
        state=State.CANCELLED, reason=Recipient.Reason.OUTDATED, settled_at=at
    )
    return [letter for letter in letters if letter.pk not in withdrawn]


def _claim_lessons(letters: list[Outbox]) -> list[Outbox]:
    """Set ``notification_sent`` before anything is sent: the bot, which reads it too, must not remind them again."""
    kept = []
    unsent = Q(notification_sent=None) | Q(notification_sent=False)
    for letter in letters:
        registration = letter.registration_id
        if registration is None or FreeLessonRegistration.objects.filter(unsent, pk=registration).update(
            notification_sent=True
        ):
            kept.append(letter)
        else:
            Outbox.objects.filter(pk=letter.pk).update(state=State.CANCELLED)
    return kept


def _batches(letters: list[Outbox]) -> Iterable[_Batch]:
    """By rule, each person once in a batch: a second letter to the same person goes out as another broadcast."""
    batches: dict[tuple[str, int], list[Outbox]] = {}
    seen: dict[tuple[str, int], int] = {}
    for letter in letters:
        source = f"rule {letter.rule_id}" if letter.rule_id else f"letter {letter.pk}"
        times = seen[source, letter.telegram_user_id] = seen.get((source, letter.telegram_user_id), 0) + 1
        batches.setdefault((source, times), []).append(letter)
    return map(_Batch, batches.values())


def _send(batch: _Batch, *, at: datetime) -> int:
    broadcast = batch.broadcast
    broadcast.state = Broadcast.State.SENDING
    broadcast.started_at = broadcast.sent_at = broadcast.frozen_at = at
    broadcast.save()
    people = [letter.telegram_user_id for letter in batch.letters]
    blocked = set(BlockedUser.objects.filter(pk__in=people).values_list("pk", flat=True))
    recipients = Recipient.objects.bulk_create(
        Recipient(
            message=broadcast,
            telegram_user_id=letter.telegram_user_id,
            username=letter.telegram_user.username,
            state=Recipient.State.SKIPPED if letter.telegram_user_id in blocked else Recipient.State.PENDING,
            reason=Recipient.Reason.BLOCKED if letter.telegram_user_id in blocked else "",
            next_try_at=at,
        )
        for letter in batch.letters
    )
    for letter, recipient in zip(batch.letters, recipients, strict=True):
        letter.recipient, letter.state, letter.sent_at = recipient, State.SENT, at
    Outbox.objects.bulk_update(batch.letters, ["recipient", "state", "sent_at"])
    recount(broadcast.pk)
    return broadcast.pk


# And back -------------------------------------------------------------------------------------------------------------


def settle(*, at: datetime) -> int:
    """Read each message's result from the engine and store it with its booking or registration."""
    with transaction.atomic():
        settled = _settled(at=at)
        for state, reason, settled_at, kind, booking_id, registration_id in settled:
            if booking_id is not None and state != State.CANCELLED:
                _note_on_booking(booking_id, state=state, reason=reason, kind=kind, at=settled_at)
            if registration_id is not None and state != State.UNCERTAIN:
                FreeLessonRegistration.objects.filter(pk=registration_id).update(
                    notification_sent=state == State.DELIVERED
                )
    return len(settled)


def _settled(*, at: datetime) -> list[tuple[str, str, datetime, str, int | None, int | None]]:
    # Letters without a copy in the engine (no value for a placeholder) are settled from the beginning, and told once.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH fate AS (
                SELECT o.id, r.sent_at, CASE
                    WHEN r.state IN ('sent', 'deleted') THEN '' ELSE COALESCE(NULLIF(r.reason, ''), r.state)
                    END AS reason, CASE
                    WHEN r.state IN ('sent', 'deleted') THEN 'delivered'
                    WHEN r.state = 'skipped' AND r.reason = 'outdated' THEN 'cancelled'
                    WHEN r.state IN ('failed', 'skipped', 'cancelled') THEN 'failed'
                    WHEN r.state = 'uncertain' THEN 'uncertain'
                    ELSE 'sent' END AS state
                FROM messaging_outbox o JOIN message_recipients r ON r.id = o.recipient_id
                WHERE o.state IN ('sent', 'uncertain', 'failed') AND o.sent_at > %(open)s
                UNION ALL
                SELECT o.id, NULL, o.reason, o.state FROM messaging_outbox o
                WHERE o.state = 'failed' AND o.recipient_id IS NULL AND o.sent_at IS NULL)
            UPDATE messaging_outbox o
            SET state = fate.state, reason = fate.reason, sent_at = COALESCE(o.sent_at, %(at)s),
                settled_at = CASE WHEN fate.state <> 'sent' THEN COALESCE(fate.sent_at, %(at)s) END
            FROM fate WHERE o.id = fate.id AND (o.state <> fate.state OR o.sent_at IS NULL)
            RETURNING o.state, o.reason, o.settled_at, o.kind, o.booking_id, o.registration_id
            """,
            {"at": at, "open": at - STILL_OPEN},
        )
        rows = cursor.fetchall()
    return [row for row in rows if row[0] != State.SENT]


def _note_on_booking(booking_id: int, *, state: str, reason: str, kind: str, at: datetime) -> None:
    delivered = state == State.DELIVERED
    Booking.objects.filter(pk=booking_id).update(
        notified_at=at if delivered else None, notified_about=kind, notice_error=reason
    )
