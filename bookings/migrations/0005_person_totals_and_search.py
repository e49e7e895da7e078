"""Count people again whenever their bookings and registrations are written; find bookings by a text."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


# A copy of what bookings/sql says today, with its reasons; later changes are migrations of their own.
BOOKINGS_FOUND = """
CREATE OR REPLACE FUNCTION bookings_found(searched text, at_most integer) RETURNS integer[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[] := people_found(searched, false, at_most);
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
    found integer[];
BEGIN
    IF people IS NULL THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        (SELECT b.id FROM bookings AS b WHERE b.user_id = ANY (people) LIMIT at_most + 1)
        UNION
        (SELECT b.id FROM bookings AS b
            WHERE person_grams(person_text(b.user_id, b.username, b.first_name, NULL)) @> grams
                AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
            LIMIT at_most + 1)
    );
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0004_changes_and_notices"),
        ("users", "0004_totals_and_search"),
    ]

    operations = [
        migrations.RunSQL([BOOKINGS_FOUND], "DROP FUNCTION bookings_found"),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM new_rows)); RETURN NULL;",
                    hash="d665ae514de736dc3afcc6fb943cbb2a630621fb",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_fa7f0",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, id, confirmed, course_stream, created_at FROM old_rows EXCEPT ALL SELECT user_id, id, confirmed, course_stream, created_at FROM new_rows)\n                UNION ALL\n                (SELECT user_id, id, confirmed, course_stream, created_at FROM new_rows EXCEPT ALL SELECT user_id, id, confirmed, course_stream, created_at FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="ac0f74135f6027cd40afb7b970bd21725c398aef",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_4c7b3",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="388f27db4595d2d106241dbd23c0649b55d4399c",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_e395c",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="be93537a482aa7ef8b8764784df5ec506287d88a",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_95d56",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM new_rows)); RETURN NULL;",
                    hash="093131ca9e86ce3a8e4c0aef0ab6fa4d2b1e6957",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_8db44",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, registered_at, lesson_type FROM old_rows EXCEPT ALL SELECT user_id, registered_at, lesson_type FROM new_rows)\n                UNION ALL\n                (SELECT user_id, registered_at, lesson_type FROM new_rows EXCEPT ALL SELECT user_id, registered_at, lesson_type FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="225caa587009ba99247e5a340bb2eb57eee40787",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_704f3",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="3779719395f3bb3887283fe4d306028ede9750c5",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_5f211",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="ca089c9f768b5e27fa49f112980be0861f6e6607",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_72f54",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
    ]
