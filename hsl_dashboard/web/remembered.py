"""Counts over so many rows that no request waits for them: remembered with their moment, counted again by beat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.utils import timezone

KEPT_FOR = 290  # seconds: no count that beat renews by itself is shown when it is older than five minutes
# What takes beat up to minutes is counted only where somebody has asked, and again when it is so old (seconds).
ASKED_KEPT_FOR, RENEWED_AFTER = 60 * 60, 15 * 60
ASKED = "remembered-asked"
# Counts of so many are remembered; fewer take some 10 ms.
MANY = 20_000

N = TypeVar("N")


@dataclass(frozen=True)
class Remembered(Generic[N]):
    """A number, or what was counted together, and when; no moment: just now."""

    number: N
    at: datetime | None = None


def remembered(key: str, count: Callable[[], N], *, anew: bool = False, kept_for: int = KEPT_FOR) -> Remembered[N]:
    """Give the number that was counted last, or count; ``anew`` is beat's. What fails is not remembered."""
    known: Remembered[N] | None = None if anew else cache.get(key)
    if known is None:
        known = Remembered(count(), timezone.now())
        cache.set(key, known, kept_for)
    return known


def remembered_when_many(
    key: str, count: Callable[[], N], *, size: Callable[[N], int], anew: bool = False
) -> Remembered[N]:
    """Count, or give what was counted last where that was MANY or more, as ``size`` says; ``anew`` is beat's."""
    known: Remembered[N] | None = None if anew else cache.get(key)
    if known is not None:
        return known
    number = count()
    if size(number) < MANY:
        cache.delete(key)
        return Remembered(number)
    known = Remembered(number, timezone.now())
    cache.set(key, known, KEPT_FOR)
    return known


def is_remembered(key: str) -> bool:
    return cache.get(key) is not None


def ask_for(key: str, question: Any) -> Remembered[int] | None:
    """Give the number that beat has counted, or None, and have it counted soon; ``question`` says what to count."""
    cache.set(ASKED, (cache.get(ASKED) or {}) | {key: question}, ASKED_KEPT_FOR)
    known: Remembered[int] | None = cache.get(key)
    return known


def answer_asked(count: Callable[[Any], int]) -> None:
    """Count what pages have asked for since, each unless it was counted lately; beat's."""
    asked: dict[str, Any] = cache.get(ASKED) or {}
    cache.delete(ASKED)
    for key, question in asked.items():
        known: Remembered[int] | None = cache.get(key)
        if known is None or known.at is None or timezone.now() - known.at > timedelta(seconds=RENEWED_AFTER):
            remembered(key, partial(count, question), anew=True, kept_for=ASKED_KEPT_FOR)
