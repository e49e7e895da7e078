-- Writes down that somebody has emptied a table.
CREATE OR REPLACE FUNCTION audit_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO users_auditentry (what, object_table, data)
    VALUES (TG_TABLE_NAME || '.truncate', TG_TABLE_NAME, jsonb_build_object('role', session_user));
    RETURN NULL;
END;
$$;
