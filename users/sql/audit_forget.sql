-- Deletes history and audit older than a moment, which is at least a year ago, and writes down that it did.
CREATE OR REPLACE FUNCTION audit_forget(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    name regclass;
    done bigint := 0;
    touched bigint;
BEGIN
    IF before IS NULL OR before > now() - interval '1 year' THEN
        RAISE EXCEPTION 'History is kept for a year at least';
    END IF;
    FOR name IN
        SELECT attrelid::regclass FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE attname = 'pgh_created_at' AND relkind = 'r' AND relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('DELETE FROM %s WHERE pgh_created_at < $1', name) USING before;
        GET DIAGNOSTICS touched = ROW_COUNT;
        done := done + touched;
    END LOOP;
    DELETE FROM pghistory_context WHERE created_at < before;
    DELETE FROM users_auditentry WHERE at < before;
    GET DIAGNOSTICS touched = ROW_COUNT;
    done := done + touched;
    INSERT INTO users_auditentry (what, object_table, data)
    VALUES ('audit.forgotten', 'users_auditentry', jsonb_build_object('before', before, 'rows', done));
    RETURN done;
END;
$$;
