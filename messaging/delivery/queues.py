"""The queues of a runner: rows are claimed and committed before a call, and recorded after it."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils import timezone

from messaging.audiences.criteria import Audience
from messaging.content.media import StoredFile
from messaging.content.placeholders import MissingValue, Values, personalise, placeholders, read_values
from messaging.delivery.bot import Letter, Outcome, TelegramBot, Upload, Verdict
from messaging.delivery.codes import draw_code
from messaging.delivery.lifecycle import AHEAD, AUTOMATIC_BLOCKS, finish_broadcast, others_wait, set_paused
from messaging.models import Broadcast, Digest, Outbox, Recipient, Runner
from messaging.models.automations import resumes_at
from messaging.models.reasons import StateReason, with_words
from messaging.models.recipient_types import RecipientType

LONGEST_RETRY = 60.0  # seconds between two tries to reach a Telegram that cannot be reached


@dataclass(frozen=True)
class Claim:
    """A row that this runner may send, once."""

    id: int
    chat_id: int
    attempt: int
    values: Values
    telegram_message_id: int | None = None
    text: str | None = None  # this row's own text, sent as it is
    outdated: bool = False  # no longer true: it must not be sent
    answer: int | None = None  # the message it belongs to, where it is an answer that goes before this queue's own


@dataclass(frozen=True)
class Unused:
    """A claimed row that was not sent: it goes back as if it had never been claimed."""


@dataclass(frozen=True)
class NotSendable:
    """A row that is skipped without a call: a placeholder has no value, or the message is outdated."""

    reason: Recipient.Reason
    words: str = ""


Result = Outcome | Unused | NotSendable


@dataclass(frozen=True)
class Remaining:
    """What is left of a queue: whether it may run, rows being sent, seconds until the next pending row (None: none)."""

    live: bool
    sending: int = 0
    wait: float | None = None


class Queue(Protocol):
    """A broadcast's recipients, or a correction's."""

    key: str

    def enlist(self, worker: str, *, most: int) -> int | None:
        """Note a runner; None when ``most`` are at work already, or there is nothing to run."""

    def claim(self, count: int, worker: str) -> list[Claim]:
        """Take up to ``count`` rows and commit."""

    async def call(self, bot: TelegramBot, claim: Claim) -> Result:
        """Ask Telegram for one row."""

    def record(self, results: Sequence[tuple[Claim, Result]], worker: str) -> None:
        """Write what became of the rows."""

    def halt(self, until: datetime) -> None:
        """Remember that Telegram asked for silence."""

    def remaining(self) -> Remaining:
        """Count what is left."""

    def others_wait(self) -> bool:
        """Whether another broadcast or correction has no runner."""

    def finish(self) -> bool:
        """Finish, when nothing is left."""

    def pause(self, reason: str) -> bool:
        """Stop, and say why."""


class SendQueue:
    """The recipients of one broadcast."""

    def __init__(self, broadcast_id: int) -> None:
        self.broadcast_id = broadcast_id
        self.key = f"broadcast:{broadcast_id}"
        self.broadcast: Broadcast | None = None
        self.names: set[str] = set()
        self.streams: list[tuple[int | None, str]] = []
        self.upload: Upload | None = None
        self.own_words = self.brings_code = self.is_digest = False

    def enlist(self, worker: str, *, most: int) -> int | None:
        # One that can still be undone has no runner: a task comes shortly before it begins, and beat looks.
        begun = Broadcast.objects.sending().exclude(started_at__gt=timezone.now() + AHEAD)
        self.broadcast = begun.filter(pk=self.broadcast_id).first()
        if self.broadcast is None or self._waits_for_morning() or not self._read_upload(self.broadcast):
            return None
        self.names = {found.name for found in placeholders(self.broadcast.message_text)}
        self.brings_code = self.broadcast.recipient_type == RecipientType.LINK_CODE
        self.is_digest = self.broadcast.recipient_type == RecipientType.DIGEST
        # Messages about bookings were written one by one when they were queued.
        self.own_words = Outbox.objects.filter(recipient__message=self.broadcast_id).exists()
        if self.broadcast.audience:
            self.streams = Audience.from_json(self.broadcast.audience).streams
        return register_runner(worker, column="broadcast_id", pk=self.broadcast_id, most=most)

    def _read_upload(self, broadcast: Broadcast) -> bool:
        """Read the file that goes up with the first message, before anything is claimed."""
        if not broadcast.needs_upload:
            return True
        try:
            with broadcast.media_upload.open("rb") as file:
                self.upload = Upload(name=StoredFile.of(broadcast).name, content=file.read())
        except (OSError, ValueError) as error:
            self.pause(with_words(StateReason.NO_FILE, type(error).__name__))
            return False
        return True

    def claim(self, count: int, worker: str) -> list[Claim]:
        """Take answers to students first, whoever's they are: an answer waits for no broadcast."""
        answers = claim_answers(count, worker)
        return [*answers, *self._claim_own(count - len(answers), worker)] if len(answers) < count else answers

    def _claim_own(self, count: int, worker: str) -> list[Claim]:
        if self._waits_for_morning():
            return []
        needs_upload = self._loaded().needs_upload
        own_words = self.own_words or self.brings_code or self.is_digest  # claimed with its values, or not at all
        with _transaction(needed=needs_upload or own_words or bool(self.names)):
            rows = self._claim_for_upload(worker) if needs_upload else self._claim(count, worker)
            people = [person for _id, person, _attempt in rows]
            values = read_values(people, self.names, streams=self.streams) if rows else {}
            texts, outdated = self._letters([row_id for row_id, _person, _attempt in rows])
        return [
            Claim(
                id=row_id,
                chat_id=person,
                attempt=attempt,
                values=values.get(person, {}),
                text=texts.get(row_id),
                outdated=row_id in outdated,
            )
            for row_id, person, attempt in rows
        ]

    def _letters(self, recipients: list[int]) -> tuple[dict[int | None, str], set[int | None]]:
        """The texts of rows that have their own, and which of these rows are outdated."""
        if recipients and self.brings_code:
            words = draw_code(self.broadcast_id, at=timezone.now())
            return (dict.fromkeys(recipients, words), set()) if words else ({}, set(recipients))
        if recipients and self.is_digest:
            digest = Digest.objects.filter(message=self.broadcast_id).exclude(words="").first()
            return (dict.fromkeys(recipients, digest.words), set()) if digest else ({}, set(recipients))
        if not self.own_words or not recipients:
            return {}, set()
        letters = Outbox.objects.filter(recipient__in=recipients)
        outdated = letters.outdated(timezone.now()).values_list("recipient_id", flat=True)
        return dict(letters.values_list("recipient_id", "message_text")), set(outdated)

    def _waits_for_morning(self) -> bool:
        return resumes_at(self._loaded().recipient_type, at=timezone.now()) is not None

    def _claim(self, count: int, worker: str) -> list[tuple[int, int, int]]:
        # The CTE is MATERIALIZED: in an IN (…) the planner may run the LIMIT once a row and claim more than asked.
        # paused_at tells whether the broadcast was paused (and perhaps edited) since this runner read it.
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH picked AS MATERIALIZED (
                    SELECT id FROM message_recipients
                    WHERE message_id = (SELECT id FROM message_history
                                        WHERE id = %s AND state = 'sending' AND paused_at IS NOT DISTINCT FROM %s
                                          AND COALESCE(started_at <= statement_timestamp(), true))
                      AND state = 'pending' AND next_try_at <= statement_timestamp()
                    ORDER BY next_try_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
                UPDATE message_recipients r
                SET state = 'sending', claimed_at = statement_timestamp(), attempt = r.attempt + 1, worker = %s
                FROM picked WHERE r.id = picked.id
                RETURNING r.id, r.user_id, r.attempt
                """,
                [self.broadcast_id, self._loaded().paused_at, count, worker],
            )
            rows: list[tuple[int, int, int]] = cursor.fetchall()
            return rows

    def _claim_for_upload(self, worker: str) -> list[tuple[int, int, int]]:
        """Take one row, and only while no other has the file under way: it goes up once."""
        broadcast = Broadcast.objects.select_for_update(skip_locked=True).filter(pk=self.broadcast_id).first()
        if broadcast is None:
            return []
        self._loaded().media_file_id = broadcast.media_file_id
        under_way = Recipient.objects.filter(message=broadcast, state=Recipient.State.SENDING).exists()
        return [] if under_way or not broadcast.needs_upload else self._claim(1, worker)

    async def call(self, bot: TelegramBot, claim: Claim) -> Result:
        broadcast = self._loaded()
        if claim.answer is not None:
            return await bot.send(Letter(chat_id=claim.chat_id, text=claim.text or ""))
        if claim.outdated:
            return NotSendable(Recipient.Reason.OUTDATED)
        try:
            text = personalise(broadcast.message_text, claim.values) if claim.text is None else claim.text
        except MissingValue as missing:
            return NotSendable(Recipient.Reason.NO_VALUE, f"{{{missing.name}}}")
        media = broadcast.media_file_id or self.upload or ""
        outcome = await bot.send(
            Letter(
                chat_id=claim.chat_id,
                text=text,
                kind=broadcast.kind,
                media=media,
                buttons=broadcast.buttons,
                link_preview=broadcast.link_preview,
                silent=broadcast.silent,
            )
        )
        if outcome.verdict is Verdict.SENT and isinstance(media, Upload):
            broadcast.media_file_id, self.upload = outcome.file_id, None
        return outcome

    def record(self, results: Sequence[tuple[Claim, Result]], worker: str) -> None:
        uploaded = next((r.file_id for _c, r in results if isinstance(r, Outcome) and r.file_id), "")
        rows = [_row_of(claim, result) for claim, result in results]
        blocked = [
            (claim.chat_id, AUTOMATIC_BLOCKS[Recipient.Reason(result.reason)])
            for claim, result in results
            if isinstance(result, Outcome) and result.verdict is Verdict.FAILED and result.reason in AUTOMATIC_BLOCKS
        ]
        with _transaction(needed=bool(uploaded or blocked)), connection.cursor() as cursor:
            # The attempt tells our claim from a later one; «worker_lost» was only a guess, and we know.
            # concat() hides the state from the planner: it is to find the rows by id. By the partial index of claimed
            # rows, which it takes for empty, each batch walks over all that were ever claimed since the last vacuum.
            cursor.execute(
                """
                UPDATE message_recipients r SET
                    state = CASE WHEN v.state = 'pending' AND b.state = 'cancelled' THEN 'cancelled' ELSE v.state END,
                    attempt = r.attempt - v.unused, next_try_at = statement_timestamp() + v.wait * interval '1 second',
                    telegram_message_id = COALESCE(v.telegram_message_id, r.telegram_message_id), reason = v.reason,
                    error_code = v.code, error_text = v.words, sent_at = COALESCE(v.sent_at, r.sent_at)
                FROM unnest(%s::int[], %s::int[], %s::text[], %s::int[], %s::float[], %s::int[], %s::text[], %s::int[],
                            %s::text[], %s::timestamptz[])
                     AS v(id, attempt, state, unused, wait, telegram_message_id, reason, code, words, sent_at),
                     message_history b
                WHERE r.id = v.id AND r.attempt = v.attempt AND r.worker = %s AND b.id = r.message_id
                  AND concat(r.state, ' ', CASE r.state WHEN 'uncertain' THEN r.reason END)
                      IN ('sending ', 'uncertain worker_lost')
                """,
                [*map(list, zip(*rows, strict=True)), worker],
            )
            if uploaded:
                Broadcast.objects.filter(pk=self.broadcast_id, media_file_id="").update(media_file_id=uploaded)
            if blocked:
                # Not executemany(): pghistory puts the task's name before the values of a statement, of one only.
                cursor.execute(
                    "INSERT INTO blocked_users (user_id, reason) SELECT * FROM unnest(%s::bigint[], %s::text[])"
                    " ON CONFLICT (user_id) DO NOTHING",
                    [*map(list, zip(*blocked, strict=True))],
                )
        for answer in {claim.answer for claim, _result in results if claim.answer is not None}:
            finish_broadcast(answer, at=timezone.now())

    def halt(self, until: datetime) -> None:
        # All of them: one bot sends them all, and a Redis that forgets learns it from here.
        Broadcast.objects.sending().exclude(halted_until__gt=until).update(halted_until=until)

    def remaining(self) -> Remaining:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT b.state = 'sending' AND b.paused_at IS NOT DISTINCT FROM %s,
                       (SELECT count(*) FROM message_recipients r WHERE r.message_id = b.id AND r.state = 'sending'),
                       (SELECT extract(epoch FROM
                                       min(GREATEST(r.next_try_at, b.started_at)) - statement_timestamp())::float
                        FROM message_recipients r WHERE r.message_id = b.id AND r.state = 'pending')
                FROM message_history b WHERE b.id = %s
                """,
                [self._loaded().paused_at, self.broadcast_id],
            )
            row = cursor.fetchone()
        if row is None or self._waits_for_morning():
            return Remaining(live=False)
        return Remaining(live=row[0], sending=row[1], wait=row[2])

    def others_wait(self) -> bool:
        return others_wait(at=timezone.now(), broadcast_id=self.broadcast_id)

    def finish(self) -> bool:
        return finish_broadcast(self.broadcast_id, at=timezone.now())

    def pause(self, reason: str) -> bool:
        return set_paused(self.broadcast_id, reason=reason, at=timezone.now())

    def _loaded(self) -> Broadcast:
        assert self.broadcast is not None, "enlist() comes first"
        return self.broadcast


