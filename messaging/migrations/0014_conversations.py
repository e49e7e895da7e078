"""Conversations: which events have words of students, and how it stands with each of them."""

import django.db.models.deletion
import hsl_dashboard.db
from django.conf import settings
from django.db import migrations, models


# A copy of what messaging/sql says today, with its reasons; later changes are migrations of their own.
FUNCTIONS = """
-- The trigger's: notes that a new event has words of a student. A moment outside the calendar, or ahead, is now.
CREATE OR REPLACE FUNCTION conversation_text() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO messaging_studenttext (event_id, user_id, written_at)
    VALUES (NEW.id, NEW.user_id, LEAST(GREATEST(COALESCE(NEW.created_at, now()), '2000-01-01'), now()))
    ON CONFLICT (event_id) DO NOTHING;
    RETURN NULL;
END $$;
-- Tells conversations of new texts, wakes those that were snoozed until now, and has those wait again whose answer did not
-- arrive; returns how many changed, or -1 while somebody else is at it. Texts of more than two weeks ago, from before there was this page, wait for nobody.
CREATE OR REPLACE FUNCTION conversations_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    told integer;
    woken integer;
    missed integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('conversations_fold', 0)) THEN
        RETURN -1;
    END IF;
    WITH new_texts AS MATERIALIZED (
        SELECT event_id FROM messaging_studenttext WHERE NOT folded ORDER BY event_id LIMIT at_most
    ), taken AS (
        UPDATE messaging_studenttext AS t SET folded = true FROM new_texts AS n WHERE t.event_id = n.event_id
        RETURNING t.user_id, t.written_at
    )
    INSERT INTO messaging_conversation AS c (user_id, state, texts, last_text_at, waiting_since)
    SELECT
        user_id, CASE WHEN max(written_at) < now() - interval '14 days' THEN 'closed' ELSE 'unread' END, count(*),
        max(written_at), CASE WHEN max(written_at) >= now() - interval '14 days' THEN min(written_at) END
    FROM taken GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET
        texts = c.texts + EXCLUDED.texts,
        last_text_at = GREATEST(c.last_text_at, EXCLUDED.last_text_at),
        state = CASE WHEN EXCLUDED.state = 'closed' THEN c.state ELSE 'unread' END,
        snoozed_until = CASE WHEN EXCLUDED.state = 'closed' THEN c.snoozed_until END,
        waiting_since = CASE
            WHEN c.state IN ('answered', 'closed') THEN EXCLUDED.waiting_since
            ELSE LEAST(c.waiting_since, EXCLUDED.waiting_since) END;
    GET DIAGNOSTICS told = ROW_COUNT;
    UPDATE messaging_conversation SET state = 'waiting', snoozed_until = NULL
    WHERE state = 'snoozed' AND snoozed_until <= now();
    GET DIAGNOSTICS woken = ROW_COUNT;
    UPDATE messaging_conversation AS c SET state = 'waiting', waiting_since = c.last_text_at
    FROM message_recipients AS r
    WHERE c.state = 'answered' AND c.last_answer_at > now() - interval '1 hour' AND r.message_id = c.last_answer_id
        AND r.state IN ('failed', 'skipped', 'cancelled');
    GET DIAGNOSTICS missed = ROW_COUNT;
    RETURN told + woken + missed;
END $$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION conversation_text();
DROP FUNCTION conversations_fold(integer);
"""
TEXTS = """
INSERT INTO messaging_studenttext (event_id, user_id, written_at)
SELECT id, user_id, LEAST(GREATEST(COALESCE(created_at, now()), '2000-01-01'), now()) FROM events
WHERE event_type IN ('student_response', 'alternative_payment_proof') AND details->>'message_text' <> ''
    AND user_id IS NOT NULL%s
ON CONFLICT (event_id) DO NOTHING;
"""
# The bot waits for the trigger alone, for milliseconds: what it has written before is read first, and what it writes
# between the two once more, by its type and time. Beat tells the conversations of them, batch by batch.
KEEP_TEXTS = f"""
{TEXTS % ""}
CREATE TRIGGER conversation_text AFTER INSERT ON events FOR EACH ROW
    WHEN (NEW.details->>'message_text' <> '' AND NEW.user_id IS NOT NULL) EXECUTE FUNCTION conversation_text();
{TEXTS % " AND created_at > now() - interval '1 day'"}
"""
DROP_TRIGGER = "DROP TRIGGER conversation_text ON events;"
# What staff decide about a conversation; that a student wrote, and that somebody looked, is no act.
AUDIT = """
CREATE TRIGGER audit_row AFTER UPDATE OF state, assignee_id, snoozed_until ON messaging_conversation FOR EACH ROW
    WHEN (
        OLD.assignee_id IS DISTINCT FROM NEW.assignee_id
        OR OLD.snoozed_until IS DISTINCT FROM NEW.snoozed_until AND NEW.snoozed_until IS NOT NULL
        OR OLD.state <> NEW.state AND (NEW.state IN ('answered', 'closed') OR OLD.state = 'closed' AND NEW.state = 'waiting')
    )
    EXECUTE FUNCTION audit_row('user_id', 'user_id', 'opened_by_id,opened_at,texts,last_text_at', '');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON messaging_conversation FOR EACH STATEMENT
    EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0013_notices_of_payments'),
        ('users', '0014_api_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('telegram_user', models.OneToOneField(db_column='user_id', db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='conversation', serialize=False, to='users.telegramuser', verbose_name='person')),
                ('state', models.CharField(choices=[('unread', 'Unread'), ('waiting', 'Waiting for an answer'), ('answered', 'Answered'), ('snoozed', 'Snoozed'), ('closed', 'Closed')], db_default='unread', max_length=20, verbose_name='state')),
                ('texts', models.PositiveIntegerField(db_default=0, verbose_name='texts')),
                ('last_text_at', models.DateTimeField(verbose_name='last text')),
                ('waiting_since', models.DateTimeField(null=True, verbose_name='waits since')),
                ('last_answer_at', models.DateTimeField(null=True, verbose_name='last answer')),
                ('snoozed_until', models.DateTimeField(null=True, verbose_name='snoozed until')),
                ('opened_at', models.DateTimeField(null=True, verbose_name='opened')),
                ('answered_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('assignee', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='conversations', to=settings.AUTH_USER_MODEL, verbose_name='who answers')),
                ('last_answer', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='messaging.broadcast', verbose_name='message of the last answer')),
                ('opened_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='opened by')),
            ],
            options={
                'verbose_name': 'conversation',
                'verbose_name_plural': 'conversations',
                'permissions': [('answer_students', 'Can read what students write, and answer')],
                'default_permissions': ('view',),
                'indexes': [models.Index(models.F('last_text_at'), models.F('telegram_user'), name='messaging_conversation_all'), models.Index(models.F('state'), models.F('last_text_at'), models.F('telegram_user'), name='messaging_conversation_state'), models.Index(models.F('last_text_at'), models.F('telegram_user'), condition=models.Q(('state__in', ['unread', 'waiting'])), name='messaging_conversation_open'), models.Index(models.F('assignee'), models.F('last_text_at'), models.F('telegram_user'), name='messaging_conversation_of'), models.Index(models.F('last_answer_at'), condition=models.Q(('state', 'answered')), name='messaging_conversation_told'), models.Index(models.F('snoozed_until'), condition=models.Q(('state', 'snoozed')), name='messaging_conversation_wakes')],
                'constraints': [hsl_dashboard.db.DatabaseForeignKey(field='telegram_user', name='messaging_conversation_user_id_fkey', on_delete='CASCADE'), hsl_dashboard.db.DatabaseForeignKey(field='last_answer', name='messaging_conversation_last_answer_id_fkey', on_delete='SET NULL')],
            },
        ),
        migrations.CreateModel(
            name='StudentText',
            fields=[
                ('event', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='student_text', serialize=False, to='users.event', verbose_name='event')),
                ('written_at', models.DateTimeField(verbose_name='written')),
                ('folded', models.BooleanField(db_default=False, verbose_name='counted')),
                ('telegram_user', models.ForeignKey(db_column='user_id', db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='texts', to='users.telegramuser', verbose_name='person')),
            ],
            options={
                'verbose_name': 'text of a student',
                'verbose_name_plural': 'texts of students',
                'default_permissions': (),
                'indexes': [models.Index(models.F('telegram_user'), models.F('written_at'), models.F('event'), name='messaging_studenttext_person'), models.Index(models.F('event'), condition=models.Q(('folded', False)), name='messaging_studenttext_new')],
                'constraints': [hsl_dashboard.db.DatabaseForeignKey(field='telegram_user', name='messaging_studenttext_user_id_fkey', on_delete='CASCADE')],
            },
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(KEEP_TEXTS, DROP_TRIGGER),
        migrations.RunSQL(AUDIT, migrations.RunSQL.noop),
    ]
