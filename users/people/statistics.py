"""Counts of people, what they did last, and the warmest leads."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from hsl_dashboard.web.remembered import Remembered, remembered_when_many
from users.leads import lead_activity
from users.models import ERASED_FROM, Event, LeadRules, LeadTemperature, PersonTotals

RECENT = 2_000  # newest events looked through for «at most two per person»


def people_count(*, anew: bool = False) -> Remembered[int]:
    """Everybody whom the bot knows; stand-ins of erased people are nobody."""
    people = PersonTotals.objects.filter(pk__lt=ERASED_FROM)
    return remembered_when_many("people", people.count, size=int, anew=anew)


def leads_by_temperature() -> dict[int, int]:
    """How many leads are warmer than cold, by temperature: few, at one end of an index (one query)."""
    counted = PersonTotals.objects.filter(temperature__gt=LeadTemperature.COLD, pk__lt=ERASED_FROM)
    return dict(counted.order_by().values_list("temperature").annotate(number=Count("pk")))


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
    ).order_by("-temperature", "-last_activity_at", "-pk")
    # Who they are by the index alone: with whole rows PostgreSQL starts processes and sorts 100,000 of them.
    people = list(
        PersonTotals.objects.filter(pk__in=registered.values("pk")[:most])
        .select_related("telegram_user")
        .order_by("-temperature", "-last_activity_at", "-pk")
    )
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
