"""Count everybody again: what the list is searched by stands with the totals now."""

from importlib import import_module

from django.db import migrations

fill = import_module("users.migrations.0007_fill_person_totals")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0017_search_text_with_totals"), ("bookings", "0012_count_changed_lessons")]

    operations = [
        migrations.RunPython(fill.fill_totals, migrations.RunPython.noop),
        # Which kinds of lessons are common: without it any kind is taken for rare.
        migrations.RunSQL("ANALYZE person_totals", migrations.RunSQL.noop),
    ]
