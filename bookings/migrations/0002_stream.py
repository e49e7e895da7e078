"""Streams: what a course_stream code of the bot means."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0001_bot_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="As the bot writes it, for example 8th_stream.", max_length=50, verbose_name="code"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("capacity", models.PositiveIntegerField(blank=True, null=True, verbose_name="places")),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="starts on")),
                (
                    "campaign_starts_on",
                    models.DateField(
                        blank=True,
                        help_text="Who viewed the programme since this day counts as “Viewed”. Empty: since the first booking.",
                        null=True,
                        verbose_name="campaign starts on",
                    ),
                ),
                ("is_current", models.BooleanField(default=False, verbose_name="current")),
            ],
            options={
                "verbose_name": "stream",
                "verbose_name_plural": "streams",
            },
        ),
        migrations.AddField(
            model_name="stream",
            name="course",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="streams",
                to="bookings.course",
                verbose_name="course",
            ),
        ),
        migrations.AddConstraint(
            model_name="stream",
            constraint=models.UniqueConstraint(fields=("course", "code"), name="bookings_stream_once_per_course"),
        ),
        migrations.AddConstraint(
            model_name="stream",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_current", True)), fields=("course",), name="bookings_stream_one_current"
            ),
        ),
    ]
