"""Give a name to everybody who has none and whom an event, a booking or a registration names."""

from django.db import migrations

PEOPLE_AT_ONCE = 500  # people a transaction: some milliseconds, so that nobody waits for it

NAMELESS = """
SELECT array_agg(user_id), max(user_id) FROM (
    SELECT user_id FROM users
    WHERE COALESCE(btrim(first_name), '') = '' AND user_id < 2::bigint ^ 60 AND user_id > %(last)s
    ORDER BY user_id LIMIT %(size)s
) AS batch
"""
# The newest name that is not blank. What the person has stays.
NAME = """
WITH seen AS (
    SELECT user_id, NULLIF(btrim(COALESCE(username, details->>'username')), '') AS username,
        NULLIF(btrim(COALESCE(first_name, details->>'first_name')), '') AS first_name, created_at AS seen_at
    FROM events WHERE user_id = ANY (%(people)s)
    UNION ALL
    SELECT user_id, NULLIF(btrim(username), ''), NULLIF(btrim(first_name), ''), created_at
    FROM bookings WHERE user_id = ANY (%(people)s)
    UNION ALL
    SELECT user_id, NULLIF(btrim(username), ''), NULLIF(btrim(first_name), ''), registered_at
    FROM free_lesson_registrations WHERE user_id = ANY (%(people)s)
), named AS (
    SELECT user_id,
        (array_agg(username ORDER BY seen_at DESC NULLS LAST) FILTER (WHERE username IS NOT NULL))[1] AS username,
        (array_agg(first_name ORDER BY seen_at DESC NULLS LAST) FILTER (WHERE first_name IS NOT NULL))[1] AS first_name
    FROM seen GROUP BY user_id
)
UPDATE users AS u SET
    username = COALESCE(NULLIF(btrim(u.username), ''), n.username),
    first_name = COALESCE(NULLIF(btrim(u.first_name), ''), n.first_name)
FROM named AS n
WHERE u.user_id = n.user_id AND COALESCE(btrim(u.first_name), '') = ''
    AND (n.first_name IS NOT NULL OR (n.username IS NOT NULL AND COALESCE(btrim(u.username), '') = ''))
"""


def name_the_nameless(apps, schema_editor):
    """Each batch commits by itself, so the bot waits for none of them."""
    with schema_editor.connection.cursor() as cursor:
        last = -1
        while True:
            cursor.execute(NAMELESS, {"last": last, "size": PEOPLE_AT_ONCE})
            people, last = cursor.fetchone()
            if not people:
                return
            cursor.execute(NAME, {"people": people})


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0007_audit"), ("bookings", "0001_bot_tables")]

    operations = [migrations.RunPython(name_the_nameless, migrations.RunPython.noop)]
