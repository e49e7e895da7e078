"""Count again also when the kind of an event changes: some kinds are not the person's own."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0014_own_activity"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="event",
            name="person_totals_update",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, created_at, event_type FROM old_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM new_rows)\n                UNION ALL\n                (SELECT user_id, created_at, event_type FROM new_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="44a8e009b19ae1fa476065d80a04c2527d55e290",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_550fe",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
    ]
