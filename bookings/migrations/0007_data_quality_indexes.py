"""Indexes behind the page of data quality, built while everybody goes on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0006_create_missing_person_without_waiting")]

    operations = [
        AddIndexConcurrently(
            "booking",
            models.Index(
                models.F("telegram_user"),
                models.F("course"),
                models.F("id"),
                name="bookings_active",
                condition=models.Q(confirmed=None) | ~models.Q(confirmed=-1),
            ),
        ),
        AddIndexConcurrently(
            "booking",
            models.Index(
                models.F("id"),
                name="bookings_without_stream",
                condition=models.Q(confirmed=2) & (models.Q(course_stream=None) | models.Q(course_stream="")),
            ),
        ),
    ]
