"""How many data problems there are, kept in the cache: pages show the number and never count for it."""

from collections.abc import Callable, Iterable

from django.core.cache import cache

from bookings.quality.problems import Finding, kinds

KEY = "data-problems"
KEPT_FOR = 60 * 60  # seconds; beat counts every four minutes, and the page of problems whenever it is opened


def remember_problems(findings: Iterable[Finding]) -> None:
    """Keep the count of each kind; kinds that are not among ``findings`` keep theirs."""
    counts = cache.get(KEY) or {}
    cache.set(KEY, counts | {finding.kind.name: finding.count for finding in findings}, KEPT_FOR)


def known_problems(may: Callable[[str], bool]) -> int:
    """Add up what was counted last, of the kinds that a member of staff may see; 0 while nobody has counted."""
    counts = cache.get(KEY) or {}
    return sum(counts.get(name, 0) for name, permission in kinds() if may(permission))
