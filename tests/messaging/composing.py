"""What tests of composing share: the form as a browser sends it, and the way to the last page."""

from collections.abc import Sequence
from typing import Any

from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from messaging.models import Draft

NEW = "/messages/new/"
CONFIRMED = Booking.Status.CONFIRMED
MAY_WRITE = ["messaging.add_broadcast", "users.view_telegramuser"]
MAY_SEND = [*MAY_WRITE, "messaging.send_broadcast"]


def form(cell: str = "", *, buttons: Sequence[tuple[str, str, str]] = (), **changes: Any) -> dict[str, Any]:
    """What a browser sends; ``buttons`` are lines of words, target and row."""
    names = ("text", "target", "row")
    lines = {
        f"buttons-{n}-{name}": typed for n, line in enumerate(buttons) for name, typed in zip(names, line, strict=True)
    }
    return (
        {
            "buttons-TOTAL_FORMS": len(buttons),
            "buttons-INITIAL_FORMS": 0,
            "text": "Привет, {first_name|друг}!",
            "kind": "text",
            "link_preview": "on",
            "when": "now",
            "cell": [cell] if cell else [],
            "version": "0",
            "saved_from": "page-1",
        }
        | lines
        | changes
    )


def address(verb: str = "", draft: Draft | None = None) -> str:
    """Where a verb of the form is posted: with a draft, or before there is one."""
    return reverse(f"messaging:{verb or 'compose_message'}", args=[draft.pk] if draft else [])


def write(client: Client, cell: str, verb: str = "draft_check", **changes: Any) -> Draft:
    client.post(address(verb), form(cell, **changes))
    return Draft.objects.latest("pk")


def confirm(client: Client, draft: Draft, *, recipients: int, **changes: Any) -> Any:
    sent = {"version": draft.version, "recipients": recipients} | changes
    return client.post(reverse("messaging:compose_confirm", args=[draft.pk]), sent)
