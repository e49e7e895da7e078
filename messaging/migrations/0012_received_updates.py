"""Remember which updates of Telegram have been taken in."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0011_automation_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReceivedUpdate',
            fields=[
                ('update_id', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='update')),
                ('received_at', models.DateTimeField(db_index=True, verbose_name='received')),
            ],
            options={
                'verbose_name': 'received update',
                'verbose_name_plural': 'received updates',
                'default_permissions': (),
            },
        ),
    ]
