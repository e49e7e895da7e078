"""Every number of the pages once more, in plain Python from the rows: nothing here knows how the product counts."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from hsl_dashboard.db import run_sql

Journeys = dict[int, list[Any]]  # a person's moments, None for a step not taken

MOSCOW = ZoneInfo("Europe/Moscow")
DONE_BY_OTHERS = {
    "booking_status_changed", "payment_approved", "free_lesson_reminder_sent", "stats_requested", "referral_created",
    "bot_blocked",
}  # fmt: skip
FIRST = date(2015, 6, 24)


def moment(text: str | None) -> datetime | None:
    """Read a moment that PostgreSQL has written; None for what no calendar of Python holds."""
    if text is None or "infinity" in text or text.endswith("BC") or len(text.split("-", maxsplit=1)[0]) > 4:
        return None
    return datetime.fromisoformat(text)


def _object(text: str | None) -> dict[str, Any]:
    read = json.loads(text) if text else None
    return read if isinstance(read, dict) else {}


class School:
    """All rows that count, with the Moscow day of each."""

    def __init__(self) -> None:
        self.users = {u: moment(at) for u, at in run_sql("SELECT user_id, first_seen_at::text FROM users")}
        self.events = [
            (u, kind, _object(details), moment(at))
            for u, kind, details, at in run_sql(
                "SELECT user_id, event_type, details::text, created_at::text FROM events"
            )
        ]
        self.bookings = [
            (n, u, course, stream, status, code, moment(at))
            for n, u, course, stream, status, code, at in run_sql(
                "SELECT id, user_id, course_id, course_stream, confirmed, referral_code, created_at::text FROM bookings"
            )
        ]
        self.lessons = [
            (u, kind, on, moment(at))
            for u, kind, on, at in run_sql(
                "SELECT user_id, lesson_type, lesson_date::text, registered_at::text FROM free_lesson_registrations"
            )
        ]
        self.changes = [
            (booking, status, is_new, moment(at))
            for booking, status, is_new, at in run_sql(
                "SELECT booking_id, status, is_new, changed_at::text FROM bookings_bookingchange"
                " WHERE booking_id IS NOT NULL ORDER BY id"
            )
        ]
        self.delivered = [moment(at) for (at,) in run_sql("SELECT sent_at::text FROM message_recipients")]

    # Days -------------------------------------------------------------------------------------------------------------

    def confirmed_at(self) -> dict[int, datetime | None]:
        """When each confirmed booking was confirmed."""
        last: dict[int, tuple[bool, datetime | None]] = {}
        for booking, status, is_new, at in self.changes:
            if status == 2:
                last[booking] = (is_new, at)
        told: dict[str, datetime] = {}
        for _u, kind, details, at in self.events:
            if kind == "booking_status_changed" and str(details.get("new_status")) == "2" and at:
                number = str(details.get("booking_id"))
                told[number] = max(at, told.get(number, at))
        found = {}
        for number, _u, _course, _stream, status, _code, made in self.bookings:
            if status == 2:
                is_new, at = last.get(number, (False, None))
                recorded = (made or at) if is_new else at
                found[number] = recorded or told.get(str(number)) or made
        return found

    def signs(self) -> dict[int, datetime]:
        """Each person's first sign of life."""
        found: dict[int, list[datetime]] = defaultdict(list)
        for person, at in self._everything():
            if at and person in self.users:
                found[person].append(at)
        return {person: min(moments) for person, moments in found.items()}

    def _everything(self) -> Iterable[tuple[int, datetime | None]]:
        yield from self.users.items()
        yield from ((u, at) for u, _kind, _details, at in self.events)
        yield from ((b[1], b[6]) for b in self.bookings)
        yield from ((u, at) for u, _kind, _on, at in self.lessons)

    def acts(self) -> Iterable[tuple[int, datetime | None]]:
        """What people did themselves."""
        yield from ((u, at) for u, kind, _details, at in self.events if kind not in DONE_BY_OTHERS)
        yield from ((b[1], b[6]) for b in self.bookings)
        yield from ((u, at) for u, _kind, _on, at in self.lessons)

    def per_day(self, name: str) -> Counter[date]:
        if name == "active":
            return Counter(on for _person, on in {(person, day(at)) for person, at in self.acts() if at})
        if name == "new":
            return Counter(max(day(at), FIRST) for at in self.signs().values())
        moments: dict[str, Iterable[datetime | None]] = {
            "event": (at for *_rest, at in self.events),
            "booking": (b[6] for b in self.bookings),
            "active_booking": (b[6] for b in self.bookings if b[4] != -1),
            "registration": (at for *_rest, at in self.lessons),
            "delivered": self.delivered,
            "confirmed": self.confirmed_at().values(),
        }
        return Counter(day(at) for at in moments[name] if at)

    def types(self, first: date, last: date) -> Counter[str]:
        return Counter(kind for _u, kind, _details, at in self.events if at and first <= day(at) <= last)

    def hours(self, first: date, last: date) -> Counter[tuple[int, int]]:
        """By weekday, Monday is 0, and hour."""
        return Counter(
            (at.astimezone(MOSCOW).weekday(), at.astimezone(MOSCOW).hour)
            for _u, kind, _details, at in self.events
            if at and kind not in DONE_BY_OTHERS and first <= day(at) <= last
        )

    def cohort(self, monday: date, week: date) -> set[int]:
        """Who came in one week and was active in another."""
        came = {person for person, at in self.signs().items() if monday <= day(at) < monday + timedelta(7)}
        return came & {person for person, at in self.acts() if at and week <= day(at) < week + timedelta(7)}

    def sources(self, first: dict[int, datetime]) -> dict[int, str]:
        """The code of each person's first booking with one, at or after the first step."""
        found: dict[int, str] = {}
        for _at, _number, person, code in sorted(
            (b[6], b[0], b[1], b[5].strip(" ").upper())
            for b in self.bookings
            if b[6] and b[5] and b[5].strip(" ") and b[1] in first and b[6] >= first[b[1]]
        ):
            found.setdefault(person, code)
        return found

    # Funnels ----------------------------------------------------------------------------------------------------------

    def course_steps(self, *, course: int | None = None, stream: str | None = None) -> Journeys:
        """The moments of each person's five steps, the first in front."""
        first = firsts((u, at) for u, kind, _details, at in self.events if kind == "start_command")
        confirmed = self.confirmed_at()
        mine = [b for b in self.bookings if (course is None or b[2] == course) and (stream is None or b[3] == stream)]
        later: list[list[tuple[int, datetime | None]]] = [
            [
                (u, at)
                for u, kind, details, at in self.events
                if kind == "view_program" and (course is None or str(details.get("course_id")) == str(course))
            ],
            [(b[1], b[6]) for b in mine],
            [(u, at) for u, kind, _d, at in self.events if kind.endswith(("payment_proof", "payment_proof_uploaded"))],
            [(b[1], confirmed.get(b[0])) for b in mine if b[6]],
        ]
        return steps(first, later)

    def lesson_steps(self, *, lesson: str | None = None, on: str | None = None) -> Journeys:
        first = firsts(
            (u, at)
            for u, kind, date_on, at in self.lessons
            if (lesson is None or kind == lesson) and (on is None or date_on == on)
        )
        confirmed = self.confirmed_at()
        later: list[list[tuple[int, datetime | None]]] = [
            [
                (u, at)
                for u, kind, details, at in self.events
                if kind == "lesson_link_clicked" and (lesson is None or lesson_in(details) == lesson)
            ],
            [(b[1], b[6]) for b in self.bookings],
            [(b[1], confirmed.get(b[0])) for b in self.bookings if b[6]],
        ]
        return steps(first, later)


