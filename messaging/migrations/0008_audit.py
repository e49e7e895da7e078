"""The audit of messages: lines for what history holds, and for changes of tables without history."""

from django.db import migrations

DECIDED = "(OLD.decided_by_id, OLD.decided_at) IS DISTINCT FROM (NEW.decided_by_id, NEW.decided_at)"
SENT_OR_ASKED = "(OLD.broadcast_id, OLD.asked_at) IS DISTINCT FROM (NEW.broadcast_id, NEW.asked_at)"
# What staff decide about a conversation; that a student wrote, and that somebody looked, is no act.
DECIDED_ABOUT = """
    OLD.assignee_id IS DISTINCT FROM NEW.assignee_id
    OR OLD.snoozed_until IS DISTINCT FROM NEW.snoozed_until AND NEW.snoozed_until IS NOT NULL
    OR OLD.state <> NEW.state AND (NEW.state IN ('answered', 'closed') OR OLD.state = 'closed' AND NEW.state = 'waiting')
"""
# What somebody chooses, under the name of the subject; what they have been told is no act.
CHOSEN = "OLD.is_on IS DISTINCT FROM NEW.is_on"
# name, table, moments, condition, and the arguments of audit_row: key, person, columns left out, columns kept secret
ROWS = [
    (
        "audit_row_decided",
        "message_recipients",
        "UPDATE OF decided_by_id, decided_at",
        f" WHEN ({DECIDED})",
        ("id", "user_id", "", ""),
    ),
    ("audit_row", "message_recipients", "DELETE", "", ("id", "user_id", "", "")),
    (
        "audit_row_sent",
        "messaging_draft",
        "UPDATE OF broadcast_id, asked_at",
        f" WHEN ({SENT_OR_ASKED})",
        ("id", "", "content,token,saved_from", ""),
    ),
    ("audit_row", "messaging_draft", "DELETE", "", ("id", "", "content,token,saved_from", "")),
    (
        "audit_row",
        "messaging_telegramlink",
        "INSERT OR UPDATE OR DELETE",
        "",
        ("id", "telegram_user_id", "attempts_left,code_sent_at", "code_hash"),
    ),
    ("audit_row", "messaging_automation", "DELETE", "", ("id", "", "", "")),
    ("audit_row", "messaging_sendingrules", "DELETE", "", ("id", "", "", "")),
    (
        "audit_row",
        "messaging_conversation",
        "UPDATE OF state, assignee_id, snoozed_until",
        f" WHEN ({DECIDED_ABOUT})",
        ("user_id", "user_id", "opened_by_id,opened_at,texts,last_text_at", ""),
    ),
    (
        "audit_row",
        "messaging_staffnotice",
        "UPDATE OF is_on",
        f" WHEN ({CHOSEN})",
        ("subject", "", "told_until,sent_at", ""),
    ),
]
# table, and the arguments of audit_record: what it is about, that row's key, person, member of staff
RECORDS = [
    ("messaging_broadcastevent", ("message_history", "pgh_obj_id", "", "")),
    ("messaging_correctionevent", ("messaging_correction", "pgh_obj_id", "", "")),
    ("messaging_messagetemplateevent", ("messaging_messagetemplate", "pgh_obj_id", "", "")),
    ("messaging_segmentevent", ("messaging_segment", "pgh_obj_id", "", "")),
    ("messaging_sendingrulesevent", ("messaging_sendingrules", "pgh_obj_id", "", "")),
    ("messaging_automationevent", ("messaging_automation", "pgh_obj_id", "", "")),
]
TABLES = sorted({row[1] for row in ROWS} | {table for name, about in RECORDS for table in (name, about[0])})


def triggers():
    for name, table, moments, when, arguments in ROWS:
        yield (
            f"CREATE TRIGGER {name} AFTER {moments} ON {table} FOR EACH ROW{when}"
            f" EXECUTE FUNCTION audit_row{arguments!r};"
        )
    for table, arguments in RECORDS:
        yield (
            f"CREATE TRIGGER audit_record AFTER INSERT ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION audit_record{arguments!r};"
        )
    for table in TABLES:
        yield (
            f"CREATE TRIGGER audit_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION audit_truncate();"
        )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_conversations"), ("users", "0007_audit")]

    operations = [migrations.RunSQL("\n".join(triggers()), migrations.RunSQL.noop)]
