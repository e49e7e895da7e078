"""Recipients counted by message, state and reason at every write, and by the minute what can still be deleted."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Behind the triggers, which keep other writers out until this transaction ends: two seconds for a million recipients.
COUNT_RECIPIENTS = """
    INSERT INTO messaging_recipientcount (message_id, state, reason, minute, number, is_folded)
    SELECT message_id, state, reason,
        CASE WHEN state = 'sent' AND telegram_message_id IS NOT NULL THEN date_trunc('minute', sent_at) END,
        count(*), true
    FROM message_recipients GROUP BY 1, 2, 3, 4
"""


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0008_audit'),
    ]

    operations = [
        migrations.CreateModel(
            name='RecipientCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.IntegerField()),
                ('state', models.CharField(max_length=20)),
                ('reason', models.CharField(max_length=30)),
                ('minute', models.DateTimeField(null=True)),
                ('number', models.IntegerField()),
                ('is_folded', models.BooleanField(db_default=False)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='recipient',
            trigger=pgtrigger.compiler.Trigger(name='counts_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO messaging_recipientcount (message_id, state, reason, minute, number) \n    SELECT message_id, state, reason,\n        CASE WHEN state = 'sent' AND telegram_message_id IS NOT NULL THEN date_trunc('minute', sent_at) END AS minute,\n        sum(weight) AS number\n    FROM (SELECT message_id, state, reason, telegram_message_id, sent_at, 1 AS weight FROM new_rows) AS r WHERE state IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(weight) <> 0\n; RETURN NULL;", hash='956ab9a5181086838aba930940e52754e7d240aa', level='STATEMENT', operation='INSERT', pgid='pgtrigger_counts_insert_8920a', referencing='REFERENCING NEW TABLE AS new_rows ', table='message_recipients', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='recipient',
            trigger=pgtrigger.compiler.Trigger(name='counts_update', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO messaging_recipientcount (message_id, state, reason, minute, number) \n    SELECT message_id, state, reason,\n        CASE WHEN state = 'sent' AND telegram_message_id IS NOT NULL THEN date_trunc('minute', sent_at) END AS minute,\n        sum(weight) AS number\n    FROM (SELECT message_id, state, reason, telegram_message_id, sent_at, 1 AS weight FROM new_rows UNION ALL SELECT message_id, state, reason, telegram_message_id, sent_at, -1 AS weight FROM old_rows) AS r WHERE state IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(weight) <> 0\n; RETURN NULL;", hash='1ae5917b4b00ecb5abce83ac951c2082aefcf002', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_counts_update_f04fd', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='message_recipients', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='recipient',
            trigger=pgtrigger.compiler.Trigger(name='counts_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO messaging_recipientcount (message_id, state, reason, minute, number) \n    SELECT message_id, state, reason,\n        CASE WHEN state = 'sent' AND telegram_message_id IS NOT NULL THEN date_trunc('minute', sent_at) END AS minute,\n        sum(weight) AS number\n    FROM (SELECT message_id, state, reason, telegram_message_id, sent_at, -1 AS weight FROM old_rows) AS r WHERE state IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(weight) <> 0\n; RETURN NULL;", hash='f46d09b0450915353cec4b2d0017d43a5ce2b999', level='STATEMENT', operation='DELETE', pgid='pgtrigger_counts_delete_d2dce', referencing='REFERENCING OLD TABLE AS old_rows ', table='message_recipients', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='recipient',
            trigger=pgtrigger.compiler.Trigger(name='counts_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO messaging_recipientcount (message_id, state, reason, minute, number) SELECT message_id, state, reason, minute, -number FROM messaging_recipientcount; RETURN NULL;', hash='1c58cef5cc82f41a3283c8a6a5702fec34c53942', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_counts_truncate_620dd', table='message_recipients', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='recipientcount',
            index=models.Index(models.F('message_id'), name='messaging_recipientcount_of'),
        ),
        migrations.AddIndex(
            model_name='recipientcount',
            index=models.Index(models.F('message_id'), condition=models.Q(('is_folded', False)), name='messaging_recipientcount_new'),
        ),
        migrations.RunSQL(COUNT_RECIPIENTS, migrations.RunSQL.noop),
    ]
