"""Incidents: what was wrong with the system, and whether administrators were told."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0015_notices_to_staff'),
    ]

    operations = [
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40, verbose_name='kind')),
                ('value', models.CharField(blank=True, db_default='', max_length=100, verbose_name='value')),
                ('began_at', models.DateTimeField(verbose_name='began')),
                ('seen_at', models.DateTimeField(verbose_name='last seen')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('told_at', models.DateTimeField(null=True, verbose_name='beginning told')),
                ('end_told_at', models.DateTimeField(null=True, verbose_name='end told')),
            ],
            options={
                'verbose_name': 'incident',
                'verbose_name_plural': 'incidents',
                'default_permissions': (),
                'indexes': [models.Index(models.OrderBy(models.F('began_at'), descending=True), name='messaging_incident_newest')],
                'constraints': [models.UniqueConstraint(models.F('kind'), condition=models.Q(('ended_at', None)), name='messaging_incident_open')],
            },
        ),
    ]
