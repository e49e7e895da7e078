"""Every change of a status and every new registration; bulk changes; what a student was told last."""

import django.contrib.postgres.functions
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0003_describe_streams"),
        ("users", "__first__"),
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
        migrations.CreateModel(
            name="BulkChange",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("status", "Status"), ("stream", "Stream"), ("tag", "Tag")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        help_text="A status number, a stream code or a tag.", max_length=100, verbose_name="value"
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("notify", models.BooleanField(db_default=False, default=False, verbose_name="the students are told")),
                ("next", models.TextField(blank=True, verbose_name="list it came from")),
                ("prepared_at", models.DateTimeField(verbose_name="prepared")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "bulk change",
                "verbose_name_plural": "bulk changes",
            },
        ),
        migrations.CreateModel(
            name="BulkRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("typed", models.TextField(blank=True, verbose_name="as it was pasted")),
                ("seen_status", models.IntegerField(null=True)),
                ("seen_stream", models.TextField(null=True)),
                ("needs_reason", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ready", "Will be changed"),
                            ("refused", "Will not be changed"),
                            ("done", "Changed"),
                            ("failed", "Not changed"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="why not")),
            ],
            options={
                "verbose_name": "row of a bulk change",
                "verbose_name_plural": "rows of bulk changes",
                "ordering": ("change", "position"),
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="booking",
            name="notice_error",
            field=models.CharField(
                blank=True, db_default="", max_length=30, verbose_name="why the student was not told"
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="notified_about",
            field=models.CharField(blank=True, db_default="", max_length=30, verbose_name="told about"),
        ),
        migrations.AddField(
            model_name="booking",
            name="notified_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="student told"),
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
        migrations.AddField(
            model_name="bulkchange",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="bulk_changes",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="bulkrow",
            name="booking",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="bookings.booking",
                verbose_name="booking",
            ),
        ),
        migrations.AddField(
            model_name="bulkrow",
            name="change",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rows",
                to="bookings.bulkchange",
                verbose_name="bulk change",
            ),
        ),
        migrations.AddField(
            model_name="bulkrow",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="users.telegramuser",
                verbose_name="person",
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
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(fields=("change", "position"), name="bookings_bulkrow_once"),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="telegram_user", name="bookings_bulkrow_user_id_fkey", on_delete="CASCADE"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="booking", name="bookings_bulkrow_booking_id_fkey", on_delete="CASCADE"
            ),
        ),
    ]
