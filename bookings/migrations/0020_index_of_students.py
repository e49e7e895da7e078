"""An index of the students of each stream, built while the bot goes on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0019_kept_booking_counts")]

    operations = [
        AddIndexConcurrently(
            model_name="booking",
            index=models.Index(
                fields=["course_stream", "telegram_user"],
                condition=models.Q(("confirmed", 2)),
                name="bookings_students",
            ),
        ),
    ]
