"""What tests of composing share: the form as a browser sends it, and the way to the last page."""

from typing import Any

from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from messaging.models import Draft

NEW = "/messages/new/"
CONFIRMED = Booking.Status.CONFIRMED
MAY_WRITE = ["messaging.add_broadcast", "users.view_telegramuser"]
MAY_SEND = [*MAY_WRITE, "messaging.send_broadcast"]


def form(cell: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "text": "Привет, {first_name|друг}!",
        "kind": "text",
        "link_preview": "on",
        "when": "now",
        "cell": [cell] if cell else [],
        "version": "0",
        "saved_from": "page-1",
        "do": "continue",
    } | changes


def write(client: Client, cell: str, **changes: Any) -> Draft:
    client.post(NEW, form(cell, **changes))
    return Draft.objects.latest("pk")


def confirm(client: Client, draft: Draft, *, recipients: int, **changes: Any) -> Any:
    sent = {"version": draft.version, "recipients": recipients} | changes
    return client.post(reverse("messaging:compose_confirm", args=[draft.pk]), sent)
