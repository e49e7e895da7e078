"""A bulk change is kept with a result for each row, so that sending it twice makes it once."""

import django.db.models.deletion
import hsl_dashboard.db
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0007_data_quality_indexes"),
        ("users", "0012_booking_history_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkChange",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("status", "Status"), ("stream", "Stream"), ("tag", "Tag")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        help_text="A status number, a stream code or a tag.", max_length=100, verbose_name="value"
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("next", models.TextField(blank=True, verbose_name="list it came from")),
                ("prepared_at", models.DateTimeField(verbose_name="prepared")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="bulk_changes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "verbose_name": "bulk change",
                "verbose_name_plural": "bulk changes",
            },
        ),
        migrations.CreateModel(
            name="BulkRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("typed", models.TextField(blank=True, verbose_name="as it was pasted")),
                ("seen_status", models.IntegerField(null=True)),
                ("seen_stream", models.TextField(null=True)),
                ("needs_reason", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ready", "Will be changed"),
                            ("refused", "Will not be changed"),
                            ("done", "Changed"),
                            ("failed", "Not changed"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="why not")),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="bookings.bulkchange",
                        verbose_name="bulk change",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "row of a bulk change",
                "verbose_name_plural": "rows of bulk changes",
                "ordering": ("change", "position"),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("change", "position"), name="bookings_bulkrow_once"),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="bookings_bulkrow_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="bookings_bulkrow_booking_id_fkey", on_delete="CASCADE"
                    ),
                ],
            },
        ),
    ]
