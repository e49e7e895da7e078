"""Give the previous dashboard's messages a state; none of them is ever sent because of this."""

from django.db import migrations, models

# What that dashboard calls finished is finished; what it left half done is not known; what it never began waits for a
# person, or, where its time is still to come, for its time.
ADOPT = """
UPDATE message_history SET state = CASE WHEN scheduled_at > now() THEN 'scheduled' ELSE 'held' END
WHERE scheduled_at IS NOT NULL
  AND EXISTS (SELECT FROM message_recipients r WHERE r.message_id = message_history.id AND r.delivery_status = 'pending')
  AND NOT EXISTS (SELECT FROM message_recipients r
                  WHERE r.message_id = message_history.id AND r.delivery_status IS DISTINCT FROM 'pending');

UPDATE message_history SET frozen_at = created_at, started_at = sent_at, finished_at = sent_at WHERE state = 'finished';
UPDATE message_history SET frozen_at = created_at, sent_at = NULL WHERE state IN ('scheduled', 'held');

-- A person named twice in one message: the first row is the one that counts.
UPDATE message_recipients SET reason = 'duplicate'
WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY message_id, user_id ORDER BY id) AS place
                             FROM message_recipients) AS named WHERE place > 1);

UPDATE message_recipients r SET
    state = CASE
        WHEN r.delivery_status IN ('sent', 'failed', 'deleted') THEN r.delivery_status
        WHEN r.reason = 'duplicate' THEN 'skipped'
        WHEN b.state IN ('scheduled', 'held') THEN 'pending'
        ELSE 'uncertain' END,
    reason = CASE
        WHEN r.reason = '' AND b.state = 'finished' AND COALESCE(r.delivery_status, 'pending') NOT IN ('sent', 'failed', 'deleted')
            THEN 'previous_dashboard'
        ELSE r.reason END,
    attempt = CASE WHEN r.delivery_status IN ('sent', 'failed', 'deleted') THEN 1 ELSE 0 END,
    sent_at = CASE WHEN r.delivery_status IN ('sent', 'deleted')
        THEN GREATEST(b.scheduled_at, b.sent_at, r.created_at) END
FROM message_history b WHERE b.id = r.message_id AND r.state IS NULL;
"""
# Our planned moments stand in a column of our own, where the previous dashboard's scheduler does not look. Rows that it
# wrote after the takeover (held, «previous_dashboard») are still its own to send.
MOVE = """
UPDATE message_history SET starts_at = scheduled_at, scheduled_at = NULL
WHERE scheduled_at IS NOT NULL
  AND (state <> 'held' OR state_reason <> 'previous_dashboard')
  AND (state <> 'finished' OR created_by_id IS NOT NULL OR submission_token IS NOT NULL);

-- The previous dashboard's history sorts by it, and fails at the first NULL.
UPDATE message_history SET sent_at = COALESCE(created_at, now()) WHERE sent_at IS NULL;
"""
MOVE_BACK = "UPDATE message_history SET scheduled_at = starts_at WHERE starts_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0002_delivery"),
    ]

    operations = [
        migrations.RunSQL(ADOPT, migrations.RunSQL.noop),
        migrations.RunSQL(MOVE, MOVE_BACK),
        # The key to the broadcast is checked at the end of a transaction; ALTER TABLE wants that done.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField(
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
                verbose_name="state",
            ),
            preserve_default=False,
        ),
    ]
