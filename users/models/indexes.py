"""The indexes of the people's totals, and what each is for."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models

SORTED = {
    "name": "name_key",
    "language": "language_code",
    "first_seen": "first_seen_at",
    "bookings": "bookings",
    "events": "events",
    "lessons": "lessons",
    "stream": "latest_stream",
    "status": "latest_status",
    "activity": "last_activity_at",
    "temperature": "temperature",
    "blocked": "blocked",
}
# Leads that are not cold were active this week, so they all stand at one end of these columns' order; a scan from the
# other end would pass everybody else first.
SORTED_LEADS = {"activity": "last_activity_at", "events": "events", "seen": "first_seen_at"}

TOTALS_INDEXES = [
    # One index per sortable column, with the id as tie-breaker: it can be read in both directions and from any row.
    *(models.Index(column, "telegram_user", name=f"person_totals_{name}") for name, column in SORTED.items()),
    models.Index("cools_on", name="person_totals_cools_on", condition=models.Q(cools_on__isnull=False)),
    # A stream with a status, and bookings without a stream: few among the 200,000 who have neither.
    models.Index(
        "latest_stream",
        "latest_status",
        "first_seen_at",
        name="person_totals_booked",
        condition=models.Q(bookings__gt=0, latest_status__gt=0),
    ),
    *(
        models.Index(column, "telegram_user", name=f"person_totals_lead_{name}", condition=models.Q(temperature__gt=0))
        for name, column in SORTED_LEADS.items()
    ),
    # Kinds of lessons that few registered for, among the quarter who registered at all.
    GinIndex(fields=["lesson_types"], name="person_totals_kinds", condition=models.Q(lessons__gt=0)),
]
