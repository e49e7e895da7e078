"""Lists with their filters under a name, and their feeds."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TRIGGERS = """
CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON users_savedview FOR EACH ROW
    EXECUTE FUNCTION audit_row('id', '', 'feed_used_at,feed_used_from', 'feed_digest');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON users_savedview FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0015_undoable_acts'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('path', models.CharField(max_length=300, verbose_name='page')),
                ('query', models.CharField(blank=True, max_length=2000, verbose_name='filters')),
                ('is_shared', models.BooleanField(db_default=False, verbose_name='shared')),
                ('is_default', models.BooleanField(db_default=False, verbose_name='default')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
                ('feed_digest', models.CharField(max_length=64, null=True, unique=True)),
                ('feed_beginning', models.CharField(blank=True, db_default='', max_length=20)),
                ('feed_emails', models.BooleanField(db_default=False, verbose_name='with e-mails')),
                ('feed_used_at', models.DateTimeField(null=True, verbose_name='last read')),
                ('feed_used_from', models.CharField(blank=True, db_default='', max_length=45, verbose_name='last read from')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'permissions': [('share_view', 'Can share saved views')],
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('is_shared', True)), fields=['is_shared'], name='users_savedview_shared')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='users_savedview_name'), models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('owner', 'path'), name='users_savedview_default')],
            },
        ),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]
