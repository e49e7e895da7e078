"""A person's timeline: everything that is known of them, newest first, out of tables of every app in one query.

Each app says where its entries come from (``PersonExtension.sources``). All of them are read together and cut by (at,
rank, number), so that page 50 costs what page 1 costs and an entry never comes twice.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.calendar import moment_of
from hsl_dashboard.db import run_sql
from users.models import User
from users.person.extensions import Source, timeline_sources

PAGE_SIZE = 30  # entries: two screens
LONGEST_DETAILS = 20_000  # characters

KINDS: dict[str, Promise] = {
    "event": _("Bot events"),
    "booking": _("Bookings"),
    "status": _("Status changes"),
    "message": _("Messages"),
    "note": _("Notes"),
    "audit": _("Audit"),
}


@dataclass(frozen=True)
class Entry:
    """One moment in somebody's life with the school."""

    kind: str
    template: str
    at: datetime | None
    number: int
    data: dict[str, Any]
    actor: str  # empty: the bot, or nobody known


@dataclass(frozen=True)
class TimelinePlace:
    """The last entry of a page; the next page begins below it."""

    at: datetime | None
    rank: int
    number: int

    def encode(self) -> str:
        return f"{self.at.isoformat() if self.at else ''}~{self.rank}~{self.number}"

    @classmethod
    def decode(cls, text: str) -> Self | None:
        """Read a place out of an address; None for anything that no page of ours has written."""
        found = re.fullmatch(r"([^~]{0,40})~(\d{1,4})~(\d{1,18})", text, re.ASCII)
        if not found:
            return None
        at = moment_of(found[1]) if found[1] else None
        if found[1] and at is None:
            return None
        return cls(at, int(found[2]), int(found[3]))


@dataclass(frozen=True)
class Timeline:
    """A page of entries, and where the next one begins (empty: nowhere)."""

    entries: list[Entry]
    more: str


def kinds_for(by: User) -> list[str]:
    """List the kinds of entries that a member of staff may see."""
    seen = {source.kind for source in _sources_for(by)}
    return [kind for kind in KINDS if kind in seen]


def read_timeline(person_id: int, *, by: User, kind: str = "", before: TimelinePlace | None = None) -> Timeline:
    """Read a page of a person's timeline (one query, however many sources there are, and what they add)."""
    sources = {source.rank: source for source in _sources_for(by) if kind in {"", source.kind}}
    if not sources:
        return Timeline([], "")
    params: dict[str, Any] = {
        "person": person_id,
        "claimed": [event_type for source in timeline_sources() for event_type in source.claims] or [""],
        "limit": PAGE_SIZE + 1,
    }
    if before:
        params |= {"before_at": before.at, "before_number": before.number}
    rows = run_sql(_query(sources.values(), before), params)
    told = [(rank, json.loads(data)) for _at, rank, _number, data, _actor in rows[:PAGE_SIZE]]
    for rank, source in sources.items():
        if source.prepare and (mine := [data for other, data in told if other == rank]):
            source.prepare(person_id, mine, by)
    entries = [
        Entry(sources[rank].kind, sources[rank].template, at, number, data, actor or "")
        for (at, _rank, number, _data, actor), (rank, data) in zip(rows, told, strict=False)
    ]
    at, rank, number = rows[PAGE_SIZE - 1][:3] if len(rows) > PAGE_SIZE else (None, 0, 0)
    return Timeline(entries, TimelinePlace(at, rank, number).encode() if len(rows) > PAGE_SIZE else "")


def actor_in(context: str) -> str:
    """Give the SQL for the staff account in a row of pghistory's context; NULL for anything else in there."""
    return f"(CASE WHEN {context}.metadata->>'user' ~ '^[0-9]{{1,9}}$' THEN ({context}.metadata->>'user')::integer END)"


def _sources_for(by: User) -> list[Source]:
    return [source for source in timeline_sources() if by.has_perm(source.permission)]


def _query(sources: Iterable[Source], before: TimelinePlace | None) -> str:
    parts = " UNION ALL ".join(f"({_part(source, before)})" for source in sources)
    order = "at DESC NULLS LAST, rank DESC, number DESC"
    return f"""
        SELECT t.at, t.rank, t.number, t.data::text,
            COALESCE(NULLIF(btrim(u.first_name || ' ' || u.last_name), ''), u.username)
        FROM (SELECT * FROM ({parts}) AS everything ORDER BY {order} LIMIT %(limit)s) AS t
        LEFT JOIN staff_user AS u ON u.id = t.actor
        ORDER BY {order}
    """  # noqa: S608 - sources are ours


def _part(source: Source, before: TimelinePlace | None) -> str:
    # Each source gives a page at most, so that it reads the newest end of its index and stops.
    return f"""
        SELECT s.at, {source.rank} AS rank, s.number, s.data, s.actor FROM ({source.sql}) AS s
        WHERE {_below(source.rank, before)} ORDER BY s.at DESC NULLS LAST, s.number DESC LIMIT %(limit)s
    """  # noqa: S608 - sources are ours


def _below(rank: int, before: TimelinePlace | None) -> str:
    """Say in SQL which rows of a source stand below a place; those without a time stand below all others."""
    if before is None:
        return "true"
    same_moment = "s.at IS NULL" if before.at is None else "s.at = %(before_at)s"
    later = "false" if before.at is None else "s.at < %(before_at)s OR s.at IS NULL"
    if rank == before.rank:
        return f"({later} OR {same_moment} AND s.number < %(before_number)s)"
    return f"({later} OR {same_moment})" if rank < before.rank else f"({later})"
