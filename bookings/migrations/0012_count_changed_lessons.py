"""Count people again also when the kind of a lesson changes: the totals hold the kinds."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0011_status_changes"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="freelessonregistration",
            name="person_totals_update",
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
    ]
