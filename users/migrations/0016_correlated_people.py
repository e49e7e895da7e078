"""Where one column tells the other: indexes for leads and for the booked, and statistics for the planner."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Without these the planner multiplies the shares: it expects 70,000 people with bookings and no stream, and there are 2,500.
STATISTICS = """
CREATE STATISTICS IF NOT EXISTS person_totals_together (mcv, dependencies)
ON latest_stream, latest_status, has_active_booking FROM person_totals
"""

BOOKED = models.Index(
    "latest_stream",
    "latest_status",
    "first_seen_at",
    name="person_totals_booked",
    condition=models.Q(bookings__gt=0, latest_status__gt=0),
)


def lead_index(name: str, column: str) -> models.Index:
    return models.Index(
        column, "telegram_user", name=f"person_totals_lead_{name}", condition=models.Q(temperature__gt=0)
    )


class Migration(migrations.Migration):
    # The bot keeps writing while the indexes are made.
    atomic = False

    dependencies = [("users", "0015_count_changed_kinds")]

    operations = [
        AddIndexConcurrently("persontotals", BOOKED),
        AddIndexConcurrently("persontotals", lead_index("activity", "last_activity_at")),
        AddIndexConcurrently("persontotals", lead_index("events", "events")),
        AddIndexConcurrently("persontotals", lead_index("seen", "first_seen_at")),
        migrations.RunSQL(
            [STATISTICS, "ANALYZE person_totals"], "DROP STATISTICS IF EXISTS person_totals_together"
        ),
    ]
