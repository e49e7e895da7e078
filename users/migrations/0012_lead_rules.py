"""How warm a lead is called is set by administrators: the rules, and the function that reads them."""

import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models
from django.conf import settings

MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"

# A copy of what users/sql says today, with its reasons; later changes are migrations of their own.
TEMPERATURE = """
-- Rates how active a person was in the last days (3 hot, 2 warm, 1 cool, 0 cold), by the rules in users_leadrules, and
-- gives the day on which one of those days leaves the window. Events written by staff, the school's rules or Telegram
-- do not count. Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION person_temperature(person bigint) RETURNS TABLE (temperature smallint, cools_on date)
LANGUAGE sql STABLE AS $$
    WITH rules AS (
        SELECT COALESCE(max(window_days), 7) AS window_days, COALESCE(max(hot_events), 20) AS hot_events,
            COALESCE(max(hot_days), 5) AS hot_days, COALESCE(max(warm_events), 10) AS warm_events,
            COALESCE(max(warm_days), 3) AS warm_days, COALESCE(max(cool_events), 5) AS cool_events
        FROM users_leadrules
    )
    SELECT
        (CASE
            WHEN a.events >= r.hot_events AND a.days >= r.hot_days THEN 3
            WHEN a.events >= r.warm_events AND a.days >= r.warm_days THEN 2
            WHEN a.events >= r.cool_events THEN 1
            ELSE 0
        END)::smallint,
        CASE WHEN a.events >= r.cool_events THEN a.first + r.window_days END
    FROM rules AS r
    CROSS JOIN LATERAL (
        SELECT sum(d.events) AS events, count(*) AS days, min(d.day) AS first
        FROM (
            SELECT (e.created_at AT TIME ZONE 'Europe/Moscow')::date AS day, count(*) AS events
            FROM events AS e
            WHERE e.user_id = person
                AND e.created_at
                    >= (school_today() - (r.window_days - 1))::timestamp AT TIME ZONE 'Europe/Moscow'
                AND e.event_type NOT IN (
                    'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                    'referral_created', 'bot_blocked'
                )
            GROUP BY 1
        ) AS d
    ) AS a
$$;
"""
TEMPERATURE_BEFORE = """
-- Rates how active a person was in the last seven days (3 hot, 2 warm, 1 cool, 0 cold) and gives the day on which one
-- of those days leaves the window. Events written by staff, the school's rules or Telegram do not count.
-- Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION person_temperature(person bigint) RETURNS TABLE (temperature smallint, cools_on date)
LANGUAGE sql STABLE AS $$
    SELECT
        (CASE
            WHEN sum(d.events) >= 20 AND count(*) >= 5 THEN 3
            WHEN sum(d.events) >= 10 AND count(*) >= 3 THEN 2
            WHEN sum(d.events) >= 5 THEN 1
            ELSE 0
        END)::smallint,
        CASE WHEN sum(d.events) >= 5 THEN min(d.day) + 7 END
    FROM (
        SELECT (e.created_at AT TIME ZONE 'Europe/Moscow')::date AS day, count(*) AS events
        FROM events AS e
        WHERE e.user_id = person AND e.created_at >= (school_today() - 6)::timestamp AT TIME ZONE 'Europe/Moscow'
            AND e.event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        GROUP BY 1
    ) AS d
$$;
"""

AUDIT = """
CREATE TRIGGER audit_row AFTER DELETE ON users_leadrules FOR EACH ROW EXECUTE FUNCTION audit_row('id', '', '', '');
CREATE TRIGGER audit_record AFTER INSERT ON users_leadrulesevent FOR EACH ROW
    EXECUTE FUNCTION audit_record('users_leadrules', 'pgh_obj_id', '', '');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON users_leadrules FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate();
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON users_leadrulesevent FOR EACH STATEMENT
    EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('pghistory', '0007_auto_20250421_0444'),
        ('users', '0011_name_the_nameless'),
    ]

    operations = [
        migrations.CreateModel(
            name='LeadRulesEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('window_days', models.PositiveIntegerField(default=7, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='window, days')),
                ('hot_events', models.PositiveIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='hot: events')),
                ('hot_days', models.PositiveIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='hot: days')),
                ('warm_events', models.PositiveIntegerField(default=10, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='warm: events')),
                ('warm_days', models.PositiveIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='warm: days')),
                ('cool_events', models.PositiveIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='cool: events')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='LeadRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('window_days', models.PositiveIntegerField(default=7, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='window, days')),
                ('hot_events', models.PositiveIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='hot: events')),
                ('hot_days', models.PositiveIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='hot: days')),
                ('warm_events', models.PositiveIntegerField(default=10, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='warm: events')),
                ('warm_days', models.PositiveIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='warm: days')),
                ('cool_events', models.PositiveIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='cool: events')),
                ('recounted_to', models.BigIntegerField(null=True)),
            ],
            options={
                'verbose_name': 'rules of leads',
                'verbose_name_plural': 'rules of leads',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='users_leadrules_one_row')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='leadrules',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "users_leadrulesevent" ("cool_events", "hot_days", "hot_events", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "warm_days", "warm_events", "window_days") VALUES (NEW."cool_events", NEW."hot_days", NEW."hot_events", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."warm_days", NEW."warm_events", NEW."window_days"); RETURN NULL;', hash='452c62969ccc61573a3d1ce6db3027b8edc7577e', operation='INSERT', pgid='pgtrigger_insert_insert_54bb5', table='users_leadrules', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='leadrules',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."cool_events" IS DISTINCT FROM (NEW."cool_events") OR OLD."hot_days" IS DISTINCT FROM (NEW."hot_days") OR OLD."hot_events" IS DISTINCT FROM (NEW."hot_events") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."warm_days" IS DISTINCT FROM (NEW."warm_days") OR OLD."warm_events" IS DISTINCT FROM (NEW."warm_events") OR OLD."window_days" IS DISTINCT FROM (NEW."window_days"))', func='INSERT INTO "users_leadrulesevent" ("cool_events", "hot_days", "hot_events", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "warm_days", "warm_events", "window_days") VALUES (NEW."cool_events", NEW."hot_days", NEW."hot_events", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."warm_days", NEW."warm_events", NEW."window_days"); RETURN NULL;', hash='e972710d851213d2f5dfd7649072cd5a75cee9b8', operation='UPDATE', pgid='pgtrigger_update_update_8c3c4', table='users_leadrules', when='AFTER')),
        ),
        migrations.AddField(
            model_name='leadrulesevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='leadrulesevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='users.leadrules'),
        ),
        migrations.RunSQL(TEMPERATURE.replace(MOSCOW, ZONE), TEMPERATURE_BEFORE.replace(MOSCOW, ZONE)),
        migrations.RunSQL(AUDIT, migrations.RunSQL.noop),
    ]
