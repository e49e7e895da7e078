"""Tell the streams that occur without reading every booking."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The bot keeps writing bookings while the index is made.
    atomic = False

    dependencies = [("bookings", "0012_count_changed_lessons")]

    operations = [
        AddIndexConcurrently("booking", models.Index("course_stream", name="bookings_course_stream")),
    ]
