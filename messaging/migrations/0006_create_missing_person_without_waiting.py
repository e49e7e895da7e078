"""Look for the person before inserting one: ON CONFLICT alone waits for whoever is changing that person."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0005_audit"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="recipient",
            name="create_missing_person",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(NEW.username, ''), NULLIF(NULL, ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="f8e5c1e2742eccb9e661e3f94fadd35a917507cb",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_7234c",
                    table="message_recipients",
                    when="BEFORE",
                ),
            ),
        ),
    ]
