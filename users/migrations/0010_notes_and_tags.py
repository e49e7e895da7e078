"""Let staff write notes, put tags on people, and be asked before an e-mail is shown."""

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
        ("users", "0008_create_missing_person_without_waiting"),
    ]

    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(verbose_name="text")),
                ("written_at", models.DateTimeField(verbose_name="written")),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="notes",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
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
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="users.note",
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
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PersonTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="tags",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "tag of a person",
                "verbose_name_plural": "tags of people",
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
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("name"), name="users_tag_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonTagEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
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
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="users.persontag",
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
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="users.tag",
                        verbose_name="tag",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="persontag",
            name="tag",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="people", to="users.tag", verbose_name="tag"
            ),
        ),
        migrations.CreateModel(
            name="EmailDisclosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("shown_at", models.DateTimeField(verbose_name="shown")),
                (
                    "shown_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="email_disclosures",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="shown to",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="email_disclosures",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "look at an e-mail",
                "verbose_name_plural": "looks at e-mails",
                "default_permissions": ("view",),
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="users_emaildisclosure_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
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
