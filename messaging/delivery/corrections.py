"""Delete or edit a sent broadcast for everyone: the same loop, and a result for each row."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from messaging.audiences.criteria import Audience
from messaging.content.placeholders import MissingValue, personalise, placeholders, read_values
from messaging.delivery.bot import Letter, Outcome, TelegramBot, Verdict
from messaging.delivery.lifecycle import others_wait
from messaging.delivery.queues import Claim, NotSendable, Remaining, Result, Unused, register_runner, waiting_time
from messaging.models import Broadcast, CorrectedMessage, Correction, FormerText, Recipient

# Telegram's limit for deleting (core.telegram.org/bots/api#deletemessage); edits keep to it too.
CORRECTABLE_FOR = timedelta(hours=48)
A_MINUTE = timedelta(minutes=1)
MOST_ATTEMPTS = 8  # some four minutes, with growing waits


class CorrectionQueue:
    """The messages of one correction."""

    def __init__(self, correction_id: int) -> None:
        self.correction_id = correction_id
        self.key = f"correction:{correction_id}"
        self.correction: Correction | None = None
        self.names: set[str] = set()
        self.streams: list[tuple[int | None, str]] = []

    def enlist(self, worker: str, *, most: int) -> int | None:
        self.correction = (
            Correction.objects.select_related("broadcast")
            .filter(pk=self.correction_id, state=Correction.State.RUNNING)
            .first()
        )
        if self.correction is None:
            return None
        self.names = {found.name for found in placeholders(self.correction.message_text)}
        if self.correction.broadcast.audience:
            self.streams = Audience.from_json(self.correction.broadcast.audience).streams
        return register_runner(worker, column="correction_id", pk=self.correction_id, most=most)

    def claim(self, count: int, worker: str) -> list[Claim]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                WITH picked AS MATERIALIZED (
                    SELECT id FROM messaging_correctedmessage
                    WHERE correction_id = (SELECT id FROM messaging_correction WHERE id = %s AND state = 'running')
                      AND state = 'pending' AND next_try_at <= statement_timestamp()
                    ORDER BY next_try_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
                UPDATE messaging_correctedmessage c
                SET state = 'sending', claimed_at = statement_timestamp(), attempt = c.attempt + 1, worker = %s
                FROM picked, message_recipients r WHERE c.id = picked.id AND r.id = c.recipient_id
                RETURNING c.id, r.user_id, c.attempt, r.telegram_message_id
                """,
                [self.correction_id, count, worker],
            )
            rows = cursor.fetchall()
            values = read_values([row[1] for row in rows], self.names, streams=self.streams) if rows else {}
        return [
            Claim(id=pk, chat_id=person, attempt=attempt, values=values.get(person, {}), telegram_message_id=message_id)
            for pk, person, attempt, message_id in rows
        ]

    async def call(self, bot: TelegramBot, claim: Claim) -> Result:
        correction, broadcast = self._loaded(), self._loaded().broadcast
        message_id = claim.telegram_message_id
        assert message_id is not None  # freeze_correction takes no others
        if correction.kind == Correction.Kind.DELETE:
            return _repeatable(await bot.delete(chat_id=claim.chat_id, telegram_message_id=message_id))
        try:
            text = personalise(correction.message_text, claim.values)
        except MissingValue as missing:
            return NotSendable(Recipient.Reason.NO_VALUE, f"{{{missing.name}}}")
        letter = Letter(
            chat_id=claim.chat_id,
            text=text,
            kind=broadcast.kind,
            buttons=correction.buttons,
            link_preview=broadcast.link_preview,
        )
        return _repeatable(await bot.edit(letter, telegram_message_id=message_id))

    def record(self, results: Sequence[tuple[Claim, Result]], worker: str) -> None:
        rows = [_row_of(claim, result) for claim, result in results]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE messaging_correctedmessage c SET
                    state = CASE WHEN v.state = 'pending' AND k.state = 'cancelled' THEN 'cancelled' ELSE v.state END,
                    attempt = c.attempt - v.unused, next_try_at = statement_timestamp() + v.wait * interval '1 second',
                    error_code = v.code, error_text = v.words,
                    done_at = CASE WHEN v.state = 'done' THEN statement_timestamp() END
                FROM unnest(%s::int[], %s::int[], %s::text[], %s::int[], %s::float[], %s::int[], %s::text[])
                     AS v(id, attempt, state, unused, wait, code, words), messaging_correction k
                WHERE c.id = v.id AND c.attempt = v.attempt AND c.worker = %s AND k.id = c.correction_id
                  AND c.state IN ('sending', 'pending')
                """,
                [*map(list, zip(*rows, strict=True)), worker],
            )
            if self._loaded().kind == Correction.Kind.DELETE:
                done = CorrectedMessage.objects.filter(
                    pk__in=[claim.id for claim, _result in results], state=CorrectedMessage.State.DONE
                )
                Recipient.objects.filter(pk__in=done.values("recipient"), state=Recipient.State.SENT).update(
                    state=Recipient.State.DELETED
                )

    def halt(self, until: datetime) -> None:
        Broadcast.objects.sending().exclude(halted_until__gt=until).update(halted_until=until)

    def remaining(self) -> Remaining:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT k.state = 'running',
                       (SELECT count(*) FROM messaging_correctedmessage c
                        WHERE c.correction_id = k.id AND c.state = 'sending'),
                       (SELECT extract(epoch FROM min(c.next_try_at) - statement_timestamp())::float
                        FROM messaging_correctedmessage c WHERE c.correction_id = k.id AND c.state = 'pending')
                FROM messaging_correction k WHERE k.id = %s
                """,
                [self.correction_id],
            )
            row = cursor.fetchone()
        return Remaining(live=row[0], sending=row[1], wait=row[2]) if row else Remaining(live=False)

    def others_wait(self) -> bool:
        return others_wait(at=timezone.now(), correction_id=self.correction_id)

    def finish(self) -> bool:
        unfinished = CorrectedMessage.objects.filter(
            correction=self.correction_id, state__in=[CorrectedMessage.State.PENDING, CorrectedMessage.State.SENDING]
        )
        if unfinished.exists():
            return False
        running = Correction.objects.filter(pk=self.correction_id, state=Correction.State.RUNNING)
        with transaction.atomic():
            finished = running.update(state=Correction.State.FINISHED, finished_at=timezone.now())
            if finished:
                _restore_if_unseen(self.correction_id)
        return bool(finished)

    def pause(self, reason: str) -> bool:
        """A correction is not paused: it is cancelled with the reason, and can be made again."""
        with transaction.atomic():
            stopped = Correction.objects.filter(pk=self.correction_id, state=Correction.State.RUNNING).update(
                state=Correction.State.CANCELLED, state_reason=reason, finished_at=timezone.now()
            )
            CorrectedMessage.objects.filter(correction=self.correction_id, state=CorrectedMessage.State.PENDING).update(
                state=CorrectedMessage.State.CANCELLED
            )
            if stopped:
                _restore_if_unseen(self.correction_id)
        return bool(stopped)

    def _loaded(self) -> Correction:
        assert self.correction is not None, "enlist() comes first"
        return self.correction


