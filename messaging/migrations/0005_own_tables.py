"""Our own tables, from drafts to conversations; the history of messages; marks of what is counted by day."""

import django.contrib.postgres.functions
import django.core.validators
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0002_own_tables"),
        ("messaging", "0004_delivery_indexes"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0004_totals_and_search"),
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
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="messaging.automation",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
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
            name="BroadcastEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="messaging.broadcast",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.IntegerField()),
                ("name", models.TextField(blank=True, db_default="", verbose_name="name")),
                ("message_text", models.TextField(verbose_name="text")),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                (
                    "recipient_type",
                    models.TextField(blank=True, db_default="individual", null=True, verbose_name="recipient type"),
                ),
                ("recipient_group", models.TextField(blank=True, null=True, verbose_name="recipient group")),
                ("scheduled_at", models.DateTimeField(blank=True, null=True, verbose_name="scheduled for")),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="planned start")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("scheduled", "Scheduled"),
                            ("sending", "Sending"),
                            ("paused", "Paused"),
                            ("cancelled", "Cancelled (broadcast)"),
                            ("finished", "Finished"),
                            ("held", "Held"),
                        ],
                        db_default="finished",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "state_reason",
                    models.TextField(blank=True, db_default="", verbose_name="why it is paused, held or cancelled"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("text", "Text"), ("photo", "Photo"), ("video", "Video"), ("document", "Document")],
                        db_default="text",
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "media_upload",
                    models.FileField(
                        blank=True, db_default="", max_length=200, upload_to="broadcasts/", verbose_name="file"
                    ),
                ),
                ("media_name", models.TextField(blank=True, db_default="", verbose_name="name of the file")),
                (
                    "buttons",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value([], models.JSONField()),
                        default=list,
                        verbose_name="buttons",
                    ),
                ),
                ("link_preview", models.BooleanField(db_default=True, verbose_name="link preview")),
                ("silent", models.BooleanField(db_default=False, verbose_name="without sound")),
                ("audience", models.JSONField(blank=True, null=True, verbose_name="audience")),
                ("frozen_at", models.DateTimeField(blank=True, null=True, verbose_name="audience frozen")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="paused")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                ("submission_token", models.UUIDField(blank=True, null=True, verbose_name="submission token")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "original",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="messaging.broadcast",
                        verbose_name="original",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="conversation",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("unread", "Unread"),
                            ("waiting", "Waiting for an answer"),
                            ("answered", "Answered"),
                            ("snoozed", "Snoozed"),
                            ("closed", "Closed"),
                        ],
                        db_default="unread",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("texts", models.PositiveIntegerField(db_default=0, verbose_name="texts")),
                ("last_text_at", models.DateTimeField(verbose_name="last text")),
                ("waiting_since", models.DateTimeField(null=True, verbose_name="waits since")),
                ("last_answer_at", models.DateTimeField(null=True, verbose_name="last answer")),
                (
                    "last_answer",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="messaging.broadcast",
                        verbose_name="message of the last answer",
                    ),
                ),
                (
                    "answered_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="conversations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who answers",
                    ),
                ),
                ("snoozed_until", models.DateTimeField(null=True, verbose_name="snoozed until")),
                (
                    "opened_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="opened by",
                    ),
                ),
                ("opened_at", models.DateTimeField(null=True, verbose_name="opened")),
            ],
            options={
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
                "permissions": [("answer_students", "Can read what students write, and answer")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        models.F("last_text_at"), models.F("telegram_user"), name="messaging_conversation_all"
                    ),
                    models.Index(
                        models.F("state"),
                        models.F("last_text_at"),
                        models.F("telegram_user"),
                        name="messaging_conversation_state",
                    ),
                    models.Index(
                        models.F("last_text_at"),
                        models.F("telegram_user"),
                        condition=models.Q(("state__in", ["unread", "waiting"])),
                        name="messaging_conversation_open",
                    ),
                    models.Index(
                        models.F("assignee"),
                        models.F("last_text_at"),
                        models.F("telegram_user"),
                        name="messaging_conversation_of",
                    ),
                    models.Index(
                        models.F("last_answer_at"),
                        condition=models.Q(("state", "answered")),
                        name="messaging_conversation_told",
                    ),
                    models.Index(
                        models.F("snoozed_until"),
                        condition=models.Q(("state", "snoozed")),
                        name="messaging_conversation_wakes",
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="messaging_conversation_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="last_answer", name="messaging_conversation_last_answer_id_fkey", on_delete="SET NULL"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CorrectionEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="messaging.correction",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "broadcast",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("delete", "Delete"), ("edit", "Edit")], max_length=20, verbose_name="kind"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("cancelled", "Cancelled (correction)"),
                            ("finished", "Finished (correction)"),
                        ],
                        db_default="running",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("state_reason", models.TextField(blank=True, db_default="", verbose_name="reason")),
                ("message_text", models.TextField(blank=True, db_default="", verbose_name="text")),
                (
                    "buttons",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value([], models.JSONField()),
                        default=list,
                        verbose_name="buttons",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Digest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="digests",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="staff account",
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("words", models.TextField(verbose_name="text")),
                (
                    "message",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="digest",
                        to="messaging.broadcast",
                        verbose_name="message with the digest",
                    ),
                ),
            ],
            options={
                "verbose_name": "digest",
                "verbose_name_plural": "digests",
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("user", "day"), name="messaging_digest_once")],
            },
        ),
        migrations.CreateModel(
            name="FormerText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "broadcast",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_texts",
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                ("message_text", models.TextField(blank=True, verbose_name="text")),
                ("buttons", models.JSONField(blank=True, default=list, verbose_name="buttons")),
                ("replaced_at", models.DateTimeField(verbose_name="replaced")),
                (
                    "replaced_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="replaced by",
                    ),
                ),
                (
                    "correction",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_text",
                        to="messaging.correction",
                        verbose_name="correction",
                    ),
                ),
            ],
            options={
                "verbose_name": "former text",
                "verbose_name_plural": "former texts",
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("value", models.CharField(blank=True, db_default="", max_length=100, verbose_name="value")),
                ("began_at", models.DateTimeField(verbose_name="began")),
                ("seen_at", models.DateTimeField(verbose_name="last seen")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("told_at", models.DateTimeField(null=True, verbose_name="beginning told")),
                ("end_told_at", models.DateTimeField(null=True, verbose_name="end told")),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("began_at"), descending=True), name="messaging_incident_newest"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("kind"), condition=models.Q(("ended_at", None)), name="messaging_incident_open"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                ("is_archived", models.BooleanField(default=False, verbose_name="archived")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
            ],
            options={
                "verbose_name": "template",
                "verbose_name_plural": "templates",
            },
        ),
        migrations.CreateModel(
            name="MessageTemplateEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="messaging.messagetemplate",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("is_archived", models.BooleanField(default=False, verbose_name="archived")),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
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
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking_created", "Booking made"),
                            ("booking_confirmed", "Booking confirmed"),
                            ("booking_cancelled", "Booking cancelled"),
                            ("booking_moved", "Stream changed"),
                            ("booking_changed", "Booking changed"),
                            ("payment_declined", "Payment declined"),
                            ("payment_asked", "Asked about the payment"),
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
                (
                    "queued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="not before")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="fired",
                        to="messaging.automation",
                        verbose_name="automation",
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="bookings.bookingchange",
                        verbose_name="change of a booking",
                    ),
                ),
                (
                    "registration",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="bookings.freelessonregistration",
                        verbose_name="free lesson registration",
                    ),
                ),
                ("occurs_on", models.DateField(null=True, verbose_name="date it reminds of")),
                (
                    "recipient",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="messaging.recipient",
                        verbose_name="recipient",
                    ),
                ),
                ("reason", models.CharField(db_default="", max_length=30, verbose_name="why it was not delivered")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "message about a booking",
                "verbose_name_plural": "messages about bookings",
                "indexes": [
                    models.Index(
                        models.F("id"), condition=models.Q(("state", "queued")), name="messaging_outbox_queued"
                    ),
                    models.Index(
                        models.F("sent_at"),
                        condition=models.Q(("state__in", ["sent", "uncertain", "failed"])),
                        name="messaging_outbox_unsettled",
                    ),
                    models.Index(
                        models.F("rule"), models.OrderBy(models.F("id"), descending=True), name="messaging_outbox_rule"
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="messaging_outbox_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="messaging_outbox_booking_id_fkey", on_delete="SET NULL"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="change", name="messaging_outbox_change_id_fkey", on_delete="SET NULL"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="registration", name="messaging_outbox_registration_id_fkey", on_delete="SET NULL"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="recipient", name="messaging_outbox_recipient_id_fkey", on_delete="SET NULL"
                    ),
                    models.UniqueConstraint(fields=("rule", "change"), name="messaging_outbox_once_per_change"),
                    models.UniqueConstraint(
                        fields=("rule", "booking", "occurs_on"), name="messaging_outbox_once_per_start"
                    ),
                    models.UniqueConstraint(
                        fields=("rule", "registration", "occurs_on"), name="messaging_outbox_once_per_lesson"
                    ),
                ],
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
                (
                    "message",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="report_about",
                        to="messaging.broadcast",
                        verbose_name="message with the report",
                    ),
                ),
                ("queued_at", models.DateTimeField(verbose_name="queued")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "report to the author",
                "verbose_name_plural": "reports to authors",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        models.F("queued_at"),
                        condition=models.Q(("settled_at", None)),
                        name="messaging_report_unsettled",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("audience", models.JSONField(verbose_name="audience")),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="segments",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner; empty: shared",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
            ],
            options={
                "verbose_name": "segment",
                "verbose_name_plural": "segments",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("owner", None)), fields=("name",), name="messaging_segment_shared_name"
                    ),
                    models.UniqueConstraint(fields=("owner", "name"), name="messaging_segment_own_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SegmentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="messaging.segment",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("audience", models.JSONField(verbose_name="audience")),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner; empty: shared",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SendingRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "approval_above",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="A message to more people than this needs a second person. Empty: never.",
                        null=True,
                        verbose_name="approval above, recipients",
                    ),
                ),
            ],
            options={
                "verbose_name": "rules of sending",
                "verbose_name_plural": "rules of sending",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="messaging_sendingrules_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="SendingRulesEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="messaging.sendingrules",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "approval_above",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="A message to more people than this needs a second person. Empty: never.",
                        null=True,
                        verbose_name="approval above, recipients",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="StaffNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="staff account",
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("payments", "New payments to look at"),
                            ("answers", "New texts of students, for me or for nobody yet"),
                            ("paused", "Messages that pause"),
                            ("approvals", "Messages that wait for my approval"),
                            ("digest", "Digest at 10:00"),
                        ],
                        max_length=20,
                        verbose_name="subject",
                    ),
                ),
                ("is_on", models.BooleanField(verbose_name="switched on")),
                ("told_until", models.DateTimeField(verbose_name="told until")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
            ],
            options={
                "verbose_name": "notice to staff",
                "verbose_name_plural": "notices to staff",
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("user", "subject"), name="messaging_staffnotice_once")],
            },
        ),
        migrations.CreateModel(
            name="StudentText",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="student_text",
                        serialize=False,
                        to="users.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="texts",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("written_at", models.DateTimeField(verbose_name="written")),
                ("folded", models.BooleanField(db_default=False, verbose_name="counted")),
            ],
            options={
                "verbose_name": "text of a student",
                "verbose_name_plural": "texts of students",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.F("telegram_user"),
                        models.F("written_at"),
                        models.F("event"),
                        name="messaging_studenttext_person",
                    ),
                    models.Index(
                        models.F("event"), condition=models.Q(("folded", False)), name="messaging_studenttext_new"
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="messaging_studenttext_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TelegramLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="telegram_link",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="staff account",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("linked_at", models.DateTimeField(null=True, verbose_name="linked")),
                ("code_hash", models.CharField(blank=True, max_length=200, verbose_name="code")),
                ("code_sent_at", models.DateTimeField(null=True, verbose_name="code sent")),
                ("attempts_left", models.PositiveSmallIntegerField(default=0, verbose_name="attempts left")),
                (
                    "code_broadcast",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="messaging.broadcast",
                        verbose_name="message with the code",
                    ),
                ),
                (
                    "wants_reports",
                    models.BooleanField(db_default=True, default=True, verbose_name="reports about one's own messages"),
                ),
            ],
            options={
                "verbose_name": "linked Telegram account",
                "verbose_name_plural": "linked Telegram accounts",
            },
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="messaging.messagetemplate",
                        verbose_name="template",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("content", models.JSONField(verbose_name="content")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a template",
                "verbose_name_plural": "versions of templates",
                "constraints": [
                    models.UniqueConstraint(fields=("template", "number"), name="messaging_templateversion_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="submission token"),
                ),
                ("content", models.JSONField(default=dict, verbose_name="content")),
                (
                    "media_upload",
                    models.FileField(blank=True, max_length=200, upload_to="broadcasts/", verbose_name="file"),
                ),
                ("media_name", models.TextField(blank=True, db_default="", verbose_name="name of the file")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("saved_from", models.CharField(blank=True, max_length=40, verbose_name="saved from")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="last changed by",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="last changed"
                    ),
                ),
                (
                    "broadcast",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="draft",
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                (
                    "last_test",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="messaging.broadcast",
                        verbose_name="last test message",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="drafts",
                        to="messaging.templateversion",
                        verbose_name="template",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approval asked by",
                    ),
                ),
                ("asked_at", models.DateTimeField(null=True, verbose_name="approval asked")),
                ("asked_version", models.PositiveIntegerField(null=True, verbose_name="version to approve")),
            ],
            options={
                "verbose_name": "draft",
                "verbose_name_plural": "drafts",
                "permissions": [("approve_broadcast", "Can approve messages that others wrote")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("broadcast", None)), fields=["-updated_at"], name="messaging_draft_open"
                    )
                ],
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
        pgtrigger.migrations.AddTrigger(
            model_name="correction",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_correctionevent" ("broadcast_id", "buttons", "created_at", "created_by_id", "finished_at", "id", "kind", "message_text", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state", "state_reason") VALUES (NEW."broadcast_id", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."id", NEW."kind", NEW."message_text", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."state", NEW."state_reason"); RETURN NULL;',
                    hash="b3b11c4fbde5fcdeb8c92b3f05509e4ee8a25966",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_d4a02",
                    table="messaging_correction",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="correction",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "messaging_correctionevent" ("broadcast_id", "buttons", "created_at", "created_by_id", "finished_at", "id", "kind", "message_text", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state", "state_reason") VALUES (NEW."broadcast_id", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."id", NEW."kind", NEW."message_text", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."state", NEW."state_reason"); RETURN NULL;',
                    hash="cb0170cb5256b2fddb05beee5dd6bef74a595606",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_03423",
                    table="messaging_correction",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="correction",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_correctionevent" ("broadcast_id", "buttons", "created_at", "created_by_id", "finished_at", "id", "kind", "message_text", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state", "state_reason") VALUES (OLD."broadcast_id", OLD."buttons", OLD."created_at", OLD."created_by_id", OLD."finished_at", OLD."id", OLD."kind", OLD."message_text", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."state", OLD."state_reason"); RETURN NULL;',
                    hash="86603a14d6604c3e78e28c1b2429a169f1433758",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_69355",
                    table="messaging_correction",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="messagetemplate",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_messagetemplateevent" ("created_at", "created_by_id", "id", "is_archived", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."created_by_id", NEW."id", NEW."is_archived", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="4f9b603d46191361d1f2213ee085ef711c537062",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_550b1",
                    table="messaging_messagetemplate",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="messagetemplate",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "messaging_messagetemplateevent" ("created_at", "created_by_id", "id", "is_archived", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."created_by_id", NEW."id", NEW."is_archived", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="b9e6b29179b6cfe9fcef93627cfe4dc4245d0164",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_be409",
                    table="messaging_messagetemplate",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="messagetemplate",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_messagetemplateevent" ("created_at", "created_by_id", "id", "is_archived", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."created_at", OLD."created_by_id", OLD."id", OLD."is_archived", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="013f493dd160f47ece17d24ba7d0c66653003a42",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_7bdfa",
                    table="messaging_messagetemplate",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="segment",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_segmentevent" ("audience", "created_at", "created_by_id", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."audience", NEW."created_at", NEW."created_by_id", NEW."id", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="96dcbcc26285ad6244f088a3e3643661d2a6393e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_44638",
                    table="messaging_segment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="segment",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "messaging_segmentevent" ("audience", "created_at", "created_by_id", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."audience", NEW."created_at", NEW."created_by_id", NEW."id", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="62e18b31e516434408ec9d23e9d1628b82b9590f",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_3f2f7",
                    table="messaging_segment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="segment",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_segmentevent" ("audience", "created_at", "created_by_id", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."audience", OLD."created_at", OLD."created_by_id", OLD."id", OLD."name", OLD."owner_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="84c8cf8872f5b7a6d9e1dbab17b450f36597ccea",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_a1c78",
                    table="messaging_segment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sendingrules",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_sendingrulesevent" ("approval_above", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."approval_above", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="873cfdd2410c06db9a7b720a572195c8127bee24",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0766e",
                    table="messaging_sendingrules",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sendingrules",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "messaging_sendingrulesevent" ("approval_above", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."approval_above", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="6c194ff65bec351d42bb5a7a20dea658936928e5",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5e84b",
                    table="messaging_sendingrules",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="broadcast",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_broadcastevent" ("approved_by_id", "audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_name", "media_upload", "message_text", "name", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (NEW."approved_by_id", NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_name", NEW."media_upload", NEW."message_text", NEW."name", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."starts_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;',
                    hash="c16fd26037835ca30e9d6645340293dc397fa3ed",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_e24c3",
                    table="message_history",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="broadcast",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."approved_by_id" IS DISTINCT FROM (NEW."approved_by_id") OR OLD."audience" IS DISTINCT FROM (NEW."audience") OR OLD."buttons" IS DISTINCT FROM (NEW."buttons") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."created_by_id" IS DISTINCT FROM (NEW."created_by_id") OR OLD."finished_at" IS DISTINCT FROM (NEW."finished_at") OR OLD."frozen_at" IS DISTINCT FROM (NEW."frozen_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."link_preview" IS DISTINCT FROM (NEW."link_preview") OR OLD."media_name" IS DISTINCT FROM (NEW."media_name") OR OLD."media_upload" IS DISTINCT FROM (NEW."media_upload") OR OLD."message_text" IS DISTINCT FROM (NEW."message_text") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."original_id" IS DISTINCT FROM (NEW."original_id") OR OLD."paused_at" IS DISTINCT FROM (NEW."paused_at") OR OLD."recipient_group" IS DISTINCT FROM (NEW."recipient_group") OR OLD."recipient_type" IS DISTINCT FROM (NEW."recipient_type") OR OLD."scheduled_at" IS DISTINCT FROM (NEW."scheduled_at") OR OLD."silent" IS DISTINCT FROM (NEW."silent") OR OLD."started_at" IS DISTINCT FROM (NEW."started_at") OR OLD."starts_at" IS DISTINCT FROM (NEW."starts_at") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."state_reason" IS DISTINCT FROM (NEW."state_reason") OR OLD."submission_token" IS DISTINCT FROM (NEW."submission_token"))',
                    func='INSERT INTO "messaging_broadcastevent" ("approved_by_id", "audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_name", "media_upload", "message_text", "name", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (NEW."approved_by_id", NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_name", NEW."media_upload", NEW."message_text", NEW."name", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."starts_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;',
                    hash="226cd8335c1338425d37b72c457d4bb56dddd2f9",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_547fa",
                    table="message_history",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="broadcast",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_broadcastevent" ("approved_by_id", "audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_name", "media_upload", "message_text", "name", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (OLD."approved_by_id", OLD."audience", OLD."buttons", OLD."created_at", OLD."created_by_id", OLD."finished_at", OLD."frozen_at", OLD."id", OLD."kind", OLD."link_preview", OLD."media_name", OLD."media_upload", OLD."message_text", OLD."name", OLD."original_id", OLD."paused_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."recipient_group", OLD."recipient_type", OLD."scheduled_at", OLD."silent", OLD."started_at", OLD."starts_at", OLD."state", OLD."state_reason", OLD."submission_token"); RETURN NULL;',
                    hash="24443d59399d5e716a8e5ecbae61357aeaef8577",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f2a88",
                    table="message_history",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.sent_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(NEW.sent_at)); RETURN NULL;",
                    hash="abbac707f0fdcc4e6e3076f2260db1353839e2f4",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_da5e2",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.sent_at IS DISTINCT FROM NEW.sent_at)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(OLD.sent_at)), (NULL, school_day(NEW.sent_at)); RETURN NULL;",
                    hash="05f8a6a9953708098d4a11b3ab8597b3c4809fdf",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_90912",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(OLD.sent_at)); RETURN NULL;",
                    hash="2dd3498b80e519e93a7fecd3328d111ed4488db5",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_68728",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="c25950f36aff9caac607f7feb9fba46840825365",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_a047c",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
    ]
