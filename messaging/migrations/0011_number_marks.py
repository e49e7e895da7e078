"""Marks for the messages that are counted by day."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0013_number_marks"),
        ("messaging", "0010_names_and_former_texts"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.sent_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(NEW.sent_at)); RETURN NULL;",
                    hash="abbac707f0fdcc4e6e3076f2260db1353839e2f4",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_da5e2",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.sent_at IS DISTINCT FROM NEW.sent_at)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(OLD.sent_at)), (NULL, school_day(NEW.sent_at)); RETURN NULL;",
                    hash="05f8a6a9953708098d4a11b3ab8597b3c4809fdf",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_90912",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(OLD.sent_at)); RETURN NULL;",
                    hash="2dd3498b80e519e93a7fecd3328d111ed4488db5",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_68728",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="c25950f36aff9caac607f7feb9fba46840825365",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_a047c",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
    ]
