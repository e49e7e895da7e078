-- Adds rows to what the line of a run of retention tells of one rule, and says which rules are not finished. It changes no
-- other line, and none of a run that is over: the application has no other way to add to a line.
CREATE OR REPLACE FUNCTION audit_retention(line bigint, rule text, forgotten bigint, unfinished jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF forgotten < 0 OR jsonb_typeof(unfinished) <> 'array' OR rule = 'unfinished' THEN
        RAISE EXCEPTION 'A run of retention only adds to its line';
    END IF;
    UPDATE users_auditentry
    SET data = data - 'unfinished' || jsonb_build_object(rule, COALESCE((data->>rule)::bigint, 0) + forgotten)
        || CASE WHEN unfinished = '[]' THEN '{}' ELSE jsonb_build_object('unfinished', unfinished) END
    WHERE id = line AND what = 'retention.applied' AND data ? 'unfinished';
END;
$$;
