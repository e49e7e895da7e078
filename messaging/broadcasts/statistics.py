"""The numbers on the pages of messages, as triggers count the recipients; DEFINITIONS explains each to staff."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import run_sql
from messaging.broadcasts.journal import staff_name
from messaging.delivery.corrections import CORRECTABLE_FOR, correctable_since
from messaging.models import Broadcast, CorrectedMessage, Correction, Recipient
from messaging.models.reasons import describe_reason
from messaging.models.recipients import reason_label

RATE_WINDOW = 30.0  # seconds: long enough to be calm, short enough to follow a change
UNDER_WAY = timedelta(seconds=1)  # a claim that passed while the message was being paused

State = Recipient.State
NOT_DELIVERED = (State.FAILED, State.UNCERTAIN, State.SKIPPED)
NAMED = 10  # people whose message could not be changed

DEFINITIONS = {
    "total": _("Everyone this message is for. Excluded people are counted separately, and nobody is counted twice."),
    "sent": _("Telegram accepted the message, or staff decided that it arrived."),
    "failed": _("Telegram refused to deliver it to this person. The table below shows the reason and the code."),
    "uncertain": _("The message was sent but no answer came: it may have arrived. It is not sent again automatically."),
    "waiting": _("Not sent yet: in the queue, being sent now, or waiting for another try."),
    "rate": _("Calls to Telegram in the last 30 seconds, divided by the time they took."),
    "remaining": _(
        "People waiting, divided by the rate of the last 30 seconds, plus any pause that Telegram asked for."
    ),
    "skipped": _("Skipped when sending started: blocked, excluded, written to recently, or listed twice."),
    "correctable": _("Delivered in the last 48 hours: Telegram does not allow deleting or editing older messages."),
}


@dataclass(frozen=True)
class Numbers:
    """Recipients of one broadcast by state; all but ``skipped`` add up to ``total``."""

    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    pending: int = 0
    sending: int = 0
    cancelled: int = 0
    deleted: int = 0
    skipped: int = 0

    @property
    def waiting(self) -> int:
        return self.pending + self.sending

    @property
    def total(self) -> int:
        return self.done + self.waiting + self.cancelled

    @property
    def done(self) -> int:
        """Recipients whom the engine has written to, or tried to."""
        return self.sent + self.failed + self.uncertain + self.deleted

    @property
    def other(self) -> int:
        """Cancelled before sending, or deleted after it."""
        return self.cancelled + self.deleted

    @property
    def segments(self) -> list[tuple[str, int, int]]:
        """The bar: a colour, where it begins, how wide it is."""
        widths = (
            ("fill-confirmed", self.sent),
            ("fill-cancelled", self.failed),
            ("fill-pending", self.uncertain),
            ("fill-unknown", self.other),
        )
        placed, at = [], 0
        for colour, width in widths:
            if width:
                placed.append((colour, at, width))
            at += width
        return placed

    @property
    def percent(self) -> int:
        """How much is done, never 100 while somebody waits or was never written to."""
        return self.done * 100 // self.total if self.total else 0


@dataclass(frozen=True)
class Correctable:
    """Delivered messages that Telegram still lets us delete or edit, and until when the first and the last of them."""

    count: int = 0
    first_until: datetime | None = None
    last_until: datetime | None = None

    @classmethod
    def of(cls, count: int, first: datetime | None, last: datetime | None) -> Self:
        if not (count and first and last):
            return cls()
        return cls(count, first + CORRECTABLE_FOR, last + CORRECTABLE_FOR)


# Of some messages, what the triggers of message_recipients keep; "since": what arrived before it is not correctable.
KEPT = """
    SELECT message_id, state, reason, sum(number)::int,
        COALESCE(sum(number) FILTER (WHERE minute >= %(since)s), 0)::int,
        min(minute) FILTER (WHERE minute >= %(since)s), max(minute) FILTER (WHERE minute >= %(since)s)
    FROM (
        SELECT message_id, state, reason, minute, sum(number) AS number FROM messaging_recipientcount
        WHERE message_id = ANY(%(ids)s) GROUP BY 1, 2, 3, 4 HAVING sum(number) <> 0
    ) AS kept GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Tally:
    """The recipients of one broadcast by state and reason, and what a deletion would reach."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    correctable: Correctable = Correctable()

    @classmethod
    def read(cls, broadcast: Broadcast, *, at: datetime) -> Self:
        """Read what its page shows (one query)."""
        return cls.of([broadcast], at=at)[broadcast.pk]

    @classmethod
    def of(cls, broadcasts: Iterable[Broadcast], *, at: datetime) -> dict[int, Self]:
        """Read the tallies of some broadcasts (one query)."""
        found: dict[int, list[tuple[Any, ...]]] = {broadcast.pk: [] for broadcast in broadcasts}
        if found:
            for pk, *row in run_sql(KEPT, {"ids": list(found), "since": correctable_since(at)}):
                found[pk].append(tuple(row))
        return {pk: cls._of_rows(rows) for pk, rows in found.items()}

    @classmethod
    def _of_rows(cls, rows: list[tuple[Any, ...]]) -> Self:
        counts = {(state, reason): number for state, reason, number, *_correctable in rows if number}
        minutes = [minute for *_counts, first, last in rows if first and last for minute in (first, last)]
        correctable = sum(row[3] for row in rows)
        return cls(counts, Correctable.of(correctable, min(minutes, default=None), max(minutes, default=None)))

    @property
    def numbers(self) -> Numbers:
        shown: Counter[str] = Counter()
        for (state, reason), count in self.counts.items():
            # The previous dashboard could list a person twice; only the first row counts.
            shown["skipped" if reason == Recipient.Reason.DUPLICATE else state] += count
        return Numbers(**shown)

    @property
    def by_state(self) -> dict[str, int]:
        states: Counter[str] = Counter()
        for (state, _reason), count in self.counts.items():
            states[state] += count
        return states

    def causes(self, *, retryable: dict[str, int]) -> list["Cause"]:
        """Say why people did not get it, the most frequent reason first."""
        rows = [(state, reason, count) for (state, reason), count in self.counts.items() if state in NOT_DELIVERED]
        return [
            Cause(state, reason, reason_label(reason), count, retryable.get(reason, 0) if state == State.FAILED else 0)
            for state, reason, count in sorted(rows, key=lambda row: (-row[2], row[0], row[1]))
        ]


def numbers_of(broadcasts: Iterable[Broadcast]) -> dict[int, Numbers]:
    """Count the recipients of some broadcasts by state: one query for all of them."""
    return {pk: tally.numbers for pk, tally in Tally.of(broadcasts, at=timezone.now()).items()}


@dataclass(frozen=True)
class Pace:
    """The current rate in messages/s, and the seconds that are left (None: unknown)."""

    rate: float
    remaining: float | None

    @property
    def words(self) -> str:
        """The remaining time as one says it."""
        seconds = round(self.remaining or 0)
        if seconds < 60:
            return gettext("%(seconds)d s") % {"seconds": seconds}
        minutes = -(-seconds // 60)
        if minutes < 60:
            return gettext("%(minutes)d min") % {"minutes": minutes}
        return gettext("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}


def pace_of(broadcast: Broadcast, numbers: Numbers, *, at: datetime) -> Pace:
    """Measure the pace of a broadcast that is being sent.

    The rate is that of the last RATE_WINDOW seconds, counted from the first call in them. What was called before a
    pause is left out: the pause is no time that calls took.
    """
    pauses = [end for end in (broadcast.paused_at, broadcast.halted_until) if end and end <= at]
    since = max([at - timedelta(seconds=RATE_WINDOW), *(end + UNDER_WAY for end in pauses)])
    [(calls, seconds)] = run_sql(
        """
        SELECT count(*), extract(epoch FROM %(at)s - min(claimed_at))::float
        FROM message_recipients
        WHERE message_id = %(id)s AND state <> 'sending' AND claimed_at > %(since)s
        """,
        {"id": broadcast.pk, "at": at, "since": since},
    )
    rate = calls / max(seconds, 1.0) if calls else 0.0
    if not numbers.waiting:
        return Pace(rate, 0.0)
    halt = (broadcast.halted_until - at).total_seconds() if broadcast.halted_until else 0.0
    return Pace(rate, max(halt, 0.0) + numbers.waiting / rate if rate else None)


@dataclass(frozen=True)
class Cause:
    """Recipients that share a state and a reason."""

    state: str
    reason: str
    label: str
    count: int
    retryable: int = 0

    @property
    def state_label(self) -> str:
        return str(State(self.state).label)


def correctable_of(broadcast: Broadcast, *, at: datetime) -> Correctable:
    """Count what a deletion would reach at this moment."""
    return Tally.read(broadcast, at=at).correctable


@dataclass(frozen=True)
class CorrectionNumbers:
    """A deletion or an edit, and its results."""

    correction: Correction
    done: int
    failed: int
    waiting: int
    cancelled: int
    not_changed: tuple[str, ...] = ()  # names of some whose chat still has the old message

    @property
    def total(self) -> int:
        return self.done + self.failed + self.waiting + self.cancelled

    @property
    def author(self) -> str:
        return staff_name(self.correction.created_by)

    @property
    def reason(self) -> str:
        return describe_reason(self.correction.state_reason)


def corrections_of(broadcast: Broadcast) -> list[CorrectionNumbers]:
    """All corrections of a broadcast, the newest first: one query, and one more for each with failures."""
    states = CorrectedMessage.State
    rows = (
        broadcast.corrections.select_related("created_by", "former_text")
        .order_by("-created_at", "-pk")
        .annotate(
            done=Count("messages", filter=Q(messages__state=states.DONE)),
            failed=Count("messages", filter=Q(messages__state=states.FAILED)),
            waiting=Count("messages", filter=Q(messages__state__in=[states.PENDING, states.SENDING])),
            stopped=Count("messages", filter=Q(messages__state=states.CANCELLED)),
        )
    )
    return [
        CorrectionNumbers(row, row.done, row.failed, row.waiting, row.stopped, _not_changed(row) if row.failed else ())
        for row in rows
    ]


def _not_changed(correction: Correction) -> tuple[str, ...]:
    failed = CorrectedMessage.objects.filter(correction=correction, state=CorrectedMessage.State.FAILED)
    people = failed.select_related("recipient__telegram_user").order_by("pk")[:NAMED]
    return tuple(message.recipient.telegram_user.display_name for message in people)
