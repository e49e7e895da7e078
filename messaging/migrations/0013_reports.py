"""Reports to authors: which wait, which were sent, and who wants none."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0012_received_updates'),
    ]

    operations = [
        migrations.AddField(
            model_name='telegramlink',
            name='wants_reports',
            field=models.BooleanField(db_default=True, default=True, verbose_name="reports about one's own messages"),
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('broadcast', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='report', serialize=False, to='messaging.broadcast', verbose_name='broadcast')),
                ('queued_at', models.DateTimeField(verbose_name='queued')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='settled')),
                ('message', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='report_about', to='messaging.broadcast', verbose_name='message with the report')),
            ],
            options={
                'verbose_name': 'report to the author',
                'verbose_name_plural': 'reports to authors',
                'default_permissions': ('view',),
                'indexes': [models.Index(models.F('queued_at'), condition=models.Q(('settled_at', None)), name='messaging_report_unsettled')],
            },
        ),
    ]
