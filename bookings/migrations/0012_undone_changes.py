"""Changes of bookings that were undone: they are no moment of a confirmation."""

from django.db import migrations, models


# Copies of what the files in sql/ say today; later changes are migrations of their own.
FUNCTIONS = r"""
-- When a confirmed booking was confirmed: by the record of its changes, before that by the bot's event, else when it
-- was made. A booking that was inserted confirmed was confirmed when it was made; a change that was undone, with what
-- undid it, confirmed nothing.
CREATE OR REPLACE FUNCTION confirmation_moment(booking integer, made timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(
        (
            SELECT CASE WHEN c.is_new THEN COALESCE(made, c.changed_at) ELSE c.changed_at END
            FROM bookings_bookingchange AS c
            WHERE c.booking_id = booking AND c.status = 2 AND c.undone_at IS NULL ORDER BY c.id DESC LIMIT 1
        ),
        (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = booking::text
                AND e.details->>'new_status' = '2' AND e.details->>'undoes' IS NULL
        ),
        made
    )
$$;
"""

FUNCTIONS_BEFORE = r"""
-- When a confirmed booking was confirmed: by the record of its changes, before that by the bot's event, else when it
-- was made. A booking that was inserted confirmed was confirmed when it was made.
CREATE OR REPLACE FUNCTION confirmation_moment(booking integer, made timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(
        (
            SELECT CASE WHEN c.is_new THEN COALESCE(made, c.changed_at) ELSE c.changed_at END
            FROM bookings_bookingchange AS c WHERE c.booking_id = booking AND c.status = 2 ORDER BY c.id DESC LIMIT 1
        ),
        (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = booking::text
                AND e.details->>'new_status' = '2'
        ),
        made
    )
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0011_confirmations"),
    ]

    operations = [
        migrations.AddField(
            model_name="bookingchange",
            name="undone_at",
            field=models.DateTimeField(null=True, verbose_name="undone"),
        ),
        migrations.AlterField(
            model_name="bookingchange",
            name="origin",
            field=models.CharField(
                choices=[
                    ("page", "Page"),
                    ("admin", "Django admin"),
                    ("bulk", "Bulk change"),
                    ("undo", "Undo"),
                    ("service", "Program of ours"),
                    ("raw", "SQL, as the bot writes"),
                ],
                db_default="raw",
                max_length=20,
                verbose_name="changed from",
            ),
        ),
        migrations.AlterField(
            model_name="bulkrow",
            name="state",
            field=models.CharField(
                choices=[
                    ("ready", "Will be changed"),
                    ("refused", "Will not be changed"),
                    ("done", "Changed"),
                    ("undone", "Undone"),
                    ("failed", "Not changed"),
                ],
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, FUNCTIONS_BEFORE),
    ]
