"""Who has which payment open: a note in the cache that fades by itself; without Redis nobody is seen."""

from collections.abc import Iterable

from django.core.cache import cache

from users.models import User

SEEN_FOR = 45  # seconds; the page says every 15 that it is still open
# The page rests while its tab is hidden (js/polling.js): whoever looks for the receipt in the school's chat comes back.
AWAY_FOR = 5 * 60  # seconds


def note_open(payment: int, by: User, *, leaves: bool = False) -> None:
    """Note that somebody has a payment open; ``leaves``: from now on their page says nothing until they look again."""
    cache.set(_key(payment), (by.pk, by.shown_name), AWAY_FOR if leaves else SEEN_FOR)


def opened_by_others(payments: Iterable[int], by: User) -> dict[int, str]:
    """Name who else has which payment open."""
    keys = {_key(payment): payment for payment in payments}
    found = cache.get_many(keys) if keys else {}
    return {keys[key]: name for key, (user, name) in found.items() if user != by.pk}


def _key(payment: int) -> str:
    return f"payment-open-{payment}"
