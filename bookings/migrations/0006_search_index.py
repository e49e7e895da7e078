"""An index over the runs of letters of those who booked, built while the bot goes on writing."""

from django.db import migrations

# What an interrupted CREATE INDEX CONCURRENTLY leaves behind is no index: this migration can be run again.
DROP_BOOKINGS = "DROP INDEX CONCURRENTLY IF EXISTS bookings_grams"
BOOKINGS = """
CREATE INDEX CONCURRENTLY bookings_grams ON bookings
USING gin (person_grams(person_text(user_id, username, first_name, NULL)))
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0005_person_totals_and_search")]

    operations = [migrations.RunSQL([DROP_BOOKINGS, BOOKINGS], DROP_BOOKINGS)]
