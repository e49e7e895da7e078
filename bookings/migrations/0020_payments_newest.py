"""An index of the queue of payments: an open page begins to ask for news at what came last."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0019_kept_booking_counts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='waitingpayment',
            index=models.Index('came_at', name='bookings_waiting_newest'),
        ),
    ]
