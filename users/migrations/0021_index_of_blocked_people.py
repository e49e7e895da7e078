"""An index of blocked people in the order of their list, built beside the writers."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0020_far_first_seen")]

    operations = [
        AddIndexConcurrently(
            model_name="blockeduser",
            index=models.Index(
                models.F("blocked_at").desc(nulls_last=True),
                models.F("telegram_user"),
                name="blocked_users_newest_first",
            ),
        ),
    ]
