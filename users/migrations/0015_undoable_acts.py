"""What staff did a moment ago and can undo."""

import django.db.models.deletion
import hsl_dashboard.db
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0014_api_tokens'),
    ]

    operations = [
        migrations.CreateModel(
            name='UndoableAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('done_at', models.DateTimeField(verbose_name='done')),
                ('expires_at', models.DateTimeField(db_index=True, verbose_name='can be undone until')),
                ('kind', models.CharField(max_length=20, verbose_name='kind')),
                ('done', models.JSONField(verbose_name='what was done')),
                ('undone_at', models.DateTimeField(null=True, verbose_name='undone')),
                ('done_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='done by')),
                ('telegram_user', models.ForeignKey(db_column='user_id', db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='users.telegramuser', verbose_name='person')),
            ],
            options={
                'verbose_name': 'act that can be undone',
                'verbose_name_plural': 'acts that can be undone',
                'default_permissions': (),
                'constraints': [hsl_dashboard.db.DatabaseForeignKey(field='telegram_user', name='users_undoableact_user_id_fkey', on_delete='CASCADE')],
            },
        ),
    ]
