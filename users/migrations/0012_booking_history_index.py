"""Find the events of one booking without reading everybody's."""

import django.db.models.fields.json
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The bot keeps writing events while the index is made.
    atomic = False

    dependencies = [("users", "0011_erase_and_export")]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                django.db.models.fields.json.KeyTextTransform("booking_id", "details"),
                condition=models.Q(("event_type", "booking_status_changed")),
                name="events_booking_history",
            ),
        ),
    ]
