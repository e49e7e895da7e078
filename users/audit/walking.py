"""A page of the audit: only so many lines are looked at for it, whatever is asked of however many."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from hsl_dashboard.db import run_sql
from hsl_dashboard.web.keyset import LAST, Place, Slice, Sorting, slice_of
from users.audit.filters import NOBODY, AuditFilter, beginning_in_reason, ways_to_find, word_in_reason
from users.models import AuditEntry

NEWEST_FIRST = Sorting("at", descending=True)
WALKED = 5_000  # lines: a page looks at them in 15 ms, with words compared in each
RARE = 2_000  # lines that a search finds: so many are sorted rather than met on the way
# Of lines: the shares that PostgreSQL assumes for a word and for a beginning that its statistics do not name.
UNKNOWN_WORD, UNKNOWN_BEGINNING = 0.0051, 0.0201
PERIOD = ("since", "until")


@dataclass(frozen=True)
class AuditPage(Slice[AuditEntry]):
    """A page; where ``WALKED`` lines did not fill it, ``looked_to`` says how far they went: its neighbour goes on."""

    looked_to: datetime | None = None


@dataclass(frozen=True)
class _Seen:
    """What a walk has met: the lines that fit, and the line where it stopped; None: there are no more."""

    found: list[int]
    end: tuple[datetime, int] | None


def audit_page(narrowed: AuditFilter, *, before: str, after: str, size: int) -> AuditPage:
    """Cut the page before or after a place, as ``slice_of`` does; ``narrowed`` is valid.

    One condition has an index in the order of the page. Of several, the one with the fewest lines is walked and the
    others are asked of each line.
    """
    conditions, values = narrowed.conditions(), narrowed.values()
    lines = AuditEntry.objects.filter(*(conditions.pop(name) for name in PERIOD if name in conditions))
    # NULL is in no order that an index gives: what nobody did is met among all.
    ordered = [name for name in ("person", "by", "what") if name in conditions and values[name] != NOBODY]
    if len(conditions) == len(ordered) < 2:
        rows = lines.filter(*conditions.values())
        page = slice_of(rows, sorting=NEWEST_FIRST, before=before, after=after, size=size, listed=0)
        return AuditPage(**vars(page))
    walked = _least(lines, conditions, ordered, searched=values.get("q", ""))
    fits = reduce(and_, conditions.values())
    return _cut(walked, fits, before=before, after=after, size=size)


def _least(
    lines: "QuerySet[AuditEntry]", conditions: dict[str, Q], ordered: Sequence[str], *, searched: str
) -> "QuerySet[AuditEntry]":
    """Say which lines to walk: the fewest among which all are that fit."""
    if "person" in conditions:  # nobody has many
        return lines.filter(conditions["person"])
    ways = {name: lines.filter(conditions[name]) for name in ("by", "what") if name in conditions} | {"": lines}
    counts = _counts(ways)
    least = min(counts, key=lambda name: counts[name])
    if counts[least] <= WALKED:
        return ways[least]
    if searched and (found := _rare(searched)) is not None:
        return lines.filter(pk__in=found)
    return ways[ordered[0] if ordered else ""]


def _counts(ways: "dict[str, QuerySet[AuditEntry]]") -> dict[str, int]:
    """Count the lines of each way, up to one more than ``WALKED``; one query, of indexes alone."""
    parts = [_compiled(rows.order_by().values("at")[: WALKED + 1]) for rows in ways.values()]
    columns = ", ".join(f"(SELECT count(*) FROM ({sql}) AS part)" for sql, _params in parts)  # noqa: S608 - Django's
    [counts] = run_sql(f"SELECT {columns}", [param for _sql, params in parts for param in params])
    return dict(zip(ways, counts, strict=True))


def _rare(searched: str) -> list[int] | None:
    """The lines that a search finds, by number; None where they are many."""
    ways = {name: AuditEntry.objects.filter(way).order_by() for name, way in ways_to_find(searched).items()}
    if "words" in ways and _are_common(searched):
        return None
    first, *others = (rows.values_list("pk", flat=True)[: RARE + 1] for rows in ways.values())
    found = set(first.union(*others, all=True)[: RARE + 1])
    return list(found) if len(found) <= RARE else None


def _are_common(searched: str) -> bool:
    """Say whether each of the words is in many reasons, by the statistics ``users_audit_words``.

    The index of words gives all lines of each word, or none: its first 2,000 of 250,000 would cost as much as all.
    """
    words = re.findall(r"\w+", searched)
    asked = [*map(word_in_reason, words), *map(beginning_in_reason, words)]
    every, *others = (AuditEntry.objects.filter(condition).order_by().values("pk") for condition in (Q(), *asked))
    plan = json.loads(every.union(*others, all=True).explain(format="json"))[0]["Plan"]
    lines, *numbers = (part["Plan Rows"] for part in plan["Plans"])
    whole, begun = numbers[: len(words)], numbers[len(words) :]
    return all(
        number > max(RARE, UNKNOWN_WORD * lines) or beginning > max(RARE, UNKNOWN_BEGINNING * lines)
        for number, beginning in zip(whole, begun, strict=True)
    )


def _cut(walked: "QuerySet[AuditEntry]", fits: Q, *, before: str, after: str, size: int) -> AuditPage:
    place = Place.decode(after or before)
    backwards = not after and bool(place or before == LAST)
    beyond = NEWEST_FIRST.beyond(place, AuditEntry, backwards=backwards) if place else None
    if place and beyond is None:
        place, backwards = None, False
    seen = _walk(walked if beyond is None else walked.filter(beyond), fits, size=size + 1, backwards=backwards)
    rows = sorted(AuditEntry.objects.filter(pk__in=seen.found[:size]), key=NEWEST_FIRST.key, reverse=True)
    # Beyond the page in the direction of the walk: another line that fits, or where the next walk begins.
    number = (place.number if place else 0) if backwards else (place.number if place else 1)
    onwards = number and number + (-1 if backwards else 1)
    if len(seen.found) > size:
        beyond_it = NEWEST_FIRST.place_of(rows[0 if backwards else -1], onwards).encode()
    else:
        beyond_it = "" if seen.end is None else Place(seen.end[0].isoformat(), seen.end[1], onwards).encode()
    behind = ""
    if place:  # the row there, which the page does not have, and those on its other side
        back = number and number - (-1 if backwards else 1)
        behind = Place(place.value, place.pk + (1 if backwards else -1), back).encode()
    return AuditPage(
        rows=rows,
        number=1 if backwards and not beyond_it else number,
        before=beyond_it if backwards else behind,
        after=behind if backwards else beyond_it,
        counted=None,
        looked_to=seen.end[0] if seen.end and len(seen.found) <= size else None,
    )


def _walk(rows: "QuerySet[AuditEntry]", fits: Q, *, size: int, backwards: bool) -> _Seen:
    """Look at ``WALKED`` lines in the order of the page; one query."""
    asked = rows.annotate(fits=ExpressionWrapper(fits, BooleanField())).values_list("pk", "at", "fits")
    try:
        sql, params = _compiled(asked.order_by(*NEWEST_FIRST.order(backwards=backwards))[:WALKED])
    except EmptyResultSet:
        return _Seen([], None)
    to, back = ("ASC", "DESC") if backwards else ("DESC", "ASC")
    walked = run_sql(
        f"WITH walked (id, at, fits) AS MATERIALIZED ({sql})"  # noqa: S608 - the query is Django's
        f" SELECT ARRAY(SELECT id FROM walked WHERE fits ORDER BY at {to}, id {to} LIMIT {size}),"
        " (SELECT count(*) FROM walked), last.at, last.id FROM walked AS last"
        f" ORDER BY at {back}, id {back} LIMIT 1",
        params,
    )
    if not walked:
        return _Seen([], None)
    [(found, count, at, pk)] = walked
    return _Seen(found, (at, pk) if count == WALKED else None)


def _compiled(rows: "QuerySet[AuditEntry, Any]") -> tuple[str, tuple[Any, ...]]:
    sql, params = rows.query.get_compiler(connection=connection).as_sql()
    return sql, params
