"""What the recipients did in the 72 hours after a message, beside what the same people usually do in 72 hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Booking
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.mentions import read_number
from messaging.audiences.lists import AudienceList
from messaging.models import Broadcast, Recipient
from users.models import Event
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
    data = _actions(broadcast)
    # A value of the details, whole: the quotes stand around it in the JSON.
    presses = [f'%"{_escaped(value)}"%' for value in data]
    parameters: dict[str, Any] = {
        "id": broadcast.pk,
        "after": AFTER,
        "usually": USUALLY,
        "presses": presses,
        "not_their_own": list(NOT_THEIR_OWN),
    }
    [row] = run_sql(QUERY, parameters)
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


def _actions(broadcast: Broadcast) -> list[str]:
    """What the bot is told when somebody presses a button of the message."""
    return [button["callback_data"] for row in broadcast.buttons for button in row if button.get("callback_data")]


def _escaped(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text


# Those who did something after a message, and those who did not, as audiences of the next one ------------------------

DID = {
    "booked": pgettext_lazy("after a message", "booked"),
    "not_booked": pgettext_lazy("after a message", "did not book"),
    "pressed": pgettext_lazy("after a message", "pressed a button"),
    "not_pressed": pgettext_lazy("after a message", "did not press"),
    "active": pgettext_lazy("after a message", "did something in the bot"),
    "not_active": pgettext_lazy("after a message", "did nothing in the bot"),
}


def people_after(query: QueryDict, _emails: bool) -> QuerySet[Any, Any]:
    """Who got a message and did, or did not do, something in the 72 hours after it."""
    broadcast, did = _message(query), query.get("did", "")
    if broadcast is None or did not in DID:
        return Recipient.objects.none().values("telegram_user_id")
    got = Recipient.objects.filter(
        message=broadcast, state__in=[Recipient.State.SENT, Recipient.State.DELETED]
    ).exclude(sent_at=None)
    condition = Exists(_doings(broadcast, did.removeprefix("not_")))
    return got.filter(~condition if did.startswith("not_") else condition).values("telegram_user_id")


def _doings(broadcast: Broadcast, did: str) -> QuerySet[Any, Any]:
    after = {
        "telegram_user": OuterRef("telegram_user"),
        "created_at__gt": OuterRef("sent_at"),
        "created_at__lte": OuterRef("sent_at") + AFTER,
    }
    if did == "booked":
        return Booking.objects.filter(**after)
    events = Event.objects.own().filter(**after)
    if did == "active":
        return events
    pressed = Q(pk__in=[])
    for value in _actions(broadcast):
        pressed |= Q(said__contains=f'"{value}"')
    return events.annotate(said=Cast("details", TextField())).filter(pressed)


def people_after_in_words(query: QueryDict) -> list[str]:
    """The message and what they did after it."""
    broadcast = _message(query)
    name = broadcast.name if broadcast and broadcast.name else f"№ {query.get('message', '')}"
    return [name, str(DID.get(query.get("did", ""), ""))]


def _message(query: QueryDict) -> Broadcast | None:
    number = read_number(query.get("message", ""))
    return None if number is None else Broadcast.objects.filter(pk=number).first()


AFTER_A_MESSAGE = AudienceList(
    pgettext_lazy("audience", "Recipients of a message"),
    lambda user: user.has_perm("messaging.view_broadcast"),
    people_after,
    people_after_in_words,
)
