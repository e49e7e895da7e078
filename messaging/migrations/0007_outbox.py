"""Queue what students are told about their bookings."""

import django.db.models.deletion
import hsl_dashboard.db
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0006_create_missing_person_without_waiting"),
        ("messaging", "0006_create_missing_person_without_waiting"),
        ("users", "0008_create_missing_person_without_waiting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking_created", "Booking made"),
                            ("booking_confirmed", "Booking confirmed"),
                            ("booking_cancelled", "Booking cancelled"),
                            ("booking_moved", "Stream changed"),
                            ("booking_changed", "Booking changed"),
                        ],
                        max_length=30,
                        verbose_name="kind",
                    ),
                ),
                ("message_text", models.TextField(verbose_name="text")),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "In the queue"), ("sent", "Handed over"), ("cancelled", "Withdrawn")],
                        db_default="queued",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("queued_at", models.DateTimeField(verbose_name="queued")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "queued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "message about a booking",
                "verbose_name_plural": "messages about bookings",
                "indexes": [
                    models.Index(
                        models.F("id"), condition=models.Q(("state", "queued")), name="messaging_outbox_queued"
                    )
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="messaging_outbox_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="messaging_outbox_booking_id_fkey", on_delete="SET NULL"
                    ),
                ],
            },
        ),
    ]
