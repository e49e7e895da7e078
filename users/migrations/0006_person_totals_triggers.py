"""Count people again whenever they, their events or their blocks are written."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0005_count_people")]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM new_rows)); RETURN NULL;",
                    hash="dc431b51c75036613d7d2c9e6475a3d28f919d6b",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_b8461",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id FROM old_rows EXCEPT ALL SELECT user_id FROM new_rows)\n                UNION ALL\n                (SELECT user_id FROM new_rows EXCEPT ALL SELECT user_id FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="e66308947117626daf0d214195e10540551379cb",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_16c05",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="f55b46086feee6c5d8bad82bb2a7607e0991b3be",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_ad8db",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="eb7f6a8ce912bde50b693a4a9ed3a2811de47e0c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_dd079",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_events(ARRAY(SELECT DISTINCT user_id FROM new_rows)); RETURN NULL;",
                    hash="b2c4d2c2ecf10faaf338f301b562363796363b15",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_f4f0d",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, created_at FROM old_rows EXCEPT ALL SELECT user_id, created_at FROM new_rows)\n                UNION ALL\n                (SELECT user_id, created_at FROM new_rows EXCEPT ALL SELECT user_id, created_at FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="e2b6858b64d1b9674e7c541d4515556bf6af45d2",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_550fe",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="a3bad3657ba1b34eb7db83c6aaca75972b653628",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_4c6be",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="fee0459b4864594d6dd0073776c143a3ab8574ea",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_8bf66",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_create(ARRAY(SELECT user_id FROM new_rows)); RETURN NULL;",
                    hash="3f11f9575d763a2dc83e57d0fa5b4f3e328cd360",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_89bcd",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM old_rows EXCEPT ALL SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM new_rows)\n                UNION ALL\n                (SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM new_rows EXCEPT ALL SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="3f8374d9293859ec2ae0416fd543399fd5ba485c",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_5d9a0",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="c9a28928581bf1d13bde61ef27c8c26669c73b93",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_f8b5c",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="448e16b19bc5a997a4509d70a01228da29662c41",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_78ce9",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
    ]
