"""Counts of each person, marks of who is to be counted again, and who exported people."""

import django.contrib.postgres.functions
import django.db.models.deletion
import users.models.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0003_audit"),
    ]

    operations = [
        migrations.CreateModel(
            name="LivePersonTotals",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="%(class)s",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("name_key", models.TextField(db_collation="C", db_default="")),
                ("language_code", models.TextField(db_collation="C", db_default="", verbose_name="language")),
                (
                    "first_seen_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="first seen"),
                ),
                ("bookings", models.IntegerField(db_default=0, verbose_name="bookings")),
                ("events", models.IntegerField(db_default=0, verbose_name="events")),
                ("lessons", models.IntegerField(db_default=0, verbose_name="lessons")),
                ("has_active_booking", models.BooleanField(db_default=False, verbose_name="has an active booking")),
                ("latest_stream", models.TextField(db_collation="C", db_default="", verbose_name="latest stream")),
                (
                    "latest_status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "No bookings"),
                            (1, "Cancelled"),
                            (2, "Unknown"),
                            (3, "New request"),
                            (4, "Pending"),
                            (5, "Confirmed"),
                        ],
                        db_default=0,
                        verbose_name="latest status",
                    ),
                ),
                (
                    "last_activity_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="last activity"),
                ),
                (
                    "temperature",
                    models.SmallIntegerField(
                        choices=[(0, "Cold"), (1, "Cool"), (2, "Warm"), (3, "Hot")], db_default=0, verbose_name="lead"
                    ),
                ),
                ("cools_on", models.DateField(null=True)),
                ("blocked", models.BooleanField(db_default=False, verbose_name="is blocked")),
            ],
            options={
                "db_table": "person_totals_live",
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PeopleExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "exported_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="exported"
                    ),
                ),
                (
                    "query",
                    models.TextField(
                        blank=True, help_text="The filter as it stands in the address.", verbose_name="filter"
                    ),
                ),
                (
                    "format",
                    models.CharField(choices=[("csv", "CSV"), ("xlsx", "XLSX")], max_length=4, verbose_name="format"),
                ),
                ("with_emails", models.BooleanField(verbose_name="with e-mails")),
                (
                    "rows",
                    models.PositiveIntegerField(
                        help_text="Empty: the download broke off.", null=True, verbose_name="rows"
                    ),
                ),
            ],
            options={
                "verbose_name": "export of people",
                "verbose_name_plural": "exports of people",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="PersonToCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField(db_index=True)),
            ],
            options={
                "db_table": "person_totals_pending",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PersonTotals",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="%(class)s",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("name_key", models.TextField(db_collation="C", db_default="")),
                ("language_code", models.TextField(db_collation="C", db_default="", verbose_name="language")),
                (
                    "first_seen_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="first seen"),
                ),
                ("bookings", models.IntegerField(db_default=0, verbose_name="bookings")),
                ("events", models.IntegerField(db_default=0, verbose_name="events")),
                ("lessons", models.IntegerField(db_default=0, verbose_name="lessons")),
                ("has_active_booking", models.BooleanField(db_default=False, verbose_name="has an active booking")),
                ("latest_stream", models.TextField(db_collation="C", db_default="", verbose_name="latest stream")),
                (
                    "latest_status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "No bookings"),
                            (1, "Cancelled"),
                            (2, "Unknown"),
                            (3, "New request"),
                            (4, "Pending"),
                            (5, "Confirmed"),
                        ],
                        db_default=0,
                        verbose_name="latest status",
                    ),
                ),
                (
                    "last_activity_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="last activity"),
                ),
                (
                    "temperature",
                    models.SmallIntegerField(
                        choices=[(0, "Cold"), (1, "Cool"), (2, "Warm"), (3, "Hot")], db_default=0, verbose_name="lead"
                    ),
                ),
                ("cools_on", models.DateField(null=True)),
                ("blocked", models.BooleanField(db_default=False, verbose_name="is blocked")),
            ],
            options={
                "verbose_name": "person's totals",
                "verbose_name_plural": "people's totals",
                "db_table": "person_totals",
            },
        ),
        migrations.AlterModelOptions(
            name="telegramuser",
            options={
                "permissions": [
                    ("view_email", "Can see e-mail addresses in full, and search by them"),
                    ("export_people", "Can download the list of people"),
                ],
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.AddField(
            model_name="peopleexport",
            name="exported_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="people_exports",
                to=settings.AUTH_USER_MODEL,
                verbose_name="exported by",
            ),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("name_key"), models.F("telegram_user"), name="person_totals_name"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("language_code"), models.F("telegram_user"), name="person_totals_language"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("first_seen_at"), models.F("telegram_user"), name="person_totals_first_seen"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("bookings"), models.F("telegram_user"), name="person_totals_bookings"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("events"), models.F("telegram_user"), name="person_totals_events"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("lessons"), models.F("telegram_user"), name="person_totals_lessons"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("latest_stream"), models.F("telegram_user"), name="person_totals_stream"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("latest_status"), models.F("telegram_user"), name="person_totals_status"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("last_activity_at"), models.F("telegram_user"), name="person_totals_activity"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("temperature"), models.F("telegram_user"), name="person_totals_temperature"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("blocked"), models.F("telegram_user"), name="person_totals_blocked"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(
                models.F("cools_on"), condition=models.Q(("cools_on__isnull", False)), name="person_totals_cools_on"
            ),
        ),
    ]
