"""An index of the messages that have not ended, for "Today", notices to staff and /metrics, built beside the writers."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("messaging", "0016_incidents")]

    operations = [
        AddIndexConcurrently(
            model_name="broadcast",
            index=models.Index(
                "state",
                condition=models.Q(state__in=["scheduled", "sending", "paused", "held"]),
                name="message_history_not_over",
            ),
        ),
    ]
