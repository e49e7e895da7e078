"""Describe the streams that the bot writes today, under the names that the school uses."""

from datetime import date

from django.db import migrations

STREAMS = {
    "3rd_stream": "3-й поток",
    "4th_stream": "4-й поток",
    "5th_stream": "5-й поток",
    "6th_stream": "6-й поток",
    "7th_stream": "7-й поток",
    "8th_stream": "8-й поток",
    "mentoring": "Менторинг",
}
CURRENT = "8th_stream"
CURRENT_STARTS_ON = date(2025, 12, 18)


def describe_streams(apps, schema_editor):
    Course = apps.get_model("bookings", "Course")
    Stream = apps.get_model("bookings", "Stream")
    course = Course.objects.order_by("id").first()
    if course is None:
        course = Course.objects.create(name="Вайб кодинг", button_text="Вайб кодинг")
    for code, name in STREAMS.items():
        current = code == CURRENT
        starts_on = CURRENT_STARTS_ON if current else None
        Stream.objects.get_or_create(
            course=course,
            code=code,
            defaults={"name": name, "is_current": current, "starts_on": starts_on, "campaign_starts_on": starts_on},
        )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_own_tables")]

    operations = [migrations.RunPython(describe_streams, migrations.RunPython.noop)]
