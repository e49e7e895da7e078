"""The outbox, the automations that fill it, reports to authors, and the updates of Telegram that were taken in."""

import django.core.validators
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0004_changes_and_notices"),
        ("messaging", "0005_composing"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "__first__"),
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
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
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
                ("message_text", models.TextField(verbose_name="text")),
                (
                    "state",
                    models.CharField(
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
                ("queued_at", models.DateTimeField(verbose_name="queued")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("occurs_on", models.DateField(null=True, verbose_name="date it reminds of")),
                ("reason", models.CharField(db_default="", max_length=30, verbose_name="why it was not delivered")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "message about a booking",
                "verbose_name_plural": "messages about bookings",
            },
        ),
        migrations.CreateModel(
            name="ReceivedUpdate",
            fields=[
                ("update_id", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="update")),
                ("received_at", models.DateTimeField(db_index=True, verbose_name="received")),
            ],
            options={
                "verbose_name": "received update",
                "verbose_name_plural": "received updates",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "broadcast",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="report",
                        serialize=False,
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                ("queued_at", models.DateTimeField(verbose_name="queued")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "report to the author",
                "verbose_name_plural": "reports to authors",
                "default_permissions": ("view",),
            },
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
        migrations.AddField(
            model_name="outbox",
            name="booking",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="outbox",
                to="bookings.booking",
                verbose_name="booking",
            ),
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
            name="queued_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
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
        migrations.AddField(
            model_name="outbox",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="outbox",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="message",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="report_about",
                to="messaging.broadcast",
                verbose_name="message with the report",
            ),
        ),
        migrations.AddIndex(
            model_name="outbox",
            index=models.Index(models.F("id"), condition=models.Q(("state", "queued")), name="messaging_outbox_queued"),
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
                field="telegram_user", name="messaging_outbox_user_id_fkey", on_delete="CASCADE"
            ),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="booking", name="messaging_outbox_booking_id_fkey", on_delete="SET NULL"
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
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                models.F("queued_at"), condition=models.Q(("settled_at", None)), name="messaging_report_unsettled"
            ),
        ),
    ]
