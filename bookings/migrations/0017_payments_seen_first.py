"""When we saw a waiting payment first, by our own clock: notices and open pages ask for what is newer."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0016_money_by_day'),
    ]

    operations = [
        migrations.AddField(
            model_name='waitingpayment',
            name='came_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='seen first'),
        ),
    ]
