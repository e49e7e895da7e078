"""One conversation: what the student wrote and what we sent, the newest below, read page by page."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.broadcasts.journal import staff_name
from messaging.broadcasts.rows import OF_A_KIND
from messaging.broadcasts.versions import shown, texts_received
from messaging.content.placeholders import as_read_by, keep_braces
from messaging.models import Broadcast, FormerText, Outbox, Recipient, StudentText
from messaging.models.recipient_types import RecipientType
from users.event_types import event_label
from users.models import TelegramUser
from users.person.timeline import TimelinePlace
from users.privacy import masked_emails

PAGE_SIZE = 30  # texts and messages: two screens
LONGEST = 4096  # characters: Telegram's own limit; what is longer was written by something else
TEXT, MESSAGE = 1, 2  # at the same moment, our message stands below what it answers

SENT_AS: dict[str, Promise] = {
    RecipientType.GROUP: _("Broadcast"),
    RecipientType.AUTOMATION: _("Automation"),
    **OF_A_KIND,
}


@dataclass(frozen=True)
class Utterance:
    """A text of the student, or a message of ours with what became of it."""

    at: datetime
    rank: int
    number: int  # of the event, or of the recipient
    words: SafeString | str
    about: str = ""  # the kind of event, where it is no plain text; what kind of message it is
    by: str = ""
    broadcast: int | None = None
    state: str = ""
    reason: str = ""
    is_answer: bool = False

    @property
    def is_ours(self) -> bool:
        return self.rank == MESSAGE

    @property
    def waits(self) -> bool:
        return self.state in {Recipient.State.PENDING, Recipient.State.SENDING}

    @property
    def place(self) -> TimelinePlace:
        return TimelinePlace(self.at, self.rank, self.number)


@dataclass(frozen=True)
class Thread:
    """A page of a conversation, the oldest first; ``earlier`` is where the page before it ends (empty: nowhere)."""

    said: list[Utterance] = field(default_factory=list)
    earlier: str = ""

    @property
    def mark(self) -> str:
        """What the page shows, in short: it is drawn again when this is another."""
        last = self.said[-1].place.encode() if self.said else ""
        return f"{last}~{'.'.join(one.state for one in self.said if one.is_ours)}"


def read_thread(person: TelegramUser, *, before: TimelinePlace | None = None) -> Thread:
    """Read a page (five queries at most); no text is left out or comes twice, whatever its moment."""
    said = [*_texts(person, before), *_messages(person, before)]
    said.sort(key=attrgetter("at", "rank", "number"), reverse=True)
    kept = said[:PAGE_SIZE]
    earlier = kept[-1].place.encode() if len(said) > PAGE_SIZE else ""
    return Thread(kept[::-1], earlier)


def _texts(person: TelegramUser, before: TimelinePlace | None) -> list[Utterance]:
    rows = StudentText.objects.filter(telegram_user=person).annotate(
        words=KeyTextTransform("message_text", "event__details")
    )
    newest = _below(rows, "written_at", TEXT, before).select_related("event").order_by("-written_at", "-pk")
    return [
        Utterance(
            at=row.written_at,
            rank=TEXT,
            number=row.pk,
            words=masked_emails(str(row.words or "")[:LONGEST]),
            about="" if row.event.event_type == "student_response" else event_label(row.event.event_type),
        )
        for row in newest.defer("event__details")[: PAGE_SIZE + 1]
    ]


def _messages(person: TelegramUser, before: TimelinePlace | None) -> list[Utterance]:
    moment = Coalesce("sent_at", "created_at", output_field=DateTimeField())
    letters = Outbox.objects.filter(recipient=OuterRef("pk"))  # what a rule wrote to this person alone
    letter = Subquery(letters.values("message_text"))
    rows = Recipient.objects.filter(telegram_user=person).annotate(moment=moment, letter=letter).exclude(moment=None)
    rows = rows.exclude(message__state__in=[Broadcast.State.SCHEDULED, Broadcast.State.HELD])  # not said yet
    newest = _below(rows, "moment", MESSAGE, before).order_by("-moment", "-pk")
    corrected = Exists(FormerText.objects.filter(broadcast=OuterRef("message")))
    found = list(newest.annotate(corrected=corrected).select_related("message__created_by")[: PAGE_SIZE + 1])
    return list(_as_read(person, found))


def _as_read(person: TelegramUser, found: list[Recipient]) -> Iterable[Utterance]:
    """Give the messages in the words that this person got."""
    former = texts_received(row for row in found if row.corrected)  # type: ignore[attr-defined]
    read = as_read_by(person.pk, [former.get(row.pk) or row.message.message_text for row in found])
    for row, text in zip(found, read, strict=True):
        is_answer = row.message.recipient_type == RecipientType.ANSWER
        yield Utterance(
            at=row.moment,  # type: ignore[attr-defined]
            rank=MESSAGE,
            number=row.pk,
            words=shown(keep_braces(row.letter or text)),  # type: ignore[attr-defined]
            about="" if is_answer else str(SENT_AS.get(row.message.recipient_type or "", "")),
            by=staff_name(row.message.created_by),
            broadcast=row.message_id,
            state=row.state,
            reason=row.why,
            is_answer=is_answer,
        )


def _below(rows: "QuerySet[Any]", column: str, rank: int, before: TimelinePlace | None) -> "QuerySet[Any]":
    """Keep what comes before a place in time; at the same moment the rank decides, then the number."""
    if before is None or before.at is None:
        return rows
    same = Q(**{column: before.at})
    if rank == before.rank:
        return rows.filter(Q(**{f"{column}__lt": before.at}) | same & Q(pk__lt=before.number))
    return rows.filter(Q(**{f"{column}__lte" if rank < before.rank else f"{column}__lt": before.at}))
