"""A broadcast with its recipients, for the tests of its pages."""

from django.urls import reverse

from messaging.models import Broadcast, Recipient
from tests.factories import BroadcastFactory, RecipientFactory

State = Broadcast.State


def page(broadcast: Broadcast, name: str = "detail") -> str:
    return reverse(f"messaging:broadcast_{name}", args=[broadcast.pk])


def group(**fields) -> Broadcast:
    values = {"recipient_type": "group", "recipient_group": "8th_stream", "state": State.FINISHED, **fields}
    return BroadcastFactory.create(**values)


def recipients(broadcast: Broadcast, **counts: int) -> list[Recipient]:
    return [RecipientFactory.create(message=broadcast, state=state) for state, n in counts.items() for _ in range(n)]


def state_of(row: Broadcast | Recipient) -> str:
    row.refresh_from_db()
    return row.state
