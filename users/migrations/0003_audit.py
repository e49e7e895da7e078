"""Record every change of the blocked people."""

import django.contrib.postgres.functions
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0002_bot_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="BlockedUserEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
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
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="users.blockeduser",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_blockeduserevent" ("blocked_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id") VALUES (NEW."blocked_at", _pgh_attach_context(), NOW(), \'insert\', NEW."user_id", NEW."reason", NEW."user_id"); RETURN NULL;',
                    hash="070b914484d912d62fb62be60bea0d55915ffd09",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_10140",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "users_blockeduserevent" ("blocked_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id") VALUES (NEW."blocked_at", _pgh_attach_context(), NOW(), \'update\', NEW."user_id", NEW."reason", NEW."user_id"); RETURN NULL;',
                    hash="70303050a29c57d2e43f40104c6009e91a0aa93f",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_1eae6",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_blockeduserevent" ("blocked_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id") VALUES (OLD."blocked_at", _pgh_attach_context(), NOW(), \'delete\', OLD."user_id", OLD."reason", OLD."user_id"); RETURN NULL;',
                    hash="abca6ab8c8a11a4af3f4579241d3ac650de4dbb2",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_d07ad",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
    ]
