"""Why a broadcast stands still, in words."""

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class StateReason(TextChoices):
    """The first word of ``state_reason``; Telegram's own words, or those of staff, may follow after a colon."""

    STAFF = "staff", gettext_lazy("Paused by staff")
    SAME_REFUSAL = "same_refusal", gettext_lazy("Telegram refuses the message itself")
    ERROR_BURST = "error_burst", gettext_lazy("Too many errors one after the other")
    NO_ANSWERS = "no_answers", gettext_lazy("Telegram does not answer")
    WRONG_TOKEN = "wrong_token", gettext_lazy("Telegram does not accept the bot's token")
    NO_FILE = "no_file", gettext_lazy("The file cannot be read")
    LATE = "late", gettext_lazy("The scheduled time passed while sending was not running")
    TAKEN_BACK = "taken_back", gettext_lazy("Returned to a draft")
    PREVIOUS_DASHBOARD = "previous_dashboard", gettext_lazy("Scheduled by the previous dashboard")
    RESTORED = "restored", gettext_lazy("The database came back from a backup")


# What the door to Telegram writes down itself, by its beginning; rows from before hold names of classes.
_OWN_WORDS = {
    "Timed out": gettext_lazy("No answer in time"),
    "Connection broke off": gettext_lazy("The connection broke off"),
    "ClientOSError": gettext_lazy("The connection broke off"),
    "ServerDisconnectedError": gettext_lazy("The connection broke off"),
    "ClientPayloadError": gettext_lazy("The connection broke off"),
    "Cannot connect": gettext_lazy("Could not connect"),
    "Invalid answer": gettext_lazy("The answer could not be read"),
}


def telegram_words(stored: str) -> str:
    """Telegram's own words as they are; ours in the language of the reader."""
    return next((str(words) for beginning, words in _OWN_WORDS.items() if stored.startswith(beginning)), stored)


def with_words(reason: StateReason, words: str) -> str:
    """What is stored: the reason and the words that explain it."""
    return f"{reason}: {words}" if words else str(reason)


def describe_reason(stored: str) -> str:
    """What staff read."""
    code, _colon, words = stored.partition(": ")
    if code not in StateReason.values:
        return stored
    label = str(StateReason(code).label)
    return _("%(reason)s: %(words)s") % {"reason": label, "words": words} if words else label
