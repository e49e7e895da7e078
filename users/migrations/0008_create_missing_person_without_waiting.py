"""Look for the person before inserting one: ON CONFLICT alone waits for whoever is changing that person."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0007_fill_person_totals"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="blockeduser",
            name="create_missing_person",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="event",
            name="create_missing_person",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(NULL, ''), NULLIF(NULL, ''), COALESCE(NEW.blocked_at, now()), COALESCE(NEW.blocked_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="e08f48b7e65ba53393cda77aae2359c9f2476e66",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_1aa2d",
                    table="blocked_users",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(COALESCE(NEW.username, NEW.details->>'username'), ''), NULLIF(COALESCE(NEW.first_name, NEW.details->>'first_name'), ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="19d8d6b12ae04d7db94f8d663f739491ec51ca88",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_7537f",
                    table="events",
                    when="BEFORE",
                ),
            ),
        ),
    ]
