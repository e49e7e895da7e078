"""What a message says now, what it said before, and who has which."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models.expressions import RawSQL
from django.utils.safestring import SafeString

from hsl_dashboard.db import run_sql
from messaging.broadcasts.journal import staff_name
from messaging.content.markup import parse_html
from messaging.content.placeholders import with_placeholders
from messaging.content.preview import render
from messaging.models import Broadcast, FormerText, Recipient

# The text that a recipient r still has: the first one that was replaced after r was claimed, and that no edit for
# everyone replaced in r's chat. Without one, r has today's text.
HAS_FORMER = """
    LEFT JOIN LATERAL (
        SELECT f.id, f.message_text FROM messaging_formertext f
        WHERE f.broadcast_id = r.message_id AND f.replaced_at > COALESCE(r.claimed_at, r.sent_at, '-infinity')
          AND NOT EXISTS (
            SELECT FROM messaging_correctedmessage c
            JOIN messaging_formertext later ON later.correction_id = c.correction_id
            WHERE c.recipient_id = r.id AND c.state = 'done' AND later.id >= f.id)
        ORDER BY f.id LIMIT 1) former ON true
"""
WITH_VERSION = f"""
    SELECT r.id FROM message_recipients r {HAS_FORMER}
    WHERE r.message_id = %s AND r.state = 'sent' AND former.id IS NOT DISTINCT FROM %s
"""  # noqa: S608 - a constant


@dataclass(frozen=True)
class TextVersion:
    """One text of a message; ``former`` is the id of its FormerText, None for today's."""

    number: int
    text: SafeString | str
    people: int  # who have it
    former: int | None
    replaced_at: datetime | None
    replaced_by: str

    @property
    def key(self) -> str:
        """How the filter of recipients names it."""
        return str(self.former or NOW)


NOW = "now"


def versions_of(broadcast: Broadcast) -> list[TextVersion]:
    """Every text of a message, today's first, with how many have it; none where it was never changed."""
    former = list(FormerText.objects.filter(broadcast=broadcast).select_related("replaced_by").order_by("pk"))
    if not former:
        return []
    people = _people(broadcast)
    versions = [
        TextVersion(
            number,
            shown(text.message_text),
            people.get(text.pk, 0),
            text.pk,
            text.replaced_at,
            staff_name(text.replaced_by),
        )
        for number, text in enumerate(former, start=1)
    ]
    today = TextVersion(len(former) + 1, shown(broadcast.message_text), people.get(None, 0), None, None, "")
    return [today, *reversed(versions)]


def _people(broadcast: Broadcast) -> dict[int | None, int]:
    counts = run_sql(
        f"""
        SELECT former.id, count(*) FROM message_recipients r {HAS_FORMER}
        WHERE r.message_id = %s AND r.state = 'sent' GROUP BY former.id
        """,  # noqa: S608 - a constant
        [broadcast.pk],
    )
    return dict(counts)


def with_version(broadcast: Broadcast, former: int | None) -> RawSQL:
    """Ids of the recipients who have this text."""
    return RawSQL(WITH_VERSION, [broadcast.pk, former])  # noqa: S611 - a constant


def texts_received(recipients: Iterable[Recipient]) -> dict[int, str]:
    """The texts of recipients who have another one than their message says now, by the recipient's id: one query."""
    ids = [recipient.pk for recipient in recipients]
    if not ids:
        return {}
    texts = run_sql(
        f"""
        SELECT r.id, former.message_text FROM message_recipients r {HAS_FORMER}
        WHERE r.id = ANY(%s) AND former.id IS NOT NULL
        """,  # noqa: S608 - a constant
        [ids],
    )
    return dict(texts)


def shown(text: str) -> SafeString | str:
    """A text as Telegram shows it, or as written where Telegram would refuse it."""
    parsed = parse_html(with_placeholders(text))
    return text if parsed.problems else render(parsed)
