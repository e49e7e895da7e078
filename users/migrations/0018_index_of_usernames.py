"""An index of usernames in small letters, for pasted lists, built while the bot goes on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0017_staff_access")]

    operations = [
        AddIndexConcurrently(
            model_name="telegramuser", index=models.Index(Lower("username"), name="users_by_username")
        ),
    ]
