"""Count everybody who was there before the triggers were."""

from django.db import migrations

PEOPLE_AT_ONCE = 2_000  # people: a batch is counted in well under a second, and holds its locks no longer


def fill_totals(apps, schema_editor):
    """Each batch commits by itself; the triggers are at work already, so nothing written meanwhile is missed."""
    with schema_editor.connection.cursor() as cursor:
        last = None
        while True:
            cursor.execute(
                "SELECT array_agg(user_id), max(user_id) FROM ("
                " SELECT user_id FROM users WHERE %(last)s::bigint IS NULL OR user_id > %(last)s"
                " ORDER BY user_id LIMIT %(size)s) AS batch",
                {"last": last, "size": PEOPLE_AT_ONCE},
            )
            people, last = cursor.fetchone()
            if not people:
                return
            cursor.execute("SELECT person_totals_fold(%s)", [people])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0005_search_indexes"), ("bookings", "0004_totals_and_search")]

    operations = [
        migrations.RunPython(fill_totals, migrations.RunPython.noop),
        # Which streams, statuses and kinds of lessons are common: without it any of them is taken for rare.
        migrations.RunSQL("ANALYZE person_totals", migrations.RunSQL.noop),
    ]
