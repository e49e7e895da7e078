"""Events only leave a mark, in a table without indexes, and beat counts the marked people every few seconds."""

import django.contrib.postgres.functions
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Written at every event of the bot and emptied by beat. Dead rows are swept when a few thousand are there, so that
# reading it stays cheap.
MARKS = """
CREATE TABLE counting_marks (
    user_id bigint,
    day date,
    marked_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(user_id, day) = 1)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
"""

# Copies of what users/sql says today, with its reasons.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION person_totals_mark(people bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO counting_marks (user_id) SELECT person FROM unnest(people) AS person WHERE person IS NOT NULL
$$;

CREATE OR REPLACE VIEW person_totals_live AS
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_totals AS t
    WHERE NOT EXISTS (SELECT FROM counting_marks AS m WHERE m.user_id = t.user_id)
    UNION ALL
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_counts(ARRAY(SELECT DISTINCT user_id FROM counting_marks WHERE user_id IS NOT NULL));

CREATE OR REPLACE FUNCTION person_totals_fold(people bigint[]) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    -- ON CONFLICT alone would wait for whoever is updating the row.
    INSERT INTO person_totals (
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    ) SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_counts(ARRAY(
        SELECT person FROM unnest(people) AS person
        WHERE NOT EXISTS (SELECT FROM person_totals AS t WHERE t.user_id = person)
    ))
    ON CONFLICT (user_id) DO NOTHING;
    locked := person_totals_lock(people);
    DELETE FROM counting_marks AS m
    USING (
        SELECT unnest(locked) AS user_id
        UNION
        SELECT person FROM unnest(people) AS person
        WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.user_id = person)
            AND NOT EXISTS (SELECT FROM person_totals AS t WHERE t.user_id = person)
    ) AS done
    WHERE m.user_id = done.user_id;
    PERFORM person_totals_recount(locked);
    RETURN cardinality(locked);
END $$;

CREATE OR REPLACE FUNCTION person_totals_fold_some(at_most integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM person_totals_fold(ARRAY(
        SELECT DISTINCT user_id FROM counting_marks WHERE user_id IS NOT NULL LIMIT at_most
    ));
    RETURN ARRAY(SELECT DISTINCT user_id FROM counting_marks WHERE user_id IS NOT NULL);
END $$;
"""

EVENTS_COUNTED_AT_ONCE = """
CREATE OR REPLACE FUNCTION person_totals_recount_events(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    locked := person_totals_lock(people);
    UPDATE person_totals AS t
    SET events = e.events, last_activity_at = GREATEST(t.last_activity_at, e.newest),
        temperature = CASE WHEN t.temperature = -1 THEN -1 ELSE w.temperature END,
        cools_on = CASE WHEN t.temperature <> -1 THEN w.cools_on END
    FROM unnest(locked) AS wanted (user_id)
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) FILTER (
            WHERE event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        ) AS newest FROM events WHERE events.user_id = wanted.user_id
    ) AS e
    CROSS JOIN LATERAL person_temperature(wanted.user_id) AS w
    WHERE t.user_id = wanted.user_id;
    IF cardinality(locked) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(locked)));
    END IF;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0009_audit_page'),
    ]

    operations = [
        migrations.RunSQL(MARKS, "DROP TABLE counting_marks"),
        migrations.CreateModel(
            name='CountingMark',
            fields=[
                ('user_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('day', models.DateField(null=True)),
                ('marked_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow())),
            ],
            options={
                'db_table': 'counting_marks',
                'managed': False,
                'default_permissions': (),
            },
        ),
        migrations.RunSQL(FUNCTIONS, FUNCTIONS.replace("counting_marks", "person_totals_pending")),
        pgtrigger.migrations.RemoveTrigger(
            model_name='event',
            name='person_totals_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='event',
            name='person_totals_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='event',
            name='person_totals_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='event',
            name='person_totals_truncate',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='person_totals_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM new_rows WHERE user_id IS NOT NULL; RETURN NULL;', hash='8783e66c784b76ed2ce637c9b8b0d99a9111d71f', level='STATEMENT', operation='INSERT', pgid='pgtrigger_person_totals_insert_f4f0d', referencing='REFERENCING NEW TABLE AS new_rows ', table='events', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='person_totals_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM (\n                (SELECT user_id, created_at, event_type FROM old_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM new_rows)\n                UNION ALL\n                (SELECT user_id, created_at, event_type FROM new_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM old_rows)\n            ) AS changed WHERE user_id IS NOT NULL; RETURN NULL;', hash='23954dba3d332745ff9885f23473c680209d1209', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_person_totals_update_550fe', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='events', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='person_totals_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM old_rows WHERE user_id IS NOT NULL; RETURN NULL;', hash='08511b71f7157427bf3c05e09fb4850b68acc22e', level='STATEMENT', operation='DELETE', pgid='pgtrigger_person_totals_delete_4c6be', referencing='REFERENCING OLD TABLE AS old_rows ', table='events', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='person_totals_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO counting_marks (user_id) SELECT user_id FROM users; RETURN NULL;', hash='ef0287e337c3577d079850433a9fda4def07434d', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_person_totals_truncate_8bf66', table='events', when='AFTER')),
        ),
        migrations.RunSQL(
            "INSERT INTO counting_marks (user_id) SELECT user_id FROM person_totals_pending;"
            "DROP FUNCTION person_totals_recount_events",
            EVENTS_COUNTED_AT_ONCE
            + "INSERT INTO person_totals_pending (user_id) SELECT user_id FROM counting_marks WHERE user_id IS NOT NULL",
        ),
        migrations.DeleteModel(
            name='PersonToCount',
        ),
    ]
