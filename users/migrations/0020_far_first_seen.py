"""An index of the people first seen outside the calendar, built while the bot goes on writing; nearly empty."""

from datetime import UTC, datetime

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0019_retention")]

    operations = [
        # What an interrupted CREATE INDEX CONCURRENTLY leaves behind is no index: this migration can be run again.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS users_far_first_seen", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "telegramuser",
            models.Index(
                "first_seen_at",
                name="users_far_first_seen",
                condition=models.Q(first_seen_at__gte=datetime(9999, 1, 1, tzinfo=UTC))
                | models.Q(first_seen_at__lt=datetime(2, 1, 1, tzinfo=UTC)),
            ),
        ),
    ]