def _restore_if_unseen(correction_id: int) -> None:
    """Give the message its former text back if the new one reached no chat: then nobody has it."""
    if CorrectedMessage.objects.filter(correction=correction_id, state=CorrectedMessage.State.DONE).exists():
        return
    former = FormerText.objects.filter(correction=correction_id).select_related("correction").first()
    if former and former.correction:
        Broadcast.objects.filter(pk=former.broadcast_id, message_text=former.correction.message_text).update(
            message_text=former.message_text, buttons=former.buttons
        )
        former.delete()


def correctable_since(at: datetime) -> datetime:
    """The whole minute from which on what was sent may be deleted and edited: counts are kept by the minute."""
    since = at - CORRECTABLE_FOR
    minute = since.replace(second=0, microsecond=0)
    return minute if minute == since else minute + A_MINUTE


def freeze_correction(correction: Correction, *, at: datetime, recipient: int | None = None) -> int:
    """Write a row for every delivered message that is young enough, or for one of them alone; give their number."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO messaging_correctedmessage (correction_id, recipient_id, next_try_at)
            SELECT %s, id, %s FROM message_recipients
            WHERE message_id = %s AND state = 'sent' AND telegram_message_id IS NOT NULL AND sent_at >= %s
              AND (%s::int IS NULL OR id = %s) ORDER BY id
            """,
            [correction.pk, at, correction.broadcast_id, correctable_since(at), recipient, recipient],
        )
        frozen: int = cursor.rowcount
        return frozen


def _repeatable(outcome: Outcome) -> Outcome:
    """No answer: ask again, since doing it twice does no harm."""
    if outcome.verdict is not Verdict.UNCERTAIN:
        return outcome
    return Outcome(Verdict.RETRY, reason=outcome.reason, code=outcome.code, text=outcome.text)


def _row_of(claim: Claim, result: Result) -> tuple[object, ...]:
    """id, attempt, state, unused, wait, code, words."""
    state = CorrectedMessage.State
    head = (claim.id, claim.attempt)
    match result:
        case Unused():
            return (*head, state.PENDING, 1, 0.0, None, "")
        case NotSendable(words=words):
            return (*head, state.FAILED, 0, 0.0, None, words)
    to = {Verdict.SENT: state.DONE, Verdict.FAILED: state.FAILED}.get(result.verdict, state.PENDING)
    if result.verdict is Verdict.RETRY and claim.attempt >= MOST_ATTEMPTS:
        to = state.FAILED
    words = "" if result.verdict is Verdict.SENT else result.text
    return (*head, to, 0, waiting_time(result, claim.attempt), result.code, words)
