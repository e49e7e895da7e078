-- Writes a row of history, or another record, into the audit: who, what, whose, and where the record stands.
-- Arguments of the trigger: the table that it is about, the column with that row's key, the person's column or '',
-- and the column of the member of staff, where the record has one.
CREATE OR REPLACE FUNCTION audit_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    written jsonb := to_jsonb(NEW);
BEGIN
    INSERT INTO users_auditentry (what, done_by_id, user_id, object_table, object_id, reason, record_table, record_id)
    VALUES (
        TG_ARGV[0] || '.' || COALESCE(written->>'pgh_label', CASE WHEN written ? 'was' THEN 'status' ELSE 'insert' END),
        (written->>TG_ARGV[3])::integer, (written->>TG_ARGV[2])::bigint, TG_ARGV[0], written->>TG_ARGV[1],
        CASE WHEN written ? 'was' THEN COALESCE(written->>'reason', '') ELSE '' END,
        TG_TABLE_NAME, COALESCE(written->>'pgh_id', written->>'id')::bigint
    );
    RETURN NULL;
END;
$$;
