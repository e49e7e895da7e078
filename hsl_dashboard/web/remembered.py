"""Counts over so many rows that no request waits for them: remembered with their moment, counted again by beat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.cache import cache
from django.utils import timezone

KEPT_FOR = 290  # seconds: no count that beat renews by itself is shown when it is older than five minutes
# What takes beat up to minutes is counted only where somebody has asked, and again when it is so old (seconds).
ASKED_KEPT_FOR, RENEWED_AFTER = 60 * 60, 15 * 60
ASKED = "remembered-asked"


@dataclass(frozen=True)
class Remembered:
    """A number, and when it was counted; no moment: just now."""

    number: int
    at: datetime | None = None


def remembered(key: str, count: Callable[[], int], *, anew: bool = False, kept_for: int = KEPT_FOR) -> Remembered:
    """Give the number that was counted last, or count; ``anew`` is beat's. What fails is not remembered."""
    known: Remembered | None = None if anew else cache.get(key)
    if known is None:
        known = Remembered(count(), timezone.now())
        cache.set(key, known, kept_for)
    return known


def ask_for(key: str, question: Any) -> Remembered | None:
    """Give the number that beat has counted, or None, and have it counted soon; ``question`` says what to count."""
    cache.set(ASKED, (cache.get(ASKED) or {}) | {key: question}, ASKED_KEPT_FOR)
    known: Remembered | None = cache.get(key)
    return known


def answer_asked(count: Callable[[Any], int]) -> None:
    """Count what pages have asked for since, each unless it was counted lately; beat's."""
    asked: dict[str, Any] = cache.get(ASKED) or {}
    cache.delete(ASKED)
    for key, question in asked.items():
        known: Remembered | None = cache.get(key)
        if known is None or known.at is None or timezone.now() - known.at > timedelta(seconds=RENEWED_AFTER):
            remembered(key, partial(count, question), anew=True, kept_for=ASKED_KEPT_FOR)
