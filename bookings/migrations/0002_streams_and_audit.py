"""Streams, what a course_stream code of the bot means, and the audit of bookings, streams and coupons."""

import django.contrib.postgres.functions
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0001_bot_tables"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0003_staff_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="BookingEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.IntegerField()),
                ("username", models.TextField(blank=True, null=True, verbose_name="username")),
                ("first_name", models.TextField(blank=True, null=True, verbose_name="first name")),
                ("confirmed", models.IntegerField(blank=True, db_default=0, null=True, verbose_name="status")),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                ("referral_code", models.TextField(blank=True, null=True, verbose_name="referral code")),
                (
                    "discount_percent",
                    models.IntegerField(blank=True, db_default=0, null=True, verbose_name="discount, %"),
                ),
                (
                    "course_stream",
                    models.CharField(
                        blank=True, db_default="4th_stream", max_length=50, null=True, verbose_name="stream"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ReferralCouponEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.IntegerField()),
                ("code", models.TextField(verbose_name="code")),
                ("name", models.TextField(blank=True, null=True, verbose_name="name")),
                ("discount_percent", models.IntegerField(verbose_name="discount, %")),
                ("max_activations", models.IntegerField(verbose_name="activations allowed")),
                (
                    "current_activations",
                    models.IntegerField(blank=True, db_default=0, null=True, verbose_name="activations used"),
                ),
                ("created_by", models.BigIntegerField(verbose_name="created by, Telegram id")),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                ("is_active", models.IntegerField(blank=True, db_default=1, null=True, verbose_name="active")),
            ],
            options={
                "abstract": False,
            },
        ),
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
        migrations.CreateModel(
            name="StreamEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
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
                "abstract": False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_bookingevent" ("confirmed", "course_id", "course_stream", "created_at", "discount_percent", "first_name", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "referral_code", "user_id", "username") VALUES (NEW."confirmed", NEW."course_id", NEW."course_stream", NEW."created_at", NEW."discount_percent", NEW."first_name", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."referral_code", NEW."user_id", NEW."username"); RETURN NULL;',
                    hash="724ac72cb534445f20cfc23e74047e1d393baafa",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_28bb6",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."confirmed" IS DISTINCT FROM (NEW."confirmed") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."course_stream" IS DISTINCT FROM (NEW."course_stream") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."discount_percent" IS DISTINCT FROM (NEW."discount_percent") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."referral_code" IS DISTINCT FROM (NEW."referral_code") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."username" IS DISTINCT FROM (NEW."username"))',
                    func='INSERT INTO "bookings_bookingevent" ("confirmed", "course_id", "course_stream", "created_at", "discount_percent", "first_name", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "referral_code", "user_id", "username") VALUES (NEW."confirmed", NEW."course_id", NEW."course_stream", NEW."created_at", NEW."discount_percent", NEW."first_name", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."referral_code", NEW."user_id", NEW."username"); RETURN NULL;',
                    hash="5c0b33a7875b78eaeecaf12ec938d8d1de6535cb",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_d8751",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_bookingevent" ("confirmed", "course_id", "course_stream", "created_at", "discount_percent", "first_name", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "referral_code", "user_id", "username") VALUES (OLD."confirmed", OLD."course_id", OLD."course_stream", OLD."created_at", OLD."discount_percent", OLD."first_name", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."referral_code", OLD."user_id", OLD."username"); RETURN NULL;',
                    hash="a45681d96e2ab87b108a59ced0e0914ac572c97e",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_0839f",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralcoupon",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_referralcouponevent" ("code", "created_at", "created_by", "current_activations", "discount_percent", "id", "is_active", "max_activations", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."created_at", NEW."created_by", NEW."current_activations", NEW."discount_percent", NEW."id", NEW."is_active", NEW."max_activations", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="9e467b6561de37480ad12fd4c8ce7f70fb4179a6",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_c69c2",
                    table="referral_coupons",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralcoupon",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "bookings_referralcouponevent" ("code", "created_at", "created_by", "current_activations", "discount_percent", "id", "is_active", "max_activations", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."created_at", NEW."created_by", NEW."current_activations", NEW."discount_percent", NEW."id", NEW."is_active", NEW."max_activations", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="fc5576382482b3b1b74997cdb6e04093b634ece1",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ea1da",
                    table="referral_coupons",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralcoupon",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_referralcouponevent" ("code", "created_at", "created_by", "current_activations", "discount_percent", "id", "is_active", "max_activations", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."code", OLD."created_at", OLD."created_by", OLD."current_activations", OLD."discount_percent", OLD."id", OLD."is_active", OLD."max_activations", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="d0c352138b7f934d1fedd9695a38f8c12415776c",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_00bc5",
                    table="referral_coupons",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="bookingevent",
            name="course",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="bookings.course",
                verbose_name="course",
            ),
        ),
        migrations.AddField(
            model_name="bookingevent",
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
            model_name="bookingevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="bookings.booking",
            ),
        ),
        migrations.AddField(
            model_name="bookingevent",
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
            model_name="referralcouponevent",
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
            model_name="referralcouponevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="bookings.referralcoupon",
            ),
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
        migrations.AddField(
            model_name="streamevent",
            name="course",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="bookings.course",
                verbose_name="course",
            ),
        ),
        migrations.AddField(
            model_name="streamevent",
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
            model_name="streamevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="bookings.stream",
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
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "starts_on") VALUES (NEW."campaign_starts_on", NEW."capacity", NEW."code", NEW."course_id", NEW."id", NEW."is_current", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."starts_on"); RETURN NULL;',
                    hash="ecd750aa4c7438bc2b1bb1a0d65b0f60bdac7259",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_f5ad2",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "starts_on") VALUES (NEW."campaign_starts_on", NEW."capacity", NEW."code", NEW."course_id", NEW."id", NEW."is_current", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."starts_on"); RETURN NULL;',
                    hash="3f1e7edde761da2409ae7f9a1ccb28a1a03a8f01",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_39c88",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "starts_on") VALUES (OLD."campaign_starts_on", OLD."capacity", OLD."code", OLD."course_id", OLD."id", OLD."is_current", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."starts_on"); RETURN NULL;',
                    hash="7ca9277245f83a85deab46030897aaef456d7d7e",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_c2d22",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
    ]
