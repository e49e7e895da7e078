"""The people of a stream as JSON: who booked it, and who viewed its programme; whole, or piece by piece."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Subquery

from bookings.statistics import FIRST_BELIEVABLE, has_very_many_views, viewed_of_stream, views_of_programme
from bookings.views.streams import ChosenStream
from hsl_dashboard.web.api.answers import iso_moment
from hsl_dashboard.web.api.cursors import WHOLE, by_key, newest_first
from hsl_dashboard.web.remembered import Remembered
from users.models import LivePersonTotals
from users.people.search import is_one_of

BOOKED = ("telegram_user_id", "username", "first_name", "confirmed", "created_at")
VIEWED = "viewed."  # before a cursor of the second part: who viewed and did not book


def whole_stream(chosen: ChosenStream) -> dict[str, Any]:
    """Everybody at once, the newest first, as the previous dashboard did; at most WHOLE of either kind."""
    booked = _booked(chosen.bookings.newest_first().values_list(*BOOKED)[:WHOLE])
    since = chosen.campaign_start
    viewed, _following = _viewed(chosen, since, few=not has_very_many_views(since), cursor="", limit=WHOLE)
    students = sorted(
        booked + viewed,
        key=lambda row: (row["created_at"] is None, row["created_at"] or FIRST_BELIEVABLE),
        reverse=True,
    )
    return {"total": chosen.counts.total + len(viewed), "students": as_json(students)}


def as_json(students: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as they stand on the wire."""
    for row in students:
        row["user_id"] = str(row["user_id"])
        for name in ("created_at", "last_activity"):
            row[name] = iso_moment(row[name]) if row[name] else None
    return students


def piece_of_stream(
    chosen: ChosenStream, *, cursor: str, limit: int
) -> tuple[list[dict[str, Any]], Remembered[int], str]:
    """A piece: bookings, newest first, and after the last of them who viewed, by id; how many there are; the next one.

    Very many who viewed are counted by beat; until then they are not in the total.
    """
    since = chosen.campaign_start
    counted = viewed_of_stream((chosen.course_id, chosen.code), since)
    few = counted is not None and counted.at is None
    found: list[dict[str, Any]] = []
    following = ""
    if not cursor.startswith(VIEWED):
        bookings, following = newest_first(chosen.bookings, column="created_at", cursor=cursor, limit=limit)
        found, cursor = _booked([tuple(getattr(row, name) for name in BOOKED) for row in bookings]), VIEWED
    if not following and len(found) < limit:
        rest = limit - len(found)
        viewed, following = _viewed(chosen, since, few=few, cursor=cursor.removeprefix(VIEWED), limit=rest)
        found, following = found + viewed, following and VIEWED + following
    elif not following:
        following = VIEWED
    if counted is None:
        return found, Remembered(chosen.counts.total), following
    return found, Remembered(chosen.counts.total + counted.number, counted.at), following


def _booked(bookings: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    rows = [
        {
            "user_id": person,
            "username": username,
            "first_name": first_name,
            "confirmed": confirmed,
            "created_at": created_at,
            "source": "booking",
        }
        for person, username, first_name, confirmed, created_at in bookings
    ]
    return _with_activity(rows)


def _viewed(
    chosen: ChosenStream, since: datetime | None, *, few: bool, cursor: str, limit: int
) -> tuple[list[dict[str, Any]], str]:
    people = chosen.people_who_viewed(since) if few else chosen.people_to_walk_who_viewed(since)
    views = views_of_programme(course_id=chosen.course_id, since=since).filter(telegram_user=OuterRef("pk"))
    # The order of the index on (person, moment), read from its end.
    first = Subquery(views.order_by(F("created_at").asc(nulls_first=True)).values("created_at")[:1])
    named = people.annotate(first=first).values("user_id", "username", "first_name", "first")
    found, following = by_key(named, cursor=cursor, limit=limit, key="user_id")
    rows = [
        {
            "user_id": row["user_id"],
            "username": row["username"],
            "first_name": row["first_name"],
            "confirmed": None,
            "created_at": row["first"],
            "source": "viewed",
        }
        for row in found
    ]
    return _with_activity(rows), following


def _with_activity(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    totals = LivePersonTotals.objects.filter(is_one_of(list({row["user_id"] for row in rows})))
    did = {pk: (events, at) for pk, events, at in totals.values_list("pk", "events", "last_activity_at")}
    for row in rows:
        row["events_count"], row["last_activity"] = did.get(row["user_id"], (0, None))
    return rows
