"""The tables of messages, as the previous dashboard wrote them."""

import django.contrib.postgres.functions
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("users", "0002_bot_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Broadcast",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("message_text", models.TextField(verbose_name="text")),
                (
                    "total_recipients",
                    models.IntegerField(blank=True, db_default=0, null=True, verbose_name="recipients"),
                ),
                (
                    "successful_deliveries",
                    models.IntegerField(blank=True, db_default=0, null=True, verbose_name="delivered"),
                ),
                (
                    "sent_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="sent",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                (
                    "recipient_type",
                    models.TextField(blank=True, db_default="individual", null=True, verbose_name="recipient type"),
                ),
                ("recipient_group", models.TextField(blank=True, null=True, verbose_name="recipient group")),
                ("scheduled_at", models.DateTimeField(blank=True, null=True, verbose_name="scheduled for")),
            ],
            options={
                "verbose_name": "broadcast",
                "verbose_name_plural": "broadcasts",
                "db_table": "message_history",
            },
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("username", models.TextField(blank=True, null=True, verbose_name="username")),
                (
                    "delivery_status",
                    models.TextField(blank=True, db_default="pending", null=True, verbose_name="delivery"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                (
                    "telegram_message_id",
                    models.IntegerField(blank=True, null=True, verbose_name="Telegram's message id"),
                ),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="recipients",
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="received",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "recipient",
                "verbose_name_plural": "recipients",
                "db_table": "message_recipients",
                "indexes": [
                    models.Index(models.F("message"), models.F("delivery_status"), name="message_recipients_status")
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="message", name="message_recipients_message_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="message_recipients_user_id_fkey", on_delete="CASCADE"
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    pgid="pgtrigger_create_missing_person_7234c",
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, username, first_seen_at, updated_at)\n                VALUES (NEW.user_id, NULLIF(btrim(NEW.username), ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            ELSIF (NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(known.username), '') = '') THEN\n                UPDATE users SET username = COALESCE(NULLIF(btrim(username), ''), NULLIF(btrim(NEW.username), '')) WHERE user_id = (\n                    SELECT user_id FROM users WHERE user_id = NEW.user_id AND ((NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(username), '') = ''))\n                    FOR NO KEY UPDATE SKIP LOCKED\n                );\n            END IF;\n            RETURN NEW;\n        ",
                    table="message_recipients",
                    when="BEFORE",
                    operation='INSERT OR UPDATE OF "user_id"',
                    hash="803ec928ed23c3075498433b5dacf5ff3793cc96",
                ),
            ),
        ),
    ]
