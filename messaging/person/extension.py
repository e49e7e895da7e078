"""What messaging adds to people: the messages sent to them, in a section and the timeline, and what erasing leaves."""

from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, QuerySet

from hsl_dashboard.calendar import moment_of
from hsl_dashboard.web.pages import StaffRequest
from messaging.broadcasts.privacy import may_read, may_read_letters
from messaging.broadcasts.versions import HAS_FORMER, texts_received
from messaging.content.placeholders import as_read_by
from messaging.inbox.today import MAY_ANSWER
from messaging.models import Broadcast, Conversation, Correction, FormerText, Recipient
from messaging.models.recipient_types import RecipientType
from users.models import TelegramUser, User
from users.person.extensions import Fate, PersonExtension, PersonTable, Section, Source
from users.personal_data.erasure import GONE

PERMISSION = "messaging.view_broadcast"
TO_COME = {Broadcast.State.SCHEDULED, Broadcast.State.HELD}
SHOWN = 10  # messages; the timeline has all of them

SENT = f"""
    SELECT COALESCE(r.sent_at, r.created_at) AS at, r.id::bigint AS number, m.created_by_id::integer AS actor,
        jsonb_build_object(
            'planned', CASE WHEN r.state = 'pending' AND m.state IN ('scheduled', 'held')
                THEN COALESCE(m.starts_at, m.scheduled_at) END,
            'broadcast', r.message_id, 'text', left(COALESCE(o.message_text, former.message_text, m.message_text), 600),
            'state', r.state, 'reason', r.reason, 'own', o.id IS NOT NULL, 'sent_to', m.recipient_type
        ) AS data
    FROM message_recipients AS r JOIN message_history AS m ON m.id = r.message_id
    LEFT JOIN messaging_outbox AS o ON o.recipient_id = r.id {HAS_FORMER} WHERE r.user_id = %(person)s
"""  # noqa: S608 - a constant

QUEUED = """
    SELECT o.queued_at AS at, o.id AS number, o.queued_by_id::integer AS actor, jsonb_build_object(
        'text', left(o.message_text, 600), 'outbox', o.state, 'booking', o.booking_id
    ) AS data
    FROM messaging_outbox AS o WHERE o.user_id = %(person)s AND o.recipient_id IS NULL
"""


def person_messages(request: StaffRequest, person: TelegramUser) -> dict[str, Any] | None:
    """Read the newest messages to a person; None for staff who may not see messages (two queries, and the values)."""
    if not request.user.has_perm(PERMISSION):
        return None
    received = (
        Recipient.objects.filter(telegram_user=person).select_related("message", "outbox").order_by("-id")[: SHOWN + 1]
    )
    messages = list(received)
    former = texts_received(messages)
    # What this person read, which may have been changed for others since.
    read = as_read_by(person.pk, [former.get(row.pk) or row.message.message_text for row in messages])
    for recipient, text in zip(messages, read, strict=True):
        letter = getattr(recipient, "outbox", None)  # written for this person alone
        recipient.is_hidden = not may_read(recipient.message, request.user)  # type: ignore[attr-defined]
        recipient.words = letter.message_text if letter else text  # type: ignore[attr-defined]
        waits = recipient.state == Recipient.State.PENDING and recipient.message.state in TO_COME
        recipient.planned_at = recipient.message.planned_at if waits else None  # type: ignore[attr-defined]
    return {"messages": messages[:SHOWN], "more": len(messages) > SHOWN}


def read_texts(person_id: int, entries: list[dict[str, Any]], by: User) -> None:
    """Show the messages of the timeline in the words that the person read."""
    for entry in entries:
        entry["planned"] = moment_of(entry["planned"]) if entry["planned"] else None
    hide_letters(person_id, [entry for entry in entries if entry["sent_to"] != RecipientType.GROUP], by)
    entries = [entry for entry in entries if not entry["own"]]  # written for this person alone
    read = as_read_by(person_id, [entry["text"] or "" for entry in entries])
    for entry, text in zip(entries, read, strict=True):
        entry["text"] = text


def hide_letters(_person_id: int, entries: list[dict[str, Any]], by: User) -> None:
    """Leave out the words to this person alone for who may not read messages to individuals."""
    if not may_read_letters(by):
        for entry in entries:
            entry["text"], entry["is_hidden"] = "", True


def person_conversation(request: StaffRequest, person: TelegramUser) -> dict[str, Any] | None:
    """Read how it stands with what this person wrote; None where they wrote nothing, or for who may not answer."""
    if not request.user.has_perms(MAY_ANSWER):
        return None
    conversation = Conversation.objects.filter(pk=person.pk).first()
    return {"conversation": conversation} if conversation else None


def forget_letters(person: TelegramUser) -> list[QuerySet[Any]]:
    """Cancel pending messages, and erase the texts of those sent to this person alone; give their history."""
    rows = Recipient.objects.filter(telegram_user=person)
    rows.pending().update(state=Recipient.State.SKIPPED, reason=Recipient.Reason.EXCLUDED)
    others = Recipient.objects.filter(message=OuterRef("pk")).exclude(telegram_user=person)
    mine = Broadcast.objects.filter(pk__in=rows.values("message")).exclude(Exists(others))
    letters = list(mine.values_list("pk", flat=True))
    corrections = list(Correction.objects.filter(broadcast__in=letters).values_list("pk", flat=True))
    Broadcast.objects.filter(pk__in=letters).update(
        message_text=GONE, buttons=[], audience=None, name="", media_name=""
    )
    FormerText.objects.filter(broadcast__in=letters).update(message_text=GONE, buttons=[])
    Correction.objects.filter(pk__in=corrections).update(message_text=GONE, buttons=[])
    return [
        apps.get_model("messaging", name)._base_manager.filter(pgh_obj__in=pks)
        for name, pks in (("BroadcastEvent", letters), ("CorrectionEvent", corrections))
    ]


TEMPLATE = "messaging/_entry_message.html"
MESSAGING = PersonExtension(
    app="messaging",
    sections=(
        Section("messaging/_person_conversation.html", person_conversation, order=35),
        Section("messaging/_person_messages.html", person_messages, order=40),
    ),
    sources=(
        Source("message", 30, TEMPLATE, SENT, permission=PERMISSION, prepare=read_texts),
        Source("message", 31, TEMPLATE, QUEUED, permission=PERMISSION, prepare=hide_letters),
    ),
    tables=(
        # That a message was sent, and whether it arrived, is kept.
        PersonTable(
            "messaging.Recipient", Fate.KEPT, blank={"username": None, "telegram_message_id": None, "error_text": ""}
        ),
        PersonTable("messaging.CorrectedMessage", Fate.KEPT, path="recipient__telegram_user", blank={"error_text": ""}),
        PersonTable("messaging.Outbox", Fate.ERASED),
        PersonTable("messaging.Conversation", Fate.ERASED),
        PersonTable("messaging.StudentText", Fate.ERASED),
        PersonTable("messaging.TelegramLink", Fate.ERASED),
    ),
    before_erasing=forget_letters,
)
