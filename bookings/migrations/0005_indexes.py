"""Indexes over the letters of those who booked, discounts that occur and students, built while the bot goes on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# What an interrupted CREATE INDEX CONCURRENTLY leaves behind is no index: this migration can be run again.
DROP_BOOKINGS = "DROP INDEX CONCURRENTLY IF EXISTS bookings_grams"
BOOKINGS = """
CREATE INDEX CONCURRENTLY bookings_grams ON bookings
USING gin (person_grams(person_text(user_id, username, first_name, NULL)))
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0004_totals_and_search")]

    operations = [
        # For the filter of the list.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS bookings_discounts", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="booking",
            index=models.Index(
                models.F("discount_percent"),
                condition=models.Q(("discount_percent__lt", 0), ("discount_percent__gt", 0), _connector="OR"),
                name="bookings_discounts",
            ),
        ),
        # The students of each stream.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS bookings_students", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="booking",
            index=models.Index(
                fields=["course_stream", "telegram_user"],
                condition=models.Q(("confirmed", 2)),
                name="bookings_students",
            ),
        ),
        # The long one last: whoever waits too long for a lock begins with the first again.
        migrations.RunSQL([DROP_BOOKINGS, BOOKINGS], DROP_BOOKINGS),
    ]
