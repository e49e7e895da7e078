"""Let the record of changes say who, why, whence and whose; a change of the status alone is no audit row now."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0006_search_index"),
        ("users", "0006_fill_person_totals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="booking",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="booking",
            name="record_status_change",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="freelessonregistration",
            name="record_registration",
        ),
        migrations.RemoveConstraint(
            model_name="bookingchange",
            name="bookings_change_booking_id_fkey",
        ),
        migrations.AddField(
            model_name="bookingchange",
            name="changed_by",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="changed by",
            ),
        ),
        migrations.AddField(
            model_name="bookingchange",
            name="origin",
            field=models.CharField(
                choices=[
                    ("page", "Page"),
                    ("admin", "Django admin"),
                    ("bulk", "Bulk change"),
                    ("service", "Program of ours"),
                    ("raw", "SQL, as the bot writes"),
                ],
                db_default="raw",
                max_length=20,
                verbose_name="changed from",
            ),
        ),
        migrations.AddField(
            model_name="bookingchange",
            name="reason",
            field=models.TextField(blank=True, db_default="", verbose_name="reason"),
        ),
        migrations.AddField(
            model_name="bookingchange",
            name="telegram_user",
            field=models.ForeignKey(
                db_column="user_id",
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="users.telegramuser",
                verbose_name="person",
            ),
        ),
        migrations.RunSQL(
            """
            UPDATE bookings_bookingchange AS c SET user_id = b.user_id FROM bookings AS b WHERE b.id = c.booking_id;
            UPDATE bookings_bookingchange AS c SET user_id = r.user_id
            FROM free_lesson_registrations AS r WHERE r.id = c.registration_id;
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="bookingchange",
            index=models.Index(
                models.F("telegram_user"),
                models.OrderBy(models.F("changed_at"), descending=True, nulls_last=True),
                models.OrderBy(models.F("id"), descending=True),
                name="bookings_change_person",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="record_status_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            IF TG_OP = 'INSERT' THEN\n                INSERT INTO bookings_bookingchange (booking_id, user_id, status, is_new, changed_by_id, reason, origin)\n                VALUES (NEW.id, NEW.user_id, NEW.confirmed, true, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            ELSIF NEW.confirmed IS DISTINCT FROM OLD.confirmed THEN\n                INSERT INTO bookings_bookingchange (booking_id, user_id, was, status, is_new, changed_by_id, reason, origin)\n                VALUES (NEW.id, NEW.user_id, OLD.confirmed, NEW.confirmed, false, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            END IF;\n            RETURN NULL;\n            ",
                    hash="96edfab0e9be01a2d9c30d0ed07549c6b7691a4c",
                    operation='INSERT OR UPDATE OF "confirmed"',
                    pgid="pgtrigger_record_status_change_cf0b9",
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
                    condition='WHEN (OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."course_stream" IS DISTINCT FROM (NEW."course_stream") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."discount_percent" IS DISTINCT FROM (NEW."discount_percent") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."referral_code" IS DISTINCT FROM (NEW."referral_code") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."username" IS DISTINCT FROM (NEW."username"))',
                    func='INSERT INTO "bookings_bookingevent" ("confirmed", "course_id", "course_stream", "created_at", "discount_percent", "first_name", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "referral_code", "user_id", "username") VALUES (NEW."confirmed", NEW."course_id", NEW."course_stream", NEW."created_at", NEW."discount_percent", NEW."first_name", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."referral_code", NEW."user_id", NEW."username"); RETURN NULL;',
                    hash="84c534bd264877883b8534a7f68619a863c304ae",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_d8751",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="record_registration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            INSERT INTO bookings_bookingchange (registration_id, user_id, is_new, changed_by_id, reason, origin)\n            VALUES (NEW.id, NEW.user_id, true, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            RETURN NULL;\n            ",
                    hash="aba1d8d84deacf320d245f7bef5199620333e187",
                    operation="INSERT",
                    pgid="pgtrigger_record_registration_d4f83",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
    ]
