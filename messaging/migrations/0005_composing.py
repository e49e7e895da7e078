"""Drafts, templates, segments, links of staff to Telegram, the rules of sending, and the audit of messages."""

import django.contrib.postgres.functions
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0004_delivery_indexes"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0003_staff_records"),
        ("users", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="BroadcastEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.IntegerField()),
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
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
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="CorrectionEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
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
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
            ],
            options={
                "abstract": False,
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
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("saved_from", models.CharField(blank=True, max_length=40, verbose_name="saved from")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="last changed"
                    ),
                ),
                ("asked_at", models.DateTimeField(null=True, verbose_name="approval asked")),
                ("asked_version", models.PositiveIntegerField(null=True, verbose_name="version to approve")),
            ],
            options={
                "verbose_name": "draft",
                "verbose_name_plural": "drafts",
                "permissions": [("approve_broadcast", "Can approve messages that others wrote")],
            },
        ),
        migrations.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                ("is_archived", models.BooleanField(default=False, verbose_name="archived")),
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
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("is_archived", models.BooleanField(default=False, verbose_name="archived")),
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
            name="Segment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("audience", models.JSONField(verbose_name="audience")),
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
            },
        ),
        migrations.CreateModel(
            name="SegmentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("audience", models.JSONField(verbose_name="audience")),
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
            },
        ),
        migrations.CreateModel(
            name="SendingRulesEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
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
            name="TelegramLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("linked_at", models.DateTimeField(null=True, verbose_name="linked")),
                ("code_hash", models.CharField(blank=True, max_length=200, verbose_name="code")),
                ("code_sent_at", models.DateTimeField(null=True, verbose_name="code sent")),
                ("attempts_left", models.PositiveSmallIntegerField(default=0, verbose_name="attempts left")),
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
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("content", models.JSONField(verbose_name="content")),
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
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="broadcast",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_broadcastevent" ("audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_upload", "message_text", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "state", "state_reason", "submission_token") VALUES (NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_upload", NEW."message_text", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;',
                    hash="948dc9527531eb0dbda8aafac38a30fad11abe6e",
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
                    condition='WHEN (OLD."audience" IS DISTINCT FROM (NEW."audience") OR OLD."buttons" IS DISTINCT FROM (NEW."buttons") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."created_by_id" IS DISTINCT FROM (NEW."created_by_id") OR OLD."finished_at" IS DISTINCT FROM (NEW."finished_at") OR OLD."frozen_at" IS DISTINCT FROM (NEW."frozen_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."link_preview" IS DISTINCT FROM (NEW."link_preview") OR OLD."media_upload" IS DISTINCT FROM (NEW."media_upload") OR OLD."message_text" IS DISTINCT FROM (NEW."message_text") OR OLD."original_id" IS DISTINCT FROM (NEW."original_id") OR OLD."paused_at" IS DISTINCT FROM (NEW."paused_at") OR OLD."recipient_group" IS DISTINCT FROM (NEW."recipient_group") OR OLD."recipient_type" IS DISTINCT FROM (NEW."recipient_type") OR OLD."scheduled_at" IS DISTINCT FROM (NEW."scheduled_at") OR OLD."silent" IS DISTINCT FROM (NEW."silent") OR OLD."started_at" IS DISTINCT FROM (NEW."started_at") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."state_reason" IS DISTINCT FROM (NEW."state_reason") OR OLD."submission_token" IS DISTINCT FROM (NEW."submission_token"))',
                    func='INSERT INTO "messaging_broadcastevent" ("audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_upload", "message_text", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "state", "state_reason", "submission_token") VALUES (NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_upload", NEW."message_text", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;',
                    hash="9ea91a0ab60ea0d01fed5cbcaa3b744e5eb8020b",
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
                    func='INSERT INTO "messaging_broadcastevent" ("audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_upload", "message_text", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "state", "state_reason", "submission_token") VALUES (OLD."audience", OLD."buttons", OLD."created_at", OLD."created_by_id", OLD."finished_at", OLD."frozen_at", OLD."id", OLD."kind", OLD."link_preview", OLD."media_upload", OLD."message_text", OLD."original_id", OLD."paused_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."recipient_group", OLD."recipient_type", OLD."scheduled_at", OLD."silent", OLD."started_at", OLD."state", OLD."state_reason", OLD."submission_token"); RETURN NULL;',
                    hash="bb796412a8d87b49341c57044463542a54fb079a",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f2a88",
                    table="message_history",
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
        migrations.AddField(
            model_name="broadcastevent",
            name="created_by",
            field=models.ForeignKey(
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
        migrations.AddField(
            model_name="broadcastevent",
            name="original",
            field=models.ForeignKey(
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
        migrations.AddField(
            model_name="broadcastevent",
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
            model_name="broadcastevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="messaging.broadcast",
            ),
        ),
        migrations.AddField(
            model_name="correctionevent",
            name="broadcast",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="messaging.broadcast",
                verbose_name="broadcast",
            ),
        ),
        migrations.AddField(
            model_name="correctionevent",
            name="created_by",
            field=models.ForeignKey(
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
        migrations.AddField(
            model_name="correctionevent",
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
            model_name="correctionevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="messaging.correction",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approval asked by",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="broadcast",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="draft",
                to="messaging.broadcast",
                verbose_name="broadcast",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="updated_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="last changed by",
            ),
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="messagetemplateevent",
            name="created_by",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="messagetemplateevent",
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
            model_name="messagetemplateevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="messaging.messagetemplate",
            ),
        ),
        migrations.AddField(
            model_name="segment",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="segment",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="segments",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner; empty: shared",
            ),
        ),
        migrations.AddField(
            model_name="segmentevent",
            name="created_by",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="segmentevent",
            name="owner",
            field=models.ForeignKey(
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
        migrations.AddField(
            model_name="segmentevent",
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
            model_name="segmentevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="messaging.segment",
            ),
        ),
        migrations.AddConstraint(
            model_name="sendingrules",
            constraint=models.CheckConstraint(condition=models.Q(("pk", 1)), name="messaging_sendingrules_one_row"),
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
        migrations.AddField(
            model_name="sendingrulesevent",
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
            model_name="sendingrulesevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="messaging.sendingrules",
            ),
        ),
        migrations.AddField(
            model_name="telegramlink",
            name="code_broadcast",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="messaging.broadcast",
                verbose_name="message with the code",
            ),
        ),
        migrations.AddField(
            model_name="telegramlink",
            name="telegram_user",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="telegramlink",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="telegram_link",
                to=settings.AUTH_USER_MODEL,
                verbose_name="staff account",
            ),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="versions",
                to="messaging.messagetemplate",
                verbose_name="template",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="template",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="drafts",
                to="messaging.templateversion",
                verbose_name="template",
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
        migrations.AddConstraint(
            model_name="segment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("owner", None)), fields=("name",), name="messaging_segment_shared_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="segment",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="messaging_segment_own_name"),
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
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(fields=("template", "number"), name="messaging_templateversion_number"),
        ),
        migrations.AddIndex(
            model_name="draft",
            index=models.Index(
                condition=models.Q(("broadcast", None)), fields=["-updated_at"], name="messaging_draft_open"
            ),
        ),
    ]
