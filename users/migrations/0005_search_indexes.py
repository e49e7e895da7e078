"""Indexes over people, blocks and e-mails: runs of letters, usernames, odd days; built while the bot goes on writing."""

from datetime import UTC, datetime

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower

# What an interrupted CREATE INDEX CONCURRENTLY leaves behind is no index: this migration can be run again.
DROP_PEOPLE = "DROP INDEX CONCURRENTLY IF EXISTS users_grams"
PEOPLE = """
CREATE INDEX CONCURRENTLY users_grams ON users
USING gin (person_grams(person_text(user_id, username, first_name, last_name)))
"""

DROP_EMAILS = "DROP INDEX CONCURRENTLY IF EXISTS free_lessons_email_grams"
EMAILS = """
CREATE INDEX CONCURRENTLY free_lessons_email_grams ON free_lesson_registrations
USING gin (person_grams(left(folded(email), 254)))
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0004_totals_and_search"), ("bookings", "0001_bot_tables")]

    operations = [
        # In small letters, for pasted lists.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS users_by_username", migrations.RunSQL.noop),
        AddIndexConcurrently("telegramuser", models.Index(Lower("username"), name="users_by_username")),
        # The people first seen outside the calendar; nearly empty.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS users_far_first_seen", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "telegramuser",
            models.Index(
                "first_seen_at",
                name="users_far_first_seen",
                condition=models.Q(first_seen_at__gte=datetime(9999, 1, 1, tzinfo=UTC))
                | models.Q(first_seen_at__lt=datetime(2, 1, 1, tzinfo=UTC)),
            ),
        ),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS blocked_users_newest_first", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "blockeduser",
            models.Index(
                models.F("blocked_at").desc(nulls_last=True),
                models.F("telegram_user"),
                name="blocked_users_newest_first",
            ),
        ),
        # The long ones last: whoever waits too long for a lock begins with the first again.
        migrations.RunSQL([DROP_EMAILS, EMAILS], DROP_EMAILS),
        migrations.RunSQL([DROP_PEOPLE, PEOPLE], DROP_PEOPLE),
    ]
