"""Notes, tags, exports and looks at e-mails, and the audit of them and of the blocked people."""

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.text
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
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
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="EmailDisclosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("shown_at", models.DateTimeField(verbose_name="shown")),
            ],
            options={
                "verbose_name": "look at an e-mail",
                "verbose_name_plural": "looks at e-mails",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(verbose_name="text")),
                ("written_at", models.DateTimeField(verbose_name="written")),
            ],
            options={
                "verbose_name": "note",
                "verbose_name_plural": "notes",
            },
        ),
        migrations.CreateModel(
            name="NoteEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("written_at", models.DateTimeField(verbose_name="written")),
            ],
            options={
                "abstract": False,
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
            name="PersonTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "verbose_name": "tag of a person",
                "verbose_name_plural": "tags of people",
            },
        ),
        migrations.CreateModel(
            name="PersonTagEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
            },
        ),
        migrations.AlterModelOptions(
            name="telegramuser",
            options={
                "permissions": [
                    ("view_email", "Can see e-mail addresses in full, and search by them"),
                    ("export_people", "Can download the list of people"),
                    ("export_person", "Can download everything held about one person"),
                    ("erase_person", "Can erase a person from every table"),
                ],
                "verbose_name": "person",
                "verbose_name_plural": "people",
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
        migrations.AddField(
            model_name="blockeduserevent",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="blockeduserevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="users.blockeduser",
            ),
        ),
        migrations.AddField(
            model_name="blockeduserevent",
            name="telegram_user",
            field=models.ForeignKey(
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
        migrations.AddField(
            model_name="emaildisclosure",
            name="shown_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="email_disclosures",
                to=settings.AUTH_USER_MODEL,
                verbose_name="shown to",
            ),
        ),
        migrations.AddField(
            model_name="emaildisclosure",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="email_disclosures",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="notes",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="written_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notes",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="noteevent",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="noteevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="users.note",
            ),
        ),
        migrations.AddField(
            model_name="noteevent",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="noteevent",
            name="written_by",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
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
        migrations.AddField(
            model_name="persontag",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="tags",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="persontagevent",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="persontagevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="users.persontag",
            ),
        ),
        migrations.AddField(
            model_name="persontagevent",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower("name"), name="users_tag_once"),
        ),
        migrations.AddField(
            model_name="persontagevent",
            name="tag",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="users.tag",
                verbose_name="tag",
            ),
        ),
        migrations.AddField(
            model_name="persontag",
            name="tag",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="people", to="users.tag", verbose_name="tag"
            ),
        ),
        migrations.AddConstraint(
            model_name="emaildisclosure",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="telegram_user", name="users_emaildisclosure_user_id_fkey", on_delete="CASCADE"
            ),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(
                models.F("telegram_user"),
                models.OrderBy(models.F("written_at"), descending=True),
                name="users_note_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="telegram_user", name="users_note_user_id_fkey", on_delete="CASCADE"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="note",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_noteevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "written_at", "written_by_id") VALUES (OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id", OLD."written_at", OLD."written_by_id"); RETURN NULL;',
                    hash="dfc98140e374f9ff2f8499fae7a85dad1641b65f",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_995ab",
                    table="users_note",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="persontag",
            constraint=models.UniqueConstraint(fields=("telegram_user", "tag"), name="users_persontag_once"),
        ),
        migrations.AddConstraint(
            model_name="persontag",
            constraint=hsl_dashboard.db.DatabaseForeignKey(
                field="telegram_user", name="users_persontag_user_id_fkey", on_delete="CASCADE"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="persontag",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_persontagevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tag_id", "user_id") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."tag_id", NEW."user_id"); RETURN NULL;',
                    hash="33e1ce5e7de0bfdb691daf86073e29382b00d17a",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_2fff8",
                    table="users_persontag",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="persontag",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_persontagevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tag_id", "user_id") VALUES (OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."tag_id", OLD."user_id"); RETURN NULL;',
                    hash="fc49fca6fb5095d24968460403a906862e91a549",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_053f1",
                    table="users_persontag",
                    when="AFTER",
                ),
            ),
        ),
    ]
