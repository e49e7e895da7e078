"""Find who registered for a kind of lesson without reading all who registered."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The bot keeps writing while the index is made.
    atomic = False

    dependencies = [("users", "0019_name_the_nameless")]

    operations = [
        AddIndexConcurrently(
            "persontotals",
            GinIndex(fields=["lesson_types"], name="person_totals_kinds", condition=models.Q(lessons__gt=0)),
        ),
    ]
