"""Bookings counted by stream and by code at every write: the triggers, and what was there before them."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

import hsl_dashboard.db

# Behind the triggers, which keep other writers out until this transaction ends: half a second for a million bookings.
COUNT_BOOKINGS = """
    INSERT INTO bookings_bookingcount (part, course_id, key, status, number)
    SELECT part.name, part.course_id, part.key, b.confirmed, count(*)
    FROM bookings AS b CROSS JOIN LATERAL (VALUES
        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)
    ) AS part (name, course_id, key)
    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0007_mark_what_was_there"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(model_name="booking", name="record_new"),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="record_new",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            IF context IS NULL THEN\n                INSERT INTO bookings_bookingchange (booking_id, user_id, status, is_new) VALUES (NEW.id, NEW.user_id, NEW.confirmed, true);\n            ELSE\n                INSERT INTO bookings_bookingchange (booking_id, user_id, status, is_new, changed_by_id, reason, origin) VALUES (NEW.id, NEW.user_id, NEW.confirmed, true, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            END IF;\n            IF context IS NOT NULL THEN\n                INSERT INTO bookings_bookingevent (id, user_id, username, first_name, course_id, course_stream, created_at, referral_code, discount_percent, confirmed, pgh_created_at, pgh_label, pgh_obj_id, pgh_context_id)\n                VALUES (NEW.id, NEW.user_id, NEW.username, NEW.first_name, NEW.course_id, NEW.course_stream, NEW.created_at, NEW.referral_code, NEW.discount_percent, NEW.confirmed, now(), 'insert', NEW.id, _pgh_attach_context());\n            END IF;\n            IF NEW.confirmed = 2 THEN\n                PERFORM confirmation_keep(NEW.id);\n            END IF;\n            INSERT INTO bookings_bookingcount (part, course_id, key, status, number) VALUES ('stream', NEW.course_id, COALESCE(NEW.course_stream, ''), NEW.confirmed, 1);\n            IF NEW.referral_code IS NOT NULL THEN\n                INSERT INTO bookings_bookingcount (part, course_id, key, status, number) VALUES ('code', NULL, NEW.referral_code, NEW.confirmed, 1);\n            END IF;\n            \n            IF NEW.user_id IS NOT NULL THEN\n                INSERT INTO counting_marks (user_id, about) VALUES (NEW.user_id, 'bookings');\n            END IF;\n            IF NEW.created_at < now() - interval '5 minutes' THEN\n                INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.created_at));\n            END IF;\n            RETURN NULL;\n            ",
                    hash="6a97fd808567ad6ecb1812bb8752e5980a880826",
                    operation="INSERT",
                    pgid="pgtrigger_record_new_6c4ff",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="counts_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO bookings_bookingcount (part, course_id, key, status, number) \n    SELECT part.name, part.course_id, part.key, b.confirmed, sum(b.weight)\n    FROM (SELECT course_id, course_stream, referral_code, confirmed, 1 AS weight FROM new_rows UNION ALL SELECT course_id, course_stream, referral_code, confirmed, -1 AS weight FROM old_rows) AS b CROSS JOIN LATERAL (VALUES\n        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)\n    ) AS part (name, course_id, key)\n    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(b.weight) <> 0\n; RETURN NULL;",
                    hash="37f92c6056231752150d60d66cb5ce411f1e91cf",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_counts_update_c311c",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="counts_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO bookings_bookingcount (part, course_id, key, status, number) \n    SELECT part.name, part.course_id, part.key, b.confirmed, sum(b.weight)\n    FROM (SELECT course_id, course_stream, referral_code, confirmed, -1 AS weight FROM old_rows) AS b CROSS JOIN LATERAL (VALUES\n        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)\n    ) AS part (name, course_id, key)\n    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(b.weight) <> 0\n; RETURN NULL;",
                    hash="9276b30fb71d9612f009a96207d250d39f47860e",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_counts_delete_1f2ee",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="counts_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO bookings_bookingcount (part, course_id, key, status, number) SELECT part, course_id, key, status, -number FROM bookings_bookingcount; RETURN NULL;",
                    hash="15856484b77264531e33b4cb2d5ae5f359afe784",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_counts_truncate_c6446",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="booking", name="insert_insert"),
        pgtrigger.migrations.RemoveTrigger(model_name="booking", name="record_status_change"),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="record_status_change",
                sql=hsl_dashboard.db.LightTriggerSql(
                    condition="WHEN (NEW.confirmed IS DISTINCT FROM OLD.confirmed)",
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            INSERT INTO bookings_bookingchange (booking_id, user_id, was, status, is_new, changed_by_id, reason, origin)\n            VALUES (NEW.id, NEW.user_id, OLD.confirmed, NEW.confirmed, false, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            INSERT INTO bookings_paymentmark (user_id) VALUES (NEW.user_id);\n            IF NEW.confirmed = 2 OR OLD.confirmed = 2 THEN\n                PERFORM confirmation_keep(NEW.id);\n            END IF;\n            RETURN NULL;\n            ",
                    hash="c8cf814b599c452c62012fcea62808706bf8908a",
                    operation='UPDATE OF "confirmed"',
                    pgid="pgtrigger_record_status_change_cf0b9",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="bookingchange", name="keep_confirmation"),
        pgtrigger.migrations.AddTrigger(
            model_name="bookingchange",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_confirmation",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.booking_id IS NOT NULL AND (NEW.status = 2 OR NEW.was = 2))",
                    func="PERFORM confirmation_keep(NEW.booking_id); RETURN NULL;",
                    hash="c468dcb95cf18304a69d2ae8515c35ead6038487",
                    operation="UPDATE",
                    pgid="pgtrigger_keep_confirmation_63a73",
                    table="bookings_bookingchange",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(COUNT_BOOKINGS, "TRUNCATE bookings_bookingcount"),
    ]
