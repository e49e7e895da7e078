"""Write down every change of a status and every new registration, whoever makes it."""

import django.contrib.postgres.functions
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0010_booking_notices"),
    ]

    operations = [
        migrations.CreateModel(
            name="BookingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("was", models.IntegerField(null=True, verbose_name="old status")),
                ("status", models.IntegerField(null=True, verbose_name="new status")),
                ("is_new", models.BooleanField(verbose_name="the row is new")),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="changed"
                    ),
                ),
                ("told_at", models.DateTimeField(null=True, verbose_name="told by staff")),
            ],
            options={
                "verbose_name": "change of a booking",
                "verbose_name_plural": "changes of bookings",
                "default_permissions": ("view",),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="record_status_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF TG_OP = 'INSERT' THEN\n                INSERT INTO bookings_bookingchange (booking_id, status, is_new)\n                VALUES (NEW.id, NEW.confirmed, true);\n            ELSIF NEW.confirmed IS DISTINCT FROM OLD.confirmed THEN\n                INSERT INTO bookings_bookingchange (booking_id, was, status, is_new)\n                VALUES (NEW.id, OLD.confirmed, NEW.confirmed, false);\n            END IF;\n            RETURN NULL;\n            ",
                    hash="544703bcbbcf35ec9bc8653497e3b63b2333c58f",
                    operation='INSERT OR UPDATE OF "confirmed"',
                    pgid="pgtrigger_record_status_change_cf0b9",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="record_registration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO bookings_bookingchange (registration_id, is_new) VALUES (NEW.id, true); RETURN NULL;",
                    hash="b09d2b172c48d4f475f4d7b02dba3da537354328",
                    operation="INSERT",
                    pgid="pgtrigger_record_registration_d4f83",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="bookingchange",
            name="booking",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="changes",
                to="bookings.booking",
                verbose_name="booking",
            ),
        ),
        migrations.AddField(
            model_name="bookingchange",
            name="registration",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="changes",
                to="bookings.freelessonregistration",
                verbose_name="free lesson registration",
            ),
        ),
        migrations.AddIndex(
            model_name="bookingchange",
            index=models.Index(models.F("booking"), models.F("id"), name="bookings_change_booking"),
        ),
        migrations.AddIndex(
            model_name="bookingchange",
            index=models.Index(models.F("status"), models.F("changed_at"), name="bookings_change_status"),
        ),
        migrations.AddConstraint(
            model_name="bookingchange",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="booking", name="bookings_change_booking_id_fkey", on_delete="CASCADE"
            ),
        ),
        migrations.AddConstraint(
            model_name="bookingchange",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="registration", name="bookings_change_registration_id_fkey", on_delete="CASCADE"
            ),
        ),
    ]
