"""Counts over so many rows that no request waits for them: remembered with their moment, counted again by beat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

KEPT_FOR = 290  # seconds: no count that a page shows is older than five minutes


@dataclass(frozen=True)
class Remembered:
    """A number, and when it was counted; no moment: just now."""

    number: int
    at: datetime | None = None


def remembered(key: str, count: Callable[[], int], *, anew: bool = False) -> Remembered:
    """Give the number that was counted last, or count; ``anew`` is beat's. What fails is not remembered."""
    known: Remembered | None = None if anew else cache.get(key)
    if known is None:
        known = Remembered(count(), timezone.now())
        cache.set(key, known, KEPT_FOR)
    return known
