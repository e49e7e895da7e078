"""The bot's tables of people and events, with the keys, indexes and triggers that the dashboard needs."""

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.fields.json
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0001_staff_account"),
    ]

    operations = [
        migrations.CreateModel(
            name="TelegramUser",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="Telegram id")),
                ("username", models.TextField(blank=True, null=True, verbose_name="username")),
                ("first_name", models.TextField(blank=True, null=True, verbose_name="first name")),
                ("last_name", models.TextField(blank=True, null=True, verbose_name="last name")),
                ("language_code", models.TextField(blank=True, null=True, verbose_name="language")),
                (
                    "first_seen_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="first seen",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="updated",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "db_table": "users",
            },
        ),
        migrations.CreateModel(
            name="BlockedUser",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="block",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "blocked_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="blocked",
                    ),
                ),
                (
                    "reason",
                    models.TextField(blank=True, db_default="bot_blocked_by_user", null=True, verbose_name="reason"),
                ),
            ],
            options={
                "verbose_name": "blocked person",
                "verbose_name_plural": "blocked people",
                "db_table": "blocked_users",
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="blocked_users_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("event_type", models.CharField(max_length=50, verbose_name="event")),
                ("details", models.JSONField(blank=True, null=True, verbose_name="details")),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                ("username", models.TextField(blank=True, null=True, verbose_name="username")),
                ("first_name", models.TextField(blank=True, null=True, verbose_name="first name")),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "db_table": "events",
                "indexes": [
                    models.Index(
                        models.F("telegram_user"),
                        models.OrderBy(models.F("created_at"), descending=True, nulls_last=True),
                        name="events_user_created",
                    ),
                    models.Index(
                        models.F("event_type"),
                        models.OrderBy(models.F("created_at"), descending=True, nulls_last=True),
                        name="events_type_created",
                    ),
                    models.Index(
                        models.OrderBy(models.F("created_at"), descending=True, nulls_last=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="events_newest_first",
                    ),
                    models.Index(
                        django.db.models.fields.json.KeyTextTransform("booking_id", "details"),
                        condition=models.Q(("event_type", "booking_status_changed")),
                        name="events_booking_history",
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="events_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, first_seen_at, updated_at)\n                VALUES (NEW.user_id, COALESCE(NEW.blocked_at, now()), COALESCE(NEW.blocked_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            \n            END IF;\n            RETURN NEW;\n        ",
                    hash="6beabdc617db4812d622c919ee266b1a9601e0ab",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_1aa2d",
                    table="blocked_users",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n                VALUES (NEW.user_id, NULLIF(btrim(COALESCE(NEW.username, NEW.details->>'username')), ''), NULLIF(btrim(COALESCE(NEW.first_name, NEW.details->>'first_name')), ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            ELSIF (NULLIF(btrim(COALESCE(NEW.username, NEW.details->>'username')), '') IS NOT NULL AND COALESCE(btrim(known.username), '') = '') OR (NULLIF(btrim(COALESCE(NEW.first_name, NEW.details->>'first_name')), '') IS NOT NULL AND COALESCE(btrim(known.first_name), '') = '') THEN\n                UPDATE users SET username = COALESCE(NULLIF(btrim(username), ''), NULLIF(btrim(COALESCE(NEW.username, NEW.details->>'username')), '')), first_name = COALESCE(NULLIF(btrim(first_name), ''), NULLIF(btrim(COALESCE(NEW.first_name, NEW.details->>'first_name')), '')) WHERE user_id = (\n                    SELECT user_id FROM users WHERE user_id = NEW.user_id AND ((NULLIF(btrim(COALESCE(NEW.username, NEW.details->>'username')), '') IS NOT NULL AND COALESCE(btrim(username), '') = '') OR (NULLIF(btrim(COALESCE(NEW.first_name, NEW.details->>'first_name')), '') IS NOT NULL AND COALESCE(btrim(first_name), '') = ''))\n                    FOR NO KEY UPDATE SKIP LOCKED\n                );\n            END IF;\n            RETURN NEW;\n        ",
                    hash="ef5e9cc8cccae7e4ab966763106df79f4b3fbc29",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_7537f",
                    table="events",
                    when="BEFORE",
                ),
            ),
        ),
    ]
