"""Indexes for claims, counts and rescue, built while others go on writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

DROP_UNIQUE = "DROP INDEX CONCURRENTLY IF EXISTS message_recipients_once_per_person"
CREATE_UNIQUE = """
CREATE UNIQUE INDEX CONCURRENTLY message_recipients_once_per_person ON message_recipients (message_id, user_id)
WHERE NOT (reason = 'duplicate')
"""


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY

    dependencies = [
        ("messaging", "0003_adopt_old_messages"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="broadcast",
            index=models.Index(
                models.F("state"),
                models.F("starts_at"),
                condition=models.Q(("state__in", ["scheduled", "sending"])),
                name="message_history_unfinished",
            ),
        ),
        # What has not ended, for "Today", notices to staff and /metrics.
        AddIndexConcurrently(
            model_name="broadcast",
            index=models.Index(
                models.F("state"),
                condition=models.Q(("state__in", ["scheduled", "sending", "paused", "held"])),
                name="message_history_not_over",
            ),
        ),
        AddIndexConcurrently(
            model_name="recipient",
            index=models.Index(
                models.F("message"),
                models.F("next_try_at"),
                models.F("id"),
                condition=models.Q(("state", "pending")),
                name="message_recipients_pending",
            ),
        ),
        AddIndexConcurrently(
            model_name="recipient",
            index=models.Index(
                models.F("claimed_at"), condition=models.Q(("state", "sending")), name="message_recipients_claimed"
            ),
        ),
        AddIndexConcurrently(
            model_name="recipient",
            index=models.Index(
                models.F("message"),
                models.F("state"),
                models.F("reason"),
                models.F("id"),
                name="message_recipients_state",
            ),
        ),
        AddIndexConcurrently(
            model_name="recipient",
            index=models.Index(
                models.F("sent_at"),
                models.F("telegram_user"),
                condition=models.Q(("sent_at", None), _negated=True),
                name="message_recipients_sent",
            ),
        ),
        # What AddConstraint would do, but built beside the writers; an interrupted build leaves no index, and begins anew.
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([DROP_UNIQUE, CREATE_UNIQUE], DROP_UNIQUE)],
            state_operations=[
                migrations.AddConstraint(
                    model_name="recipient",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("reason", "duplicate"), _negated=True),
                        fields=("message", "telegram_user"),
                        name="message_recipients_once_per_person",
                    ),
                ),
            ],
        ),
    ]
