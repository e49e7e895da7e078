"""Counts of people and of what they did, day by day of the school's calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncDate

from hsl_dashboard.db import loose_scan
from hsl_dashboard.web.days import day_begins
from users.leads import lead_activity
from users.models import ERASED_FROM, Event, LeadRules, LeadTemperature, PersonTotals

Row = TypeVar("Row", bound=tuple[Any, ...])

KEPT = 60  # seconds for which a count over many events is given again
RECENT = 2_000  # newest events looked through for «at most two per person»


def people_count() -> int:
    """Everybody whom the bot knows; stand-ins of erased people are nobody."""
    return PersonTotals.objects.filter(pk__lt=ERASED_FROM).count()


def leads_by_temperature() -> dict[int, int]:
    """How many leads are warmer than cold, by temperature: few, at one end of an index (one query)."""
    counted = PersonTotals.objects.filter(temperature__gt=LeadTemperature.COLD, pk__lt=ERASED_FROM)
    return dict(counted.order_by().values_list("temperature").annotate(number=Count("pk")))


@dataclass(frozen=True)
class TypeCount:
    """How many events of a type there are."""

    event_type: str
    count: int


def event_type_counts(most: int) -> list[TypeCount]:
    """The most frequent types of all events."""

    def count() -> list[tuple[str, int]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT code, (SELECT count(*) FROM events WHERE event_type = code) AS number FROM ("  # noqa: S608
                f"{loose_scan('type', column='event_type', table='events')}) AS types (kind, code)"
                " ORDER BY number DESC, code LIMIT %s",
                [most],
            )
            rows: list[tuple[str, int]] = cursor.fetchall()
            return rows

    return [TypeCount(*row) for row in _kept(f"events-by-type:{most}", count)]


def events_per_day(days: list[date]) -> dict[date, int]:
    """Events of each of these days, which follow each other."""

    def count() -> list[tuple[date, int]]:
        rows = Event.objects.filter(created_at__gte=day_begins(days[0]), created_at__lt=day_begins(_next(days[-1])))
        return list(rows.order_by().values_list(TruncDate("created_at")).annotate(number=Count("*")))

    return dict(_kept(f"events-per-day:{days[0]}:{days[-1]}", count))


def new_people_per_day(days: list[date]) -> dict[date, int]:
    """People first seen on each of these days, which follow each other."""
    people = PersonTotals.objects.filter(
        pk__lt=ERASED_FROM, first_seen_at__gte=day_begins(days[0]), first_seen_at__lt=day_begins(_next(days[-1]))
    )
    return dict(people.order_by().values_list(TruncDate("first_seen_at")).annotate(number=Count("*")))


def recent_events(limit: int, *, per_person: int = 2) -> list[Event]:
    """The newest events, at most so many of one person, among the RECENT newest of all."""
    found: list[Event] = []
    seen: dict[int, int] = {}
    newest = Event.objects.exclude(created_at=None).filter(telegram_user_id__lt=ERASED_FROM).newest_first()
    for event in newest.select_related("telegram_user")[:RECENT].iterator(chunk_size=200):
        number = seen[event.telegram_user_id] = seen.get(event.telegram_user_id, 0) + 1
        if number <= per_person:
            found.append(event)
        if len(found) == limit:
            break
    return found


@dataclass(frozen=True)
class RegisteredLead:
    """What a lead did in the days by which their temperature is decided."""

    person: PersonTotals
    events: int
    days: int
    last_at: datetime | None
    temperature: str


def leads_who_registered(most: int) -> list[RegisteredLead]:
    """Leads among those who registered for a free lesson, the warmest first, each once."""
    registered = PersonTotals.objects.filter(
        pk__lt=ERASED_FROM, lessons__gt=0, temperature__gte=LeadTemperature.COLD
    ).select_related("telegram_user")
    people = list(registered.order_by("-temperature", "-last_activity_at", "-pk")[:most])
    did = lead_activity([person.pk for person in people], LeadRules.read())
    leads = [
        RegisteredLead(
            person=person,
            events=did[person.pk].events,
            days=did[person.pk].days,
            last_at=person.last_activity_at,
            temperature=LeadTemperature(person.temperature).name.lower(),
        )
        for person in people
    ]
    return sorted(leads, key=lambda lead: (-lead.person.temperature, -lead.events, -lead.days, lead.person.pk))


def days_until(last: date, count: int) -> list[date]:
    """So many days that end with ``last``."""
    return [last - timedelta(days=number) for number in reversed(range(count))]


def _next(day: date) -> date:
    return day + timedelta(days=1)


def _kept(key: str, count: Callable[[], list[Row]]) -> list[Row]:
    """Count once in KEPT seconds; a failure is not kept."""
    found: list[Row] | None = cache.get(key)
    if found is None:
        found = count()
        cache.set(key, found, KEPT)
    return found
