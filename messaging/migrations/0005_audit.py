"""Record every change of broadcasts and corrections, whoever makes it."""

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0004_delivery_indexes"),
        ("pghistory", "0007_auto_20250421_0444"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
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
    ]
