"""Indexes over the runs of letters of people and of e-mails, built while the bot goes on writing."""

from django.db import migrations

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
        migrations.RunSQL([DROP_PEOPLE, PEOPLE], DROP_PEOPLE),
        migrations.RunSQL([DROP_EMAILS, EMAILS], DROP_EMAILS),
    ]
