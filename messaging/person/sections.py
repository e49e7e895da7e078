"""What messaging adds to a person's page: the messages sent to them, and their place in the timeline."""

from typing import Any

from hsl_dashboard.web.pages import StaffRequest
from messaging.models import Recipient
from users.models import TelegramUser
from users.person.sections import Section, register_section
from users.person.timeline import Source, register_source

PERMISSION = "messaging.view_broadcast"
SHOWN = 10  # messages; the timeline has all of them

SENT = """
    SELECT COALESCE(r.sent_at, r.created_at) AS at, r.id::bigint AS number, m.created_by_id::integer AS actor,
        jsonb_build_object(
            'broadcast', r.message_id, 'text', left(COALESCE(o.message_text, m.message_text), 600),
            'state', r.state, 'reason', r.reason
        ) AS data
    FROM message_recipients AS r JOIN message_history AS m ON m.id = r.message_id
    LEFT JOIN messaging_outbox AS o ON o.recipient_id = r.id WHERE r.user_id = %(person)s
"""

QUEUED = """
    SELECT o.queued_at AS at, o.id AS number, o.queued_by_id::integer AS actor, jsonb_build_object(
        'text', left(o.message_text, 600), 'outbox', o.state, 'booking', o.booking_id
    ) AS data
    FROM messaging_outbox AS o WHERE o.user_id = %(person)s AND o.recipient_id IS NULL
"""


def person_messages(request: StaffRequest, person: TelegramUser) -> dict[str, Any] | None:
    """Gather the newest messages to a person; None for who may not see messages (one query)."""
    if not request.user.has_perm(PERMISSION):
        return None
    received = (
        Recipient.objects.filter(telegram_user=person).select_related("message", "outbox").order_by("-id")[: SHOWN + 1]
    )
    messages = list(received)
    return {"messages": messages[:SHOWN], "more": len(messages) > SHOWN}


def show_on_persons_page() -> None:
    """Add the section and the sources; called when the app is ready."""
    register_section(Section("messaging/_person_messages.html", person_messages, order=40))
    template = "messaging/_entry_message.html"
    register_source(Source("message", 30, template, SENT, permission=PERMISSION))
    register_source(Source("message", 31, template, QUEUED, permission=PERMISSION))
