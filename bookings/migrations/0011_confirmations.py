"""When each confirmed booking was confirmed; marks for what is counted by day."""

import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


# Copies of what the files in sql/ say today; later changes are migrations of their own.
FUNCTIONS = r"""
-- When a confirmed booking was confirmed: by the record of its changes, before that by the bot's event, else when it
-- was made. A booking that was inserted confirmed was confirmed when it was made.
CREATE OR REPLACE FUNCTION confirmation_moment(booking integer, made timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(
        (
            SELECT CASE WHEN c.is_new THEN COALESCE(made, c.changed_at) ELSE c.changed_at END
            FROM bookings_bookingchange AS c WHERE c.booking_id = booking AND c.status = 2 ORDER BY c.id DESC LIMIT 1
        ),
        (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = booking::text
                AND e.details->>'new_status' = '2'
        ),
        made
    )
$$;

-- Keeps the row of bookings_confirmation for one booking, whose row the writer has locked.
CREATE OR REPLACE FUNCTION confirmation_keep(booking integer) RETURNS void LANGUAGE sql AS $$
    DELETE FROM bookings_confirmation AS c
    WHERE c.booking_id = booking AND NOT EXISTS (SELECT FROM bookings AS b WHERE b.id = booking AND b.confirmed = 2);
    INSERT INTO bookings_confirmation (booking_id, confirmed_at)
    SELECT b.id, confirmation_moment(b.id, b.created_at) FROM bookings AS b WHERE b.id = booking AND b.confirmed = 2
    ON CONFLICT (booking_id) DO UPDATE SET confirmed_at = EXCLUDED.confirmed_at
$$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION confirmation_keep(integer);
DROP FUNCTION confirmation_moment(integer, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0013_number_marks"),
        ("bookings", "0010_payments_and_lesson_steps"),
    ]

    operations = [
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                (
                    "booking",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.created_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.created_at)); RETURN NULL;",
                    hash="63ad449c508a7fdbe20f3c0d8aa63a055b10afe0",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_57f96",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.confirmed IS DISTINCT FROM NEW.confirmed OR OLD.course_id IS DISTINCT FROM NEW.course_id OR OLD.course_stream IS DISTINCT FROM NEW.course_stream OR OLD.referral_code IS DISTINCT FROM NEW.referral_code)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)), (NEW.user_id, school_day(NEW.created_at)); RETURN NULL;",
                    hash="81cfe8812fcde796b8015a388816a67d6a014fd8",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_867a6",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)); RETURN NULL;",
                    hash="05394d71237577b55a23900d036773d4b658c8ca",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_c647a",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="86daecc584a2da168dea09b38511e0d647db7175",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_a6bc4",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="move_confirmation",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.confirmed = 2 AND NEW.created_at IS DISTINCT FROM OLD.created_at)",
                    func="PERFORM confirmation_keep(NEW.id); RETURN NULL;",
                    hash="9a94ff4f36364c3913bfb9f53b37fca6770ec2c4",
                    operation='UPDATE OF "created_at"',
                    pgid="pgtrigger_move_confirmation_7fda1",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="bookingchange",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_confirmation",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.booking_id IS NOT NULL AND (NEW.status = 2 OR NEW.was = 2))",
                    func="PERFORM confirmation_keep(NEW.booking_id); RETURN NULL;",
                    hash="c2eb0aa4cc8d8c2d04be77fa56808c90b4c8f83c",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_keep_confirmation_63a73",
                    table="bookings_bookingchange",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.registered_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.registered_at)); RETURN NULL;",
                    hash="5dde833272d308bd43c32d9be2a854e8c0b1b8cf",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_42f52",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.registered_at IS DISTINCT FROM NEW.registered_at OR OLD.lesson_type IS DISTINCT FROM NEW.lesson_type OR OLD.lesson_date IS DISTINCT FROM NEW.lesson_date)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.registered_at)), (NEW.user_id, school_day(NEW.registered_at)); RETURN NULL;",
                    hash="feb0fca8a8d3d0b585c01dc2f53c645d969e193f",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_e520a",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.registered_at)); RETURN NULL;",
                    hash="f5c20a02a283982c9f635258f11a196f20b74025",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_b95c7",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="4c421ded6a49d1669bb7634cd09b54da133cddfc",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_b9b18",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="confirmation",
            index=models.Index(models.F("confirmed_at"), models.F("booking"), name="bookings_confirmed_at"),
        ),
        migrations.AddConstraint(
            model_name="confirmation",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="booking", name="bookings_confirmation_booking_id_fkey", on_delete="CASCADE"
            ),
        ),
    ]