def day(at: datetime) -> date:
    return at.astimezone(MOSCOW).date()


def lesson_in(details: dict[str, Any]) -> Any:
    inside = details.get("lesson")
    return details.get("lesson_type") or (inside.get("lesson_type") if isinstance(inside, dict) else None)


def firsts(acts: Iterable[tuple[int, datetime | None]]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for person, at in acts:
        if at and at < found.get(person, at + timedelta(1)):
            found[person] = at
    return found


def steps(first: dict[int, datetime], later: list[list[tuple[int, datetime | None]]]) -> Journeys:
    found: Journeys = {person: [at, *([None] * len(later))] for person, at in first.items()}
    for place, acts in enumerate(later, start=1):
        for person, at in acts:
            if at and person in first and at >= first[person]:
                had = found[person][place]
                found[person][place] = at if had is None else min(had, at)
    return found


def funnel(journeys: Journeys, first: date, last: date, *, window: int | None = None) -> list[tuple[int | None, ...]]:
    """Per step: people, percent of the first, percent of the step before, median and 75th percentile of seconds."""
    inside = [moments for moments in journeys.values() if moments[0] and first <= day(moments[0]) <= last]
    if window is not None:
        limit = timedelta(window)
        inside = [[at if at and at < moments[0] + limit else None for at in moments] for moments in inside]
    found: list[tuple[int | None, ...]] = []
    for place in range(len(inside[0]) if inside else 0):
        people = sum(1 for moments in inside if moments[place])
        if not place:
            found.append((people, 100 if people else None, None, None, None))
            continue
        before = [moments for moments in inside if moments[place - 1]]
        both = [moments for moments in before if moments[place]]
        spells = [(m[place] - m[place - 1]).total_seconds() for m in both if m[place] >= m[place - 1]]
        found.append(
            (
                people,
                percent(people, len(inside)),
                percent(len(both), len(before)),
                round(median(spells)) if spells else None,
                round(quartile(spells)) if spells else None,
            )
        )
    return found


def quartile(values: list[float]) -> float:
    """The 75th percentile, between the two values around it."""
    ordered = sorted(values)
    place = 0.75 * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def percent(part: int, whole: int) -> int | None:
    return int(100 * part / whole + 0.5) if whole else None
