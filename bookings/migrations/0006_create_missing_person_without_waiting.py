"""Look for the person before inserting one: ON CONFLICT alone waits for whoever is changing that person."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0005_person_totals_triggers"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="booking",
            name="create_missing_person",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="freelessonregistration",
            name="create_missing_person",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="hackathonregistration",
            name="create_missing_person",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="referralusage",
            name="create_missing_person",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(NEW.username, ''), NULLIF(NEW.first_name, ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="22030e2993652082728f204f76145871dacee1ac",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_fa3ed",
                    table="bookings",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(NEW.username, ''), NULLIF(NEW.first_name, ''), COALESCE(NEW.registered_at, now()), COALESCE(NEW.registered_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="0c8bcd59e01b6503ce3553fd0f7bb22fc80f6774",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_8242b",
                    table="free_lesson_registrations",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hackathonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(NEW.username, ''), NULLIF(NULL, ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="f11857b68ace4754f2ef49d1506c039c877f8f62",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_73f8b",
                    table="hackathon_registrations",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralusage",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n            SELECT NEW.user_id, NULLIF(NULL, ''), NULLIF(NULL, ''), COALESCE(NEW.used_at, now()), COALESCE(NEW.used_at, now())\n            WHERE NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.user_id = NEW.user_id)\n            ON CONFLICT (user_id) DO NOTHING;\n            RETURN NEW;\n        ",
                    hash="9f09d3ce98c27d6aa6a5d529fb237bf788476205",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_f2c5d",
                    table="referral_usage",
                    when="BEFORE",
                ),
            ),
        ),
    ]