def claim_answers(count: int, worker: str) -> list[Claim]:
    """Take up to ``count`` answers that wait, of any message, and commit; nearly always none, which is one quick look.

    Every runner asks before it takes rows of its own, so an answer leaves with the next slots of whoever sends.
    """
    with connection.cursor() as cursor:
        # Message by message: joined, the planner may read all that waits of a broadcast to find one answer.
        cursor.execute(
            """
            WITH picked AS MATERIALIZED (
                SELECT waiting.id, b.id AS message_id, b.message_text
                FROM message_history AS b CROSS JOIN LATERAL (
                    SELECT id FROM message_recipients
                    WHERE message_id = b.id AND state = 'pending' AND next_try_at <= statement_timestamp()
                    ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) AS waiting
                WHERE b.state = 'sending' AND b.recipient_type = %s ORDER BY b.id LIMIT %s)
            UPDATE message_recipients r
            SET state = 'sending', claimed_at = statement_timestamp(), attempt = r.attempt + 1, worker = %s
            FROM picked WHERE r.id = picked.id
            RETURNING r.id, r.user_id, r.attempt, picked.message_id, picked.message_text
            """,
            [RecipientType.ANSWER, count, worker],
        )
        rows = cursor.fetchall()
    return [
        Claim(id=pk, chat_id=person, attempt=attempt, values={}, text=personalise(text, {}), answer=message)
        for pk, person, attempt, message, text in rows
    ]


