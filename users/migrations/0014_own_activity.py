"""Last activity is what a person did: what staff or the bot did for them does not count."""

from importlib import import_module

from django.db import migrations

first = import_module("users.migrations.0005_count_people")
fill = import_module("users.migrations.0007_fill_person_totals")

ANY = "max(created_at) AS newest FROM events"
OWN = """max(created_at) FILTER (
            WHERE event_type NOT IN ('booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent')
        ) AS newest FROM events"""


def replaced(function: str, *, old: str, new: str) -> str:
    assert old in function
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(old, new)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0013_people_search")]

    operations = [
        migrations.RunSQL(
            [replaced(function, old=ANY, new=OWN) for function in (first.COUNTS, first.RECOUNT_EVENTS)],
            [replaced(function, old=ANY, new=ANY) for function in (first.COUNTS, first.RECOUNT_EVENTS)],
        ),
        migrations.RunPython(fill.fill_totals, migrations.RunPython.noop),
    ]
