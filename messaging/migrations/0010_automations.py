"""Rules that tell students by themselves, and what became of each message about a booking."""

import django.core.validators
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0011_status_changes"),
        ("messaging", "0009_freeze_without_looking"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0012_booking_history_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Automation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking_confirmed", "Booking confirmed"),
                            ("booking_cancelled", "Booking cancelled"),
                            ("payment_reminder", "Payment reminder"),
                            ("course_start", "Course starts soon"),
                            ("free_lesson", "Free lesson soon"),
                        ],
                        max_length=30,
                        unique=True,
                        verbose_name="kind",
                    ),
                ),
                ("is_on", models.BooleanField(db_default=False, verbose_name="on")),
                ("switched_on_at", models.DateTimeField(blank=True, null=True, verbose_name="switched on")),
                ("template", models.TextField(verbose_name="text")),
                (
                    "offset",
                    models.PositiveIntegerField(
                        db_default=0, validators=[django.core.validators.MaxValueValidator(1440)], verbose_name="offset"
                    ),
                ),
                (
                    "include_earlier",
                    models.BooleanField(
                        db_default=False, verbose_name="also those who booked or registered before it was switched on"
                    ),
                ),
            ],
            options={
                "verbose_name": "automation",
                "verbose_name_plural": "automations",
                "default_permissions": ("view", "change"),
            },
        ),
        migrations.CreateModel(
            name="AutomationEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking_confirmed", "Booking confirmed"),
                            ("booking_cancelled", "Booking cancelled"),
                            ("payment_reminder", "Payment reminder"),
                            ("course_start", "Course starts soon"),
                            ("free_lesson", "Free lesson soon"),
                        ],
                        max_length=30,
                        verbose_name="kind",
                    ),
                ),
                ("is_on", models.BooleanField(db_default=False, verbose_name="on")),
                ("switched_on_at", models.DateTimeField(blank=True, null=True, verbose_name="switched on")),
                ("template", models.TextField(verbose_name="text")),
                (
                    "offset",
                    models.PositiveIntegerField(
                        db_default=0, validators=[django.core.validators.MaxValueValidator(1440)], verbose_name="offset"
                    ),
                ),
                (
                    "include_earlier",
                    models.BooleanField(
                        db_default=False, verbose_name="also those who booked or registered before it was switched on"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="outbox",
            name="change",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="outbox",
                to="bookings.bookingchange",
                verbose_name="change of a booking",
            ),
        ),
        migrations.AddField(
            model_name="outbox",
            name="occurs_on",
            field=models.DateField(null=True, verbose_name="date it reminds of"),
        ),
        migrations.AddField(
            model_name="outbox",
            name="reason",
            field=models.CharField(db_default="", max_length=30, verbose_name="why it was not delivered"),
        ),
        migrations.AddField(
            model_name="outbox",
            name="recipient",
            field=models.OneToOneField(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="outbox",
                to="messaging.recipient",
                verbose_name="recipient",
            ),
        ),
        migrations.AddField(
            model_name="outbox",
            name="registration",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="outbox",
                to="bookings.freelessonregistration",
                verbose_name="free lesson registration",
            ),
        ),
        migrations.AddField(
            model_name="outbox",
            name="settled_at",
            field=models.DateTimeField(null=True, verbose_name="settled"),
        ),
        migrations.AlterField(
            model_name="outbox",
            name="kind",
            field=models.CharField(
                choices=[
                    ("booking_created", "Booking made"),
                    ("booking_confirmed", "Booking confirmed"),
                    ("booking_cancelled", "Booking cancelled"),
                    ("booking_moved", "Stream changed"),
                    ("booking_changed", "Booking changed"),
                    ("payment_reminder", "Payment reminder"),
                    ("course_start", "Course starts soon"),
                    ("free_lesson", "Free lesson soon"),
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="outbox",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "In the queue"),
                    ("sent", "Handed over"),
                    ("cancelled", "Withdrawn"),
                    ("delivered", "Delivered"),
                    ("failed", "Not delivered"),
                    ("uncertain", "Not known"),
                ],
                db_default="queued",
                max_length=20,
                verbose_name="state",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="automation",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_automationevent" ("id", "include_earlier", "is_on", "kind", "offset", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "switched_on_at", "template") VALUES (NEW."id", NEW."include_earlier", NEW."is_on", NEW."kind", NEW."offset", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."switched_on_at", NEW."template"); RETURN NULL;',
                    hash="88b4948284cbe887f412dcebbe732a17557fc712",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_bb4d9",
                    table="messaging_automation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="automation",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "messaging_automationevent" ("id", "include_earlier", "is_on", "kind", "offset", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "switched_on_at", "template") VALUES (NEW."id", NEW."include_earlier", NEW."is_on", NEW."kind", NEW."offset", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."switched_on_at", NEW."template"); RETURN NULL;',
                    hash="9b0dabdd224ed8719e57d24d5a4397459b452d22",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_f5d61",
                    table="messaging_automation",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="outbox",
            name="rule",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="fired",
                to="messaging.automation",
                verbose_name="automation",
            ),
        ),
        migrations.AddIndex(
            model_name="outbox",
            index=models.Index(
                models.F("sent_at"),
                condition=models.Q(("state__in", ["sent", "uncertain", "failed"])),
                name="messaging_outbox_unsettled",
            ),
        ),
        migrations.AddIndex(
            model_name="outbox",
            index=models.Index(
                models.F("rule"), models.OrderBy(models.F("id"), descending=True), name="messaging_outbox_rule"
            ),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="change", name="messaging_outbox_change_id_fkey", on_delete="SET NULL"
            ),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="registration", name="messaging_outbox_registration_id_fkey", on_delete="SET NULL"
            ),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="recipient", name="messaging_outbox_recipient_id_fkey", on_delete="SET NULL"
            ),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=models.UniqueConstraint(fields=("rule", "change"), name="messaging_outbox_once_per_change"),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=models.UniqueConstraint(
                fields=("rule", "booking", "occurs_on"), name="messaging_outbox_once_per_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=models.UniqueConstraint(
                fields=("rule", "registration", "occurs_on"), name="messaging_outbox_once_per_lesson"
            ),
        ),
        migrations.AddField(
            model_name="automationevent",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="automationevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="messaging.automation",
            ),
        ),
    ]
