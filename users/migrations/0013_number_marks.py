"""Marks for what is counted by day and by person, the triggers that add them, and who has looked at today."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


# Copies of what the files in sql/ say today; later changes are migrations of their own.
MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"

FUNCTIONS = r"""
-- The school's day of a moment. Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION school_day(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (moment AT TIME ZONE 'Europe/Moscow')::date $$;
""".replace(MOSCOW, ZONE)

DROP_FUNCTIONS = """
DROP FUNCTION school_day(timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0012_lead_rules"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.CreateModel(
            name="NumberMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField(null=True)),
                ("day", models.DateField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="TodayVisit",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member of staff",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="looked at")),
            ],
            options={"default_permissions": ()},
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.created_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.created_at)); RETURN NULL;",
                    hash="b2850f78d70294fe8d2e4e26f0e5f2193d8c63c3",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_03c70",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.event_type IS DISTINCT FROM NEW.event_type OR OLD.details IS DISTINCT FROM NEW.details)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)), (NEW.user_id, school_day(NEW.created_at)); RETURN NULL;",
                    hash="8ff1245a0fd753fece86014802ac51e1d232a8dc",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_1654b",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)); RETURN NULL;",
                    hash="9d7e872b1dce7a0f938637cb166100452788c1e5",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_d435e",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="6c7d7c5c91d41b9d5bf7b801d41d76ec2d1ce763",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_5ba74",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.first_seen_at)); RETURN NULL;",
                    hash="e76617a40799da1615efe65a9025305c9a22a79a",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_4a4ba",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.first_seen_at IS DISTINCT FROM NEW.first_seen_at)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.first_seen_at)), (NEW.user_id, school_day(NEW.first_seen_at)); RETURN NULL;",
                    hash="4b8eb53a6ff120775637882023c734b33796dedf",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_b11b6",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.first_seen_at)); RETURN NULL;",
                    hash="df71e4ba529fa1fabf85a31bbc740fde7b22858a",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_ef863",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="3e63840b12548ad10d2328cf59902fc8956d3c2c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_89b7c",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
    ]
