"""Gives bookings the messages to students: their texts, the outbox, and reasons for failures."""

from bookings.notices import Notifier, register_notifier
from messaging.automations.notices import (
    fill_in,
    hold_in_outbox,
    put_in_outbox,
    take_out_of_outbox,
    waits_in_outbox,
    write_notice,
)
from messaging.models import Recipient


def tell_students_about_bookings() -> None:
    """Called once, when the app is ready."""
    register_notifier(
        Notifier(
            write=write_notice,
            fill=fill_in,
            queue=put_in_outbox,
            explain=explain,
            waits=waits_in_outbox,
            hold=hold_in_outbox,
            take_back=take_out_of_outbox,
        )
    )


def explain(reason: str) -> str:
    """Say why a message did not arrive."""
    for words in (Recipient.Reason, Recipient.State):
        if reason in words.values:
            return str(words(reason).label)
    return reason
