"""What members of staff want to be told in Telegram, and the digest of each day; that they choose is audited."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What somebody chooses, under the name of the subject; what they have been told is no act.
AUDIT = """
CREATE TRIGGER audit_row AFTER UPDATE OF is_on ON messaging_staffnotice FOR EACH ROW
    WHEN (OLD.is_on IS DISTINCT FROM NEW.is_on) EXECUTE FUNCTION audit_row('subject', '', 'told_until,sent_at', '');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON messaging_staffnotice FOR EACH STATEMENT
    EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0014_conversations'),
        ('users', '0014_api_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Digest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('words', models.TextField(verbose_name='text')),
                ('message', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='digest', to='messaging.broadcast', verbose_name='message with the digest')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='digests', to=settings.AUTH_USER_MODEL, verbose_name='staff account')),
            ],
            options={
                'verbose_name': 'digest',
                'verbose_name_plural': 'digests',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('user', 'day'), name='messaging_digest_once')],
            },
        ),
        migrations.CreateModel(
            name='StaffNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(choices=[('payments', 'New payments to look at'), ('answers', 'New texts of students, for me or for nobody yet'), ('paused', 'Messages that pause'), ('approvals', 'Messages that wait for my approval'), ('digest', 'Digest at 10:00')], max_length=20, verbose_name='subject')),
                ('is_on', models.BooleanField(verbose_name='switched on')),
                ('told_until', models.DateTimeField(verbose_name='told until')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL, verbose_name='staff account')),
            ],
            options={
                'verbose_name': 'notice to staff',
                'verbose_name_plural': 'notices to staff',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('user', 'subject'), name='messaging_staffnotice_once')],
            },
        ),
        migrations.RunSQL(AUDIT, migrations.RunSQL.noop),
    ]
