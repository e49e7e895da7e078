"""Conversations: which events have words of students, those from before the trigger included."""

from django.db import migrations

# Copies of what the files in sql/ say today; later changes are migrations of their own.
FUNCTIONS = """
-- The trigger's: notes that a new event has words of a student. A moment outside the calendar, or ahead, is now.
CREATE OR REPLACE FUNCTION conversation_text() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO messaging_studenttext (event_id, user_id, written_at)
    VALUES (NEW.id, NEW.user_id, LEAST(GREATEST(COALESCE(NEW.created_at, now()), '2000-01-01'), now()))
    ON CONFLICT (event_id) DO NOTHING;
    RETURN NULL;
END $$;

-- Tells conversations of new texts, wakes those that were snoozed until now, and has those wait again whose answer did not
-- arrive; returns how many changed, or -1 while somebody else is at it. Texts of more than two weeks ago, from before there was this page, wait for nobody.
CREATE OR REPLACE FUNCTION conversations_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    told integer;
    woken integer;
    missed integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('conversations_fold', 0)) THEN
        RETURN -1;
    END IF;
    WITH new_texts AS MATERIALIZED (
        SELECT event_id FROM messaging_studenttext WHERE NOT folded ORDER BY event_id LIMIT at_most
    ), taken AS (
        UPDATE messaging_studenttext AS t SET folded = true FROM new_texts AS n WHERE t.event_id = n.event_id
        RETURNING t.user_id, t.written_at
    )
    INSERT INTO messaging_conversation AS c (user_id, state, texts, last_text_at, waiting_since)
    SELECT
        user_id, CASE WHEN max(written_at) < now() - interval '14 days' THEN 'closed' ELSE 'unread' END, count(*),
        max(written_at), CASE WHEN max(written_at) >= now() - interval '14 days' THEN min(written_at) END
    FROM taken GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET
        texts = c.texts + EXCLUDED.texts,
        last_text_at = GREATEST(c.last_text_at, EXCLUDED.last_text_at),
        state = CASE WHEN EXCLUDED.state = 'closed' THEN c.state ELSE 'unread' END,
        snoozed_until = CASE WHEN EXCLUDED.state = 'closed' THEN c.snoozed_until END,
        waiting_since = CASE
            WHEN c.state IN ('answered', 'closed') THEN EXCLUDED.waiting_since
            ELSE LEAST(c.waiting_since, EXCLUDED.waiting_since) END;
    GET DIAGNOSTICS told = ROW_COUNT;
    UPDATE messaging_conversation SET state = 'waiting', snoozed_until = NULL
    WHERE state = 'snoozed' AND snoozed_until <= now();
    GET DIAGNOSTICS woken = ROW_COUNT;
    UPDATE messaging_conversation AS c SET state = 'waiting', waiting_since = c.last_text_at
    FROM message_recipients AS r
    WHERE c.state = 'answered' AND c.last_answer_at > now() - interval '1 hour' AND r.message_id = c.last_answer_id
        AND r.user_id = c.user_id AND r.state IN ('failed', 'skipped', 'cancelled');
    GET DIAGNOSTICS missed = ROW_COUNT;
    RETURN told + woken + missed;
END $$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION conversation_text, conversations_fold;
"""

TEXTS = """
INSERT INTO messaging_studenttext (event_id, user_id, written_at)
SELECT id, user_id, LEAST(GREATEST(COALESCE(created_at, now()), '2000-01-01'), now()) FROM events
WHERE event_type IN ('student_response', 'alternative_payment_proof') AND details->>'message_text' <> ''
    AND user_id IS NOT NULL%s
ON CONFLICT (event_id) DO NOTHING;
"""
# The bot waits for the trigger alone, for milliseconds: what it has written before is read first, and what it writes
# between the two once more, by its type and time. Beat tells the conversations of them, batch by batch.
KEEP_TEXTS = f"""
{TEXTS % ""}
CREATE TRIGGER conversation_text AFTER INSERT ON events FOR EACH ROW
    WHEN (NEW.details->>'message_text' <> '' AND NEW.user_id IS NOT NULL) EXECUTE FUNCTION conversation_text();
{TEXTS % " AND created_at > now() - interval '1 day'"}
"""
DROP_TRIGGER = "DROP TRIGGER conversation_text ON events;"


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0006_automation_rules"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(KEEP_TEXTS, DROP_TRIGGER),
    ]
