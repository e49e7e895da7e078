"""Keep our planned moments in a column of our own, where the previous dashboard's scheduler does not look."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Rows that the previous dashboard wrote after the takeover (held, «previous_dashboard») are still its own to send.
MOVE = """
UPDATE message_history SET starts_at = scheduled_at, scheduled_at = NULL
WHERE scheduled_at IS NOT NULL
  AND (state <> 'held' OR state_reason <> 'previous_dashboard')
  AND (state <> 'finished' OR created_by_id IS NOT NULL OR submission_token IS NOT NULL);

-- Drafts have a table of their own.
UPDATE message_history SET state = 'cancelled', finished_at = now() WHERE state = 'draft';

-- The previous dashboard's history sorts by it, and fails at the first NULL.
UPDATE message_history SET sent_at = COALESCE(created_at, now()) WHERE sent_at IS NULL;

DROP INDEX message_history_unfinished;
CREATE INDEX message_history_unfinished ON message_history (state, starts_at)
WHERE state IN ('scheduled', 'sending');
"""

MOVE_BACK = """
UPDATE message_history SET scheduled_at = starts_at WHERE starts_at IS NOT NULL;

DROP INDEX message_history_unfinished;
CREATE INDEX message_history_unfinished ON message_history (state, scheduled_at)
WHERE state IN ('scheduled', 'sending');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0007_automation_rules"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="broadcast",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="broadcast",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="broadcast",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="broadcast",
            name="starts_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="planned start"),
        ),
        migrations.AddField(
            model_name="broadcastevent",
            name="starts_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="planned start"),
        ),
        # In one piece with the data, as SQL: adoption sends it as one script, and holds its locks for milliseconds.
        migrations.RunSQL(
            MOVE,
            MOVE_BACK,
            state_operations=[
                migrations.RemoveIndex(
                    model_name="broadcast",
                    name="message_history_unfinished",
                ),
                migrations.AlterField(
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
                migrations.AlterField(
                    model_name="broadcastevent",
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
                migrations.AddIndex(
                    model_name="broadcast",
                    index=models.Index(
                        models.F("state"),
                        models.F("starts_at"),
                        condition=models.Q(("state__in", ["scheduled", "sending"])),
                        name="message_history_unfinished",
                    ),
                ),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="broadcast",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "messaging_broadcastevent" ("audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_upload", "message_text", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_upload", NEW."message_text", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."starts_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;',
                    hash="7c4324ff4d0095a2144c547991c018c79bcacf96",
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
                    condition='WHEN (OLD."audience" IS DISTINCT FROM (NEW."audience") OR OLD."buttons" IS DISTINCT FROM (NEW."buttons") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."created_by_id" IS DISTINCT FROM (NEW."created_by_id") OR OLD."finished_at" IS DISTINCT FROM (NEW."finished_at") OR OLD."frozen_at" IS DISTINCT FROM (NEW."frozen_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."link_preview" IS DISTINCT FROM (NEW."link_preview") OR OLD."media_upload" IS DISTINCT FROM (NEW."media_upload") OR OLD."message_text" IS DISTINCT FROM (NEW."message_text") OR OLD."original_id" IS DISTINCT FROM (NEW."original_id") OR OLD."paused_at" IS DISTINCT FROM (NEW."paused_at") OR OLD."recipient_group" IS DISTINCT FROM (NEW."recipient_group") OR OLD."recipient_type" IS DISTINCT FROM (NEW."recipient_type") OR OLD."scheduled_at" IS DISTINCT FROM (NEW."scheduled_at") OR OLD."silent" IS DISTINCT FROM (NEW."silent") OR OLD."started_at" IS DISTINCT FROM (NEW."started_at") OR OLD."starts_at" IS DISTINCT FROM (NEW."starts_at") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."state_reason" IS DISTINCT FROM (NEW."state_reason") OR OLD."submission_token" IS DISTINCT FROM (NEW."submission_token"))',
                    func='INSERT INTO "messaging_broadcastevent" ("audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_upload", "message_text", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_upload", NEW."message_text", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."starts_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;',
                    hash="e472c0d4f68905ece171bb28da38a06fb1dd1027",
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
                    func='INSERT INTO "messaging_broadcastevent" ("audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_upload", "message_text", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (OLD."audience", OLD."buttons", OLD."created_at", OLD."created_by_id", OLD."finished_at", OLD."frozen_at", OLD."id", OLD."kind", OLD."link_preview", OLD."media_upload", OLD."message_text", OLD."original_id", OLD."paused_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."recipient_group", OLD."recipient_type", OLD."scheduled_at", OLD."silent", OLD."started_at", OLD."starts_at", OLD."state", OLD."state_reason", OLD."submission_token"); RETURN NULL;',
                    hash="0b977154ba862e3cab7fd8c44d27be80b1ee06f2",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f2a88",
                    table="message_history",
                    when="AFTER",
                ),
            ),
        ),
    ]
