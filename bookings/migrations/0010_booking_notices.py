"""Keep on a booking what its student was told last."""

import django.contrib.postgres.functions
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0009_booking_search"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="booking",
            name="update_update",
        ),
        migrations.AddField(
            model_name="booking",
            name="notice_error",
            field=models.CharField(
                blank=True, db_default="", max_length=30, verbose_name="why the student was not told"
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="notified_about",
            field=models.CharField(blank=True, db_default="", max_length=30, verbose_name="told about"),
        ),
        migrations.AddField(
            model_name="booking",
            name="notified_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="student told"),
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
    ]
