"""Freeze an audience without looking for people who are known to exist."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0008_composing"),
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
                    condition="WHEN (NEW.state IS NULL)",
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(NEW.username, ''), NULLIF(NULL, ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="53a2cf05ad80c2d3d09006e234b63c84c4e391b7",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_7234c",
                    table="message_recipients",
                    when="BEFORE",
                ),
            ),
        ),
    ]
