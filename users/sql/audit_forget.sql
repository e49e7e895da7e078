-- Deletes some of the history and audit older than a moment, which is at least a year ago: the rows with the lowest keys,
-- at most so many. Gives how many; 0 is the end. What all calls for one moment have deleted stands in one line of the
-- audit, which this function never deletes, and neither what tells of erased people.
CREATE OR REPLACE FUNCTION audit_forget(before timestamptz, at_most integer) RETURNS bigint
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
        ORDER BY relname
    LOOP
        EXIT WHEN done >= at_most;
        -- A context is of one request: it goes with the first of its rows, and all of them are as old.
        EXECUTE format('WITH gone AS ('
            '    DELETE FROM %1$s WHERE pgh_id = ANY (ARRAY(SELECT pgh_id FROM %1$s ORDER BY pgh_id LIMIT $2))'
            '        AND pgh_created_at < $1 RETURNING pgh_context_id'
            '), contexts AS ('
            '    DELETE FROM pghistory_context WHERE created_at < $1'
            '        AND id = ANY (ARRAY(SELECT DISTINCT pgh_context_id FROM gone WHERE pgh_context_id IS NOT NULL))'
            ') SELECT count(*) FROM gone', name) INTO touched USING before, at_most - done;
        done := done + touched;
    END LOOP;
    DELETE FROM users_auditentry WHERE id = ANY (ARRAY(
        SELECT id FROM users_auditentry WHERE at < before AND what NOT IN ('audit.forgotten', 'person.erased')
        ORDER BY at, id LIMIT GREATEST(at_most - done, 0)
    ));
    GET DIAGNOSTICS touched = ROW_COUNT;
    done := done + touched;
    IF done > 0 THEN
        UPDATE users_auditentry SET data = jsonb_set(data, '{rows}', to_jsonb((data->>'rows')::bigint + done))
        WHERE what = 'audit.forgotten' AND at >= before AND data->'before' = to_jsonb(before);
        IF NOT FOUND THEN
            INSERT INTO users_auditentry (what, object_table, data)
            VALUES ('audit.forgotten', 'users_auditentry', jsonb_build_object('before', before, 'rows', done));
        END IF;
    END IF;
    RETURN done;
END;
$$;