def _transaction(*, needed: bool) -> AbstractContextManager[None]:
    """A transaction for several statements; for a single one it would be two more trips to the database."""
    return transaction.atomic() if needed else nullcontext()


def _row_of(claim: Claim, result: Result) -> tuple[Any, ...]:
    """id, attempt, state, unused, wait, telegram_message_id, reason, code, words, sent_at."""
    state = Recipient.State
    head = (claim.id, claim.attempt)
    match result:
        case Unused():
            return (*head, state.PENDING, 1, 0.0, None, "", None, "", None)
        case NotSendable():
            return (*head, state.SKIPPED, 0, 0.0, None, result.reason, None, result.words, None)
        case Outcome(verdict=Verdict.SENT):
            return (*head, state.SENT, 0, 0.0, result.telegram_message_id, "", result.code, "", timezone.now())
    wait = waiting_time(result, claim.attempt)
    # Telegram's 401 is nobody's failure: the row waits, the broadcast is paused.
    states = {Verdict.FAILED: state.FAILED, Verdict.UNCERTAIN: state.UNCERTAIN}
    to = states.get(result.verdict, state.PENDING)
    return (*head, to, 0, wait, None, str(result.reason), result.code, result.text, None)


def waiting_time(outcome: Outcome, attempt: int) -> float:
    """Seconds until the row may be tried again: as Telegram says, or longer with every try."""
    if outcome.verdict is Verdict.HALT:
        return outcome.retry_after
    return min(2.0 ** min(attempt - 1, 10), LONGEST_RETRY) if outcome.verdict is Verdict.RETRY else 0.0


def register_runner(worker: str, *, column: str, pk: int, most: int) -> int | None:
    """Record that a process works on this and return the row's id; None when ``most`` do already."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO messaging_runner ({column}, worker)
            SELECT %(pk)s, %(worker)s
            WHERE (SELECT count(*) FROM messaging_runner
                   WHERE {column} = %(pk)s AND seen_at > statement_timestamp() - interval '10 seconds') < %(most)s
            RETURNING id
            """,  # noqa: S608 - the column's name is ours
            {"pk": pk, "worker": worker, "most": most},
        )
        row: tuple[int] | None = cursor.fetchone()
    return row[0] if row else None


def touch_runner(runner_id: int) -> None:
    """Note that a runner is alive."""
    Runner.objects.filter(pk=runner_id).update(seen_at=timezone.now())


def delete_runners(runner_ids: Iterable[int]) -> None:
    """Remove runners that ended."""
    Runner.objects.filter(pk__in=list(runner_ids)).delete()
