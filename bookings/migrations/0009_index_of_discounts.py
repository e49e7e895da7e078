"""An index of the discounts that occur, for the filter of the list, built while the bot goes on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0008_audit")]

    operations = [
        AddIndexConcurrently(
            model_name="booking",
            index=models.Index(
                models.F("discount_percent"),
                condition=models.Q(("discount_percent__lt", 0), ("discount_percent__gt", 0), _connector="OR"),
                name="bookings_discounts",
            ),
        ),
    ]
