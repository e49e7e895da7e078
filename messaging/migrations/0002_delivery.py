"""What the sending engine keeps of a broadcast and of each copy; nothing of the old columns changes."""

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import hsl_dashboard.db


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0001_bot_tables"),
        ("users", "0001_staff_account"),
    ]

    operations = [
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "broadcast",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
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
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "correction",
                "verbose_name_plural": "corrections",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")),
                        fields=("broadcast",),
                        name="messaging_correction_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CorrectedMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "correction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="messaging.correction",
                        verbose_name="correction",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="messaging.recipient",
                        verbose_name="recipient",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Being sent"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled (recipient)"),
                        ],
                        db_default="pending",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "next_try_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="not before"
                    ),
                ),
                ("claimed_at", models.DateTimeField(blank=True, null=True, verbose_name="claimed")),
                ("worker", models.TextField(blank=True, db_default="", verbose_name="worker")),
                ("attempt", models.IntegerField(db_default=0, verbose_name="attempts")),
                ("error_code", models.IntegerField(blank=True, null=True, verbose_name="Telegram's code")),
                ("error_text", models.TextField(blank=True, db_default="", verbose_name="Telegram's words")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done")),
            ],
            options={
                "verbose_name": "corrected message",
                "verbose_name_plural": "corrected messages",
                "indexes": [
                    models.Index(
                        models.F("correction"),
                        models.F("next_try_at"),
                        models.F("id"),
                        condition=models.Q(("state", "pending")),
                        name="messaging_corrected_pending",
                    ),
                    models.Index(
                        models.F("claimed_at"),
                        condition=models.Q(("state", "sending")),
                        name="messaging_corrected_claimed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("correction", "recipient"), name="messaging_corrected_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Runner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "broadcast",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runners",
                        to="messaging.broadcast",
                    ),
                ),
                (
                    "correction",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runners",
                        to="messaging.correction",
                    ),
                ),
                ("worker", models.TextField(verbose_name="worker")),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="started"),
                ),
                (
                    "seen_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="seen"),
                ),
            ],
            options={
                "verbose_name": "runner",
                "verbose_name_plural": "runners",
            },
        ),
        migrations.AlterModelOptions(
            name="broadcast",
            options={
                "permissions": [("send_broadcast", "Can send messages to people")],
                "verbose_name": "broadcast",
                "verbose_name_plural": "broadcasts",
            },
        ),
        migrations.AddField(
            model_name="broadcast",
            name="name",
            field=models.TextField(blank=True, db_default="", verbose_name="name"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="starts_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="planned start"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="state",
            field=models.CharField(
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
        migrations.AddField(
            model_name="broadcast",
            name="state_reason",
            field=models.TextField(blank=True, db_default="", verbose_name="why it is paused, held or cancelled"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="kind",
            field=models.CharField(
                choices=[("text", "Text"), ("photo", "Photo"), ("video", "Video"), ("document", "Document")],
                db_default="text",
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="media_file_id",
            field=models.TextField(blank=True, db_default="", verbose_name="Telegram file_id"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="media_upload",
            field=models.FileField(
                blank=True, db_default="", max_length=200, upload_to="broadcasts/", verbose_name="file"
            ),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="media_name",
            field=models.TextField(blank=True, db_default="", verbose_name="name of the file"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="buttons",
            field=models.JSONField(
                blank=True, db_default=models.Value([], models.JSONField()), default=list, verbose_name="buttons"
            ),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="link_preview",
            field=models.BooleanField(db_default=True, verbose_name="link preview"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="silent",
            field=models.BooleanField(db_default=False, verbose_name="without sound"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="audience",
            field=models.JSONField(blank=True, null=True, verbose_name="audience"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="frozen_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="audience frozen"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="started"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="paused_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="paused"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="finished_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="finished"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="halted_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="waits for Telegram until"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="submission_token",
            field=models.UUIDField(blank=True, null=True, unique=True, verbose_name="submission token"),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="broadcasts",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="original",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="copies",
                to="messaging.broadcast",
                verbose_name="original",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting"),
                    ("sending", "Being sent"),
                    ("sent", "Delivered"),
                    ("failed", "Not delivered"),
                    ("uncertain", "Not known"),
                    ("skipped", "Skipped"),
                    ("cancelled", "Cancelled (recipient)"),
                    ("deleted", "Deleted"),
                ],
                max_length=20,
                null=True,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("blocked", "Blocked the bot"),
                    ("deactivated", "Account deleted"),
                    ("not_started", "Never started the bot"),
                    ("forbidden", "Telegram forbids it"),
                    ("no_chat", "Chat not found"),
                    ("migrated", "The chat moved"),
                    ("bad_request", "Telegram refused the message"),
                    ("excluded", "Excluded by the audience"),
                    ("recently_written", "Got a message recently"),
                    ("no_value", "Nothing to put in place of a placeholder"),
                    ("duplicate", "The same person twice"),
                    ("no_answer", "Telegram did not answer"),
                    ("worker_lost", "The sending process ended before the answer"),
                    ("outdated", "It was not so any more when it would have been sent"),
                    ("unreachable", "Telegram could not be reached"),
                    ("previous_dashboard", "The previous dashboard left it unfinished"),
                ],
                db_default="",
                max_length=30,
                verbose_name="reason",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="next_try_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="not before"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="claimed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="claimed"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="worker",
            field=models.TextField(blank=True, db_default="", verbose_name="worker"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="attempt",
            field=models.IntegerField(db_default=0, verbose_name="attempts"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="error_code",
            field=models.IntegerField(blank=True, null=True, verbose_name="Telegram's code"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="error_text",
            field=models.TextField(blank=True, db_default="", verbose_name="Telegram's words"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="sent_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="delivered"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="decided_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="decided"),
        ),
        # The same trigger with a condition: the engine's own rows have a state, and their people are known to exist.
        pgtrigger.migrations.RemoveTrigger(
            model_name="recipient",
            name="create_missing_person",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="broadcast",
            trigger=pgtrigger.compiler.Trigger(
                name="hold_foreign_schedule",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.state = 'finished' AND NEW.frozen_at IS NULL AND NEW.scheduled_at > now())",
                    func="NEW.state := 'held'; NEW.state_reason := 'previous_dashboard'; RETURN NEW;",
                    hash="dbb34bbd6181ef4d243b139f2bc16da2b0550b1a",
                    operation="INSERT",
                    pgid="pgtrigger_hold_foreign_schedule_92a7a",
                    table="message_history",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_delivery_status",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF NEW.state IS NULL THEN\n                NEW.state := CASE\n                    WHEN NEW.delivery_status IN ('sent', 'failed', 'deleted') THEN NEW.delivery_status\n                    WHEN EXISTS (SELECT FROM message_history WHERE id = NEW.message_id AND state = 'held')\n                        THEN 'pending'\n                    ELSE 'uncertain' END;\n                IF NEW.state = 'sent' THEN\n                    NEW.sent_at := COALESCE(NEW.sent_at, now());\n                END IF;\n                IF NEW.state = 'uncertain' THEN\n                    NEW.reason := 'previous_dashboard';\n                END IF;\n                IF EXISTS (SELECT FROM message_recipients\n                           WHERE message_id = NEW.message_id AND user_id = NEW.user_id AND reason <> 'duplicate') THEN\n                    NEW.reason := 'duplicate';\n                    IF NEW.state = 'pending' THEN\n                        NEW.state := 'skipped';\n                    END IF;\n                END IF;\n            ELSIF TG_OP = 'UPDATE' AND NEW.state = OLD.state\n                  AND NEW.delivery_status IS DISTINCT FROM OLD.delivery_status THEN\n                IF NEW.delivery_status IN ('sent', 'failed', 'deleted') THEN\n                    NEW.state := NEW.delivery_status;\n                    IF NEW.reason <> 'duplicate' THEN\n                        NEW.reason := '';\n                    END IF;\n                END IF;\n                IF NEW.state = 'sent' THEN\n                    NEW.sent_at := COALESCE(NEW.sent_at, now());\n                END IF;\n                RETURN NEW;\n            END IF;\n            IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN\n                NEW.delivery_status := CASE\n                    WHEN NEW.state IN ('sent', 'deleted') THEN NEW.state\n                    WHEN NEW.state IN ('failed', 'skipped', 'cancelled') THEN 'failed'\n                    ELSE 'pending' END;\n            END IF;\n            RETURN NEW;\n            ",
                    hash="27e360bbe0613e897a0ccc2a64f2a36b1c251f54",
                    operation='INSERT OR UPDATE OF "state", "delivery_status"',
                    pgid="pgtrigger_keep_delivery_status_e9768",
                    table="message_recipients",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=hsl_dashboard.db.LightTriggerSql(
                    condition="WHEN (NEW.state IS NULL)",
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, username, first_seen_at, updated_at)\n                VALUES (NEW.user_id, NULLIF(btrim(NEW.username), ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            ELSIF (NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(known.username), '') = '') THEN\n                UPDATE users SET username = COALESCE(NULLIF(btrim(username), ''), NULLIF(btrim(NEW.username), '')) WHERE user_id = (\n                    SELECT user_id FROM users WHERE user_id = NEW.user_id AND ((NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(username), '') = ''))\n                    FOR NO KEY UPDATE SKIP LOCKED\n                );\n            END IF;\n            RETURN NEW;\n        ",
                    hash="8ae39d1eb0e5fb8e5653636c8c3b9bab0aed2a41",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_7234c",
                    table="message_recipients",
                    when="BEFORE",
                ),
            ),
        ),
    ]
