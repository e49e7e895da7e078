"""Messages about bookings wait as long as the change they tell of can be undone."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0011_number_marks'),
    ]

    operations = [
        migrations.AddField(
            model_name='outbox',
            name='due_at',
            field=models.DateTimeField(null=True, verbose_name='not before'),
        ),
    ]
