"""People's totals counted once more, in Python, from all rows: slow, plain, and sharing no code with the triggers."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from hsl_dashboard.db import run_sql
from hsl_dashboard.folding import fold

MOSCOW = ZoneInfo("Europe/Moscow")
STATUS = {-1: 1, 0: 3, 1: 4, 2: 5}
NOT_BY_THE_PERSON = {
    "booking_status_changed", "payment_approved", "free_lesson_reminder_sent", "stats_requested", "referral_created",
    "bot_blocked",
}  # fmt: skip


def by_person(rows):
    people: dict[int, list[Any]] = {}
    for user_id, *rest in rows:
        people.setdefault(user_id, []).append(rest)
    return people


def temperature(moments: list[datetime]) -> int:
    today = timezone.now().astimezone(MOSCOW).date()
    days = Counter(moment.astimezone(MOSCOW).date() for moment in moments)
    window = {day: n for day, n in days.items() if day > today - timedelta(days=7)}
    events = sum(window.values())
    for degree, least_events, least_days in ((3, 20, 5), (2, 10, 3), (1, 5, 0)):
        if events >= least_events and len(window) >= least_days:
            return degree
    return 0


def searched_text(user_id: int, username: str | None, first_name: str | None, last_name: str | None) -> str:
    first, last, name = ((part or "")[:100] for part in (first_name, last_name, username))
    return fold(f"{first} {last} @{name} {user_id}")


def counted_totals() -> dict[int, dict[str, Any]]:
    bookings = by_person(run_sql("SELECT user_id, id, confirmed, course_stream, created_at FROM bookings"))
    events = by_person(run_sql("SELECT user_id, created_at, event_type FROM events"))
    lessons = by_person(run_sql("SELECT user_id, registered_at, lesson_type FROM free_lesson_registrations"))
    blocked = {row[0] for row in run_sql("SELECT user_id FROM blocked_users")}
    totals = {}
    people = run_sql("SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM users")
    for user_id, username, first_name, last_name, language, first_seen in people:
        mine = bookings.get(user_id, [])
        # Newest last; a booking without a time is older than any with one.
        mine.sort(key=lambda b: (b[3] is not None, b[3] or datetime.min.replace(tzinfo=MOSCOW), b[0]))
        own = [e[0] for e in events.get(user_id, []) if e[0] and e[1] not in NOT_BY_THE_PERSON]
        activity = [*own, *(b[3] for b in mine if b[3]), *(r[0] for r in lessons.get(user_id, []) if r[0])]
        totals[user_id] = {
            "language_code": language or "",
            "first_seen_at": first_seen,
            "bookings": len(mine),
            "events": len(events.get(user_id, [])),
            "lessons": len(lessons.get(user_id, [])),
            "has_active_booking": any(b[1] != -1 for b in mine),
            "latest_stream": (mine[-1][2] or "") if mine else "",
            "latest_status": STATUS.get(mine[-1][1], 2) if mine else 0,
            "last_activity_at": max(activity, default=None),
            "temperature": -1 if any(b[1] == 2 for b in mine) else temperature(own),
            "blocked": user_id in blocked,
            "search_text": searched_text(user_id, username, first_name, last_name),
            "lesson_types": sorted({r[1] for r in lessons.get(user_id, []) if r[1] is not None}),
        }
    return totals
