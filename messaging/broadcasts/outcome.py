"""What the recipients did in the 72 hours after a message, beside what the same people usually do in 72 hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from messaging.models import Broadcast
from users.models.events import NOT_THEIR_OWN

AFTER = timedelta(hours=72)
USUALLY = timedelta(days=27)  # nine times AFTER: each weekday counts about as often

OUTCOME_DEFINITIONS = {
    "presses": _("Presses of this message's action buttons. Telegram does not report presses of link buttons."),
    "events": _("Everything these people did in the bot, without what staff or the bot did for them."),
    "bookings": _("New bookings by these people for any course, including cancelled ones."),
    "usual": _("The same people in the 27 days before the message, divided by nine: their usual 72 hours."),
}


@dataclass(frozen=True)
class Measure:
    """How often something happened after the message, by how many people, and how often it usually does."""

    name: str
    count: int
    people: int
    usual: float | None  # None: there is no usual


@dataclass(frozen=True)
class BroadcastOutcome:
    """What happened after a broadcast; ``complete`` once 72 hours have passed since the last delivery."""

    recipients: int
    until: datetime | None
    complete: bool
    measures: list[Measure]


QUERY = """
WITH got AS MATERIALIZED (
    SELECT user_id, min(sent_at) AS at FROM message_recipients
    WHERE message_id = %(id)s AND state IN ('sent', 'deleted') AND sent_at IS NOT NULL GROUP BY user_id),
did AS (
    SELECT got.user_id, e.created_at > got.at AS after,
           e.details::text LIKE ANY(%(presses)s) AND e.created_at > got.at AS pressed
    FROM got JOIN events e ON e.user_id = got.user_id
     AND e.created_at > got.at - %(usually)s AND e.created_at <= got.at + %(after)s
    WHERE e.event_type <> ALL(%(not_their_own)s)),
booked AS (
    SELECT got.user_id, b.created_at > got.at AS after
    FROM got JOIN bookings b ON b.user_id = got.user_id
     AND b.created_at > got.at - %(usually)s AND b.created_at <= got.at + %(after)s)
SELECT (SELECT count(*) FROM got), (SELECT max(at) FROM got),
       (SELECT count(*) FROM did WHERE pressed), (SELECT count(DISTINCT user_id) FROM did WHERE pressed),
       (SELECT count(*) FROM did WHERE after), (SELECT count(DISTINCT user_id) FROM did WHERE after),
       (SELECT count(*) FROM did WHERE NOT after),
       (SELECT count(*) FROM booked WHERE after), (SELECT count(DISTINCT user_id) FROM booked WHERE after),
       (SELECT count(*) FROM booked WHERE NOT after)
"""


def outcome_of(broadcast: Broadcast, *, at: datetime) -> BroadcastOutcome:
    """Read what people did after a broadcast: one query over their events and bookings of 30 days."""
    data = [button["callback_data"] for row in broadcast.buttons for button in row if button.get("callback_data")]
    # A value of the details, whole: the quotes stand around it in the JSON.
    presses = [f'%"{_escaped(value)}"%' for value in data]
    parameters: dict[str, Any] = {
        "id": broadcast.pk,
        "after": AFTER,
        "usually": USUALLY,
        "presses": presses,
        "not_their_own": list(NOT_THEIR_OWN),
    }
    with connection.cursor() as cursor:
        cursor.execute(QUERY, parameters)
        row = cursor.fetchone()
    recipients, last, pressed, pressing, events, active, before, bookings, booking, booked_before = row
    share = USUALLY / AFTER
    return BroadcastOutcome(
        recipients=recipients,
        until=last + AFTER if last else None,
        complete=bool(last and at >= last + AFTER),
        measures=[
            *([Measure("presses", pressed, pressing, None)] if data else []),
            Measure("events", events, active, before / share),
            Measure("bookings", bookings, booking, booked_before / share),
        ],
    )


def _escaped(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text
